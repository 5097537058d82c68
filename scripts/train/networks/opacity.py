"""The generator with a cover G(image, code): grade the photograph, then lay something opaque over it."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.generator import HEADROOM
from train.networks.layers import CodedNorm, ResidualBlock, conv, double


class Layers(NamedTuple):
    """What the translation is made of, all at the size of the image.

    graded: [n, 3, h, w] in [-1, 1]; opacity: [n, 1, h, w] from 0 to 1; cover: as graded; paint: the
    cover before it was bounded, which training keeps where bounding still lets gradients through.
    """

    graded: Tensor
    opacity: Tensor
    cover: Tensor
    paint: Tensor

    def compose(self) -> Tensor:
        return self.graded + self.opacity * (self.cover - self.graded)


class OpacityGenerator(nn.Module):
    """out = (1 - opacity) * graded + opacity * cover.

    image: [n, 3, h, w] in [-1, 1], h and w multiples of 8; code: [n].

    The grade is a gain and a shift of each channel's logit, so that the photograph keeps its own
    detail. The cover is painted from the features at 1/8 size alone. No skip reaches it, so it
    cannot be a bleached copy of what lies beneath. The opacity sees features at 1/4 size, too: from
    finer ones it would trace every blade of grass.

    The sign of the code chooses the domain, its size scales the grade and the opacity. A code of
    zero is the identity, and half a code is half the change by construction.

    Cover and opacity are enlarged bilinearly, for nothing finer lies over the squares of 8 pixels
    that nearest neighbours leave.

    Zero padding, inside the convolutions: a separate Pad costs more time than many a convolution.
    """

    def __init__(self, width: int = 16, blocks: int = 4) -> None:
        super().__init__()
        w = width
        self.enter = nn.Conv2d(3, 2 * w, 4, 2, 1)
        self.down2 = conv(2 * w, 4 * w, stride=2, reflect=False)
        self.norm2 = CodedNorm(4 * w)
        self.down3 = conv(4 * w, 8 * w, stride=2, reflect=False)
        self.norm3 = CodedNorm(8 * w)
        self.blocks = nn.ModuleList(ResidualBlock(8 * w, reflect=False) for _ in range(blocks))
        self.narrow2 = nn.Conv2d(8 * w, 4 * w, 1)
        self.up2 = conv(4 * w, 4 * w, reflect=False)
        self.norm_up2 = CodedNorm(4 * w)
        self.narrow1 = nn.Conv2d(4 * w, 2 * w, 1)
        self.up1 = conv(2 * w, 2 * w, reflect=False)
        self.grade = conv(2 * w, 6, reflect=False)
        self.narrow_opacity = nn.Conv2d(4 * w, 2 * w, 1)
        self.opacity1 = conv(2 * w, w, reflect=False)
        self.opacity = conv(w, 1, reflect=False)
        self.narrow_cover = nn.Conv2d(8 * w, 4 * w, 1)
        self.cover2 = conv(4 * w, 2 * w, reflect=False)
        self.cover1 = conv(2 * w, 2 * w, reflect=False)
        self.cover = conv(2 * w, 3, reflect=False)
        # No grade at first, and a light grey cover at an opacity of a quarter: at an opacity near
        # zero no gradient would reach the cover.
        for layer, bias in ((self.grade, 0.0), (self.opacity, -1.0), (self.cover, 0.5)):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, bias)

    def layers(self, image: Tensor, code: Tensor) -> Layers:
        """The graded image, the opacity and the cover."""
        side, strength = torch.sign(code), torch.abs(code)[:, None, None, None]
        half = F.relu(self.enter(image))
        quarter = F.relu(self.norm2(self.down2(half), side))
        x = F.relu(self.norm3(self.down3(quarter), side))
        for block in self.blocks:
            x = block(x, side)

        cover = F.relu(self.cover2(enlarge(F.relu(self.narrow_cover(x)))))
        cover = enlarge(self.cover(F.relu(self.cover1(enlarge(cover)))))
        x = F.relu(double(self.narrow2(x)) + quarter)
        x = F.relu(self.norm_up2(self.up2(x), side))
        opacity = F.relu(self.opacity1(enlarge(F.relu(self.narrow_opacity(x)))))
        opacity = torch.sigmoid(enlarge(self.opacity(opacity)))
        x = F.relu(double(self.narrow1(x)) + half)
        gain, shift = enlarge(self.grade(F.relu(self.up1(x)))).chunk(2, dim=1)

        image = image.float()
        graded = bounded(logit(image) + strength * (gain * image + shift))
        return Layers(graded, torch.clamp(strength * opacity, max=1), bounded(cover), cover)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        return self.layers(image, code).compose()


def enlarge(x: Tensor) -> Tensor:
    """Twice the size, bilinear, in float32."""
    return F.interpolate(x.float(), scale_factor=2.0, mode="bilinear", align_corners=False)


def logit(image: Tensor) -> Tensor:
    """artanh of the image, kept finite at black and white; `bounded` is its inverse."""
    scaled = image * HEADROOM
    return 0.5 * (torch.log(1 + scaled) - torch.log(1 - scaled))


def bounded(logits: Tensor) -> Tensor:
    return torch.tanh(logits) / HEADROOM
