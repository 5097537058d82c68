"""U-Net (Ronneberger et al. 2015) as a translator (Isola et al. 2017, section 3.2.1), with a code."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import Norm, conv, double


class UNet(nn.Module):
    """image: [n, inputs, h, w], h and w multiples of 2^levels; code: [n, codes] or none.

    The result lies within -1 and 1. The code enters every level after its normalisation, which would
    cancel a code that enters earlier. Nearest neighbours and convolutions double the size, not transposed
    convolutions.
    """

    def __init__(
        self, width: int = 24, levels: int = 5, most: int = 5, inputs: int = 3, codes: int = 0
    ) -> None:
        super().__init__()
        widths = [width * min(2**i, most) for i in range(levels)]
        self.downs = nn.ModuleList(
            conv(i, o, stride=2, reflect=False) for i, o in zip([inputs, *widths], widths)
        )
        self.down_norms = nn.ModuleList(Norm(o, codes) for o in widths[1:])
        turned = widths[::-1]
        sides = [turned[0], *(2 * o for o in turned[1:])]  # channels from below, and of the skip beside them
        results = [*turned[1:], width // 2]
        self.ups = nn.ModuleList(conv(i, o, reflect=False) for i, o in zip(sides, results))
        self.up_norms = nn.ModuleList(Norm(o, codes) for o in results[:-1])
        self.leave = conv(width // 2, 3, reflect=False)

    def features(self, image: Tensor, code: Tensor | None = None) -> Tensor:
        """[n, width / 2, h, w]: the input of the last layer."""
        x, skips = self.downs[0](image), []
        for down, norm in zip(self.downs[1:], self.down_norms):
            skips.append(x)
            x = norm(down(F.leaky_relu(x, 0.2)), code)
        x = F.relu(x)
        for i, up in enumerate(self.ups):
            x = up(double(x))
            if i < len(self.up_norms):
                x = F.relu(torch.cat([self.up_norms[i](x, code), skips.pop()], dim=1))
        return F.relu(x)

    def forward(self, image: Tensor, code: Tensor | None = None) -> Tensor:
        return torch.tanh(self.leave(self.features(image, code)).float())
