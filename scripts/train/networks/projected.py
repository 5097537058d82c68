"""Discriminators on frozen features (Projected GAN, Sauer et al. 2021), and one on pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from train.networks.discriminator import PatchDiscriminator
from train.networks.efficientnet import features
from train.networks.patches import Judged, Patches


class FeatureHead(nn.Module):
    """Features of one stride -> [n, outputs, h, w]: real image of domain a, real image of domain b."""

    def __init__(self, channels: int, width: int, outputs: int = 2) -> None:
        super().__init__()
        self.mix = spectral_norm(nn.Conv2d(channels, width, 1))
        self.look = spectral_norm(nn.Conv2d(width, width, 3, 1, 1))
        self.head = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.mix(x), 0.2)
        return self.head(F.leaky_relu(self.look(x), 0.2))


class ProjectedDiscriminators(nn.Module):
    """A head per stride of the features, and a patch discriminator for colours.

    The features judge what is drawn but were trained to overlook a cast; the pixels tell it.
    """

    def __init__(self, channels: tuple[int, ...], width: int = 64, pixels: int = 32) -> None:
        super().__init__()
        self.pixels = PatchDiscriminator(pixels)
        self.heads = nn.ModuleList(FeatureHead(c, width) for c in channels)

    def forward(self, image: Tensor, seen: list[Tensor]) -> list[Tensor]:
        return [self.pixels(image), *(head(x) for head, x in zip(self.heads, seen))]


class SmallProjected(nn.Module):
    """The same for images of some 64 pixels, enlarged twice for the features, which know larger ones.

    A judgement has `outputs` channels.
    """

    def __init__(self, known: str = "lite0", width: int = 48, pixels: int = 24, outputs: int = 1) -> None:
        super().__init__()
        self.known = features(known)
        self.channels = self.known.channels[1:]  # at strides 2 to 16 of the image
        self.pixels = Patches(width=pixels, outputs=outputs)
        self.heads = nn.ModuleList(FeatureHead(c, width, outputs) for c in self.channels)

    def see(self, image: Tensor) -> list[Tensor]:
        large = F.interpolate(image.float(), scale_factor=2.0, mode="bilinear", align_corners=False)
        with torch.autocast(image.device.type, enabled=False):
            return self.known.spread(self.known(large))[1:]

    def judge(self, image: Tensor, seen: list[Tensor]) -> Judged:
        return [self.pixels(image), *([head(x)] for head, x in zip(self.heads, seen))]

    def forward(self, image: Tensor) -> Judged:
        return self.judge(image, self.see(image))
