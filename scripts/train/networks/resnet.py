"""Residual translators (Johnson et al. 2016; Zhu et al. 2017, section 7.1), which may take a code."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import Norm, conv, double


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int, codes: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (conv(channels, channels, reflect=False) for _ in range(2))
        self.norm1, self.norm2 = Norm(channels, codes), Norm(channels, codes)

    def forward(self, x: Tensor, code: Tensor | None) -> Tensor:
        h = F.relu(self.norm1(self.conv1(x), code))
        return x + self.norm2(self.conv2(h), code)


class ResNet(nn.Module):
    """image [n, inputs, h, w], h and w multiples of 2^downs -> [n, outputs, h, w] within -1 and 1.

    A code [n, codes] enters after each normalisation, which would cancel a constant in the input.
    """

    def __init__(
        self,
        width: int = 24,
        blocks: int = 4,
        downs: int = 2,
        inputs: int = 3,
        outputs: int = 3,
        codes: int = 0,
    ) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(downs + 1)]
        self.enter, self.enter_norm = conv(inputs, width, 5, reflect=False), Norm(width, codes)
        self.downs = nn.ModuleList(conv(i, o, stride=2, reflect=False) for i, o in zip(widths, widths[1:]))
        self.down_norms = nn.ModuleList(Norm(o, codes) for o in widths[1:])
        self.blocks = nn.ModuleList(Block(widths[-1], codes) for _ in range(blocks))
        turned = widths[::-1]
        self.ups = nn.ModuleList(conv(i, o, reflect=False) for i, o in zip(turned, turned[1:]))
        self.up_norms = nn.ModuleList(Norm(o, codes) for o in turned[1:])
        self.leave = conv(width, outputs, 5, reflect=False)

    def forward(self, image: Tensor, code: Tensor | None = None) -> Tensor:
        x = F.relu(self.enter_norm(self.enter(image), code))
        for down, norm in zip(self.downs, self.down_norms):
            x = F.relu(norm(down(x), code))
        for block in self.blocks:
            x = block(x, code)
        for up, norm in zip(self.ups, self.up_norms):
            x = F.relu(norm(up(double(x)), code))
        return torch.tanh(self.leave(x).float())
