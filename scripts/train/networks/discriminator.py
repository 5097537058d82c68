"""Patch discriminators with an output per domain, one for each level of an image pyramid."""

from __future__ import annotations

import copy

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

# Level k judges images at a scale where the whole image is about 32 * 2^k pixels wide.
BASE = 32


class PatchDiscriminator(nn.Module):
    """Judge patches of 38 pixels: [n, 2, h/8, w/8], real in domain a and real in domain b.

    Uses spectral normalisation. Instance normalisation would hide contrast, so haze over the whole
    image would go unpunished.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(i, o, 4, 2, 1)) for i, o in ((3, w), (w, 2 * w), (2 * w, 4 * w))
        )
        self.head = nn.Conv2d(4 * w, 2, 3, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = image
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return self.head(x)


class Discriminators(nn.Module):
    """One PatchDiscriminator per pyramid level. `level` is the finest one for the training resolution."""

    def __init__(self, width: int = 32, levels: int = 4, scales: int = 3) -> None:
        super().__init__()
        self.nets = nn.ModuleList(PatchDiscriminator(width) for _ in range(levels))
        self.scales = scales

    def grow(self, level: int) -> None:
        """Copy the weights of the next coarser level to a level."""
        if level > 0:
            self.nets[level].load_state_dict(copy.deepcopy(self.nets[level - 1].state_dict()))

    def forward(self, image: Tensor, level: int) -> list[Tensor]:
        outputs = []
        for k in range(level, max(level - self.scales, -1), -1):
            outputs.append(self.nets[k](image))
            image = F.avg_pool2d(image, 2)
        return outputs
