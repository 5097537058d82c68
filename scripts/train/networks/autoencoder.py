"""An encoder to a grid of features and a decoder from it, without skips between them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import Norm, conv, double


def norm_of(kind: str, channels: int) -> nn.Module:
    """`instance`, `layer` (all channels at once, so that brightness survives), `batch` or `none`."""
    if kind == "none":
        return nn.Identity()
    if kind == "layer":
        return nn.GroupNorm(1, channels)
    return Norm(channels) if kind == "instance" else nn.BatchNorm2d(channels)


class Encoder(nn.Module):
    """image [n, inputs, h, w] -> features [n, channels, h/2^levels, w/2^levels]."""

    def __init__(
        self, width: int = 32, levels: int = 3, most: int = 4, inputs: int = 3, norm: str = "instance"
    ) -> None:
        super().__init__()
        widths = [inputs, *(width * min(2**i, most) for i in range(levels))]
        self.channels = widths[-1]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(norm_of(norm, o) if i else nn.Identity() for i, o in enumerate(widths[1:]))

    def forward(self, x: Tensor) -> Tensor:
        for layer, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(layer(x)), 0.2)
        return x


class Decoder(nn.Module):
    """features [n, channels, h, w] -> image [n, outputs, h * 2^levels, w * 2^levels] within -1 and 1.

    A code [n, codes] is joined to the input of every layer (Lample et al. 2017, section 4).
    """

    def __init__(
        self,
        width: int = 32,
        levels: int = 3,
        most: int = 4,
        outputs: int = 3,
        codes: int = 0,
        norm: str = "instance",
    ) -> None:
        super().__init__()
        widths = [width * min(2**i, most) for i in range(levels)][::-1]
        self.channels = widths[0]
        results = [*widths[1:], max(width // 2, 8)]
        self.convs = nn.ModuleList(conv(i + codes, o, reflect=False) for i, o in zip(widths, results))
        self.norms = nn.ModuleList(norm_of(norm, o) for o in results)
        self.leave = conv(results[-1] + codes, outputs, reflect=False)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        for layer, norm in zip(self.convs, self.norms):
            x = F.relu(norm(layer(joined(double(x), code))))
        return torch.tanh(self.leave(joined(x, code)).float())


def joined(x: Tensor, code: Tensor | None) -> Tensor:
    """x with the code as constant channels."""
    if code is None:
        return x
    planes = code[:, :, None, None].to(x.dtype) + torch.zeros_like(x[:, :1])
    return torch.cat([x, planes], dim=1)
