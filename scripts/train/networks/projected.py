"""Discriminators on frozen features (Projected GAN, Sauer et al. 2021), and one on pixels."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from train.networks.discriminator import PatchDiscriminator


class FeatureHead(nn.Module):
    """Features of one stride -> [n, 2, h, w]: real picture of domain a, real picture of domain b."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.mix = spectral_norm(nn.Conv2d(channels, width, 1))
        self.look = spectral_norm(nn.Conv2d(width, width, 3, 1, 1))
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.mix(x), 0.2)
        return self.head(F.leaky_relu(self.look(x), 0.2))


class ProjectedDiscriminators(nn.Module):
    """A head per stride of the features, and a patch discriminator for colours.

    The features show what is drawn, but were trained to overlook a colour cast. The pixels show it.
    """

    def __init__(self, channels: tuple[int, ...], width: int = 64, pixels: int = 32) -> None:
        super().__init__()
        self.pixels = PatchDiscriminator(pixels)
        self.heads = nn.ModuleList(FeatureHead(c, width) for c in channels)

    def forward(self, image: Tensor, seen: list[Tensor]) -> list[Tensor]:
        return [self.pixels(image), *(head(x) for head, x in zip(self.heads, seen))]
