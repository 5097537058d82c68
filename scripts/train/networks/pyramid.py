"""A domain-coded generator at a small size, and networks that add detail to its enlarged result."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.generator import Generator
from train.networks.layers import CodedNorm, ResidualBlock, conv, double


class Refiner(nn.Module):
    """(image, enlarged result of the level below, code) -> what to add to that result.

    informed: the network also gets the enlarged image of the level below, so that it need not find out
    for itself what that level has changed.
    """

    def __init__(self, width: int = 16, blocks: int = 2, informed: bool = False) -> None:
        super().__init__()
        self.informed = informed
        self.enter = conv(9 if informed else 6, width, reflect=False)
        self.down = conv(width, 2 * width, stride=2, reflect=False)
        self.norm = CodedNorm(2 * width)
        self.blocks = nn.ModuleList(ResidualBlock(2 * width, reflect=False) for _ in range(blocks))
        self.narrow = nn.Conv2d(2 * width, width, 1)
        self.up = conv(width, width, reflect=False)
        self.leave = conv(width, 3, reflect=False)
        nn.init.normal_(self.leave.weight, std=0.01)
        nn.init.zeros_(self.leave.bias)

    def forward(self, image: Tensor, below: Tensor, source: Tensor, code: Tensor) -> Tensor:
        """source: the enlarged image of the level below."""
        given = [image, below, source] if self.informed else [image, below]
        full = F.relu(self.enter(torch.cat(given, 1)))
        x = F.relu(self.norm(self.down(full), code))
        for block in self.blocks:
            x = block(x, code)
        x = F.relu(double(self.narrow(x)) + full)
        return self.leave(F.relu(self.up(x))).float()


class Pyramid(nn.Module):
    """G(image, code): [n, 3, h, w] in [-1, 1], [n] -> [n, 3, h, w]; h and w multiples of 8 * 2^levels."""

    def __init__(
        self, width: int = 16, blocks: int = 4, levels: int = 2, refine: int = 16, informed: bool = False
    ) -> None:
        super().__init__()
        self.coarse = Generator(width, blocks)
        self.refiners = nn.ModuleList(Refiner(refine, informed=informed) for _ in range(levels))

    def images(self, image: Tensor) -> list[Tensor]:
        """The image at all levels, the smallest first."""
        found = [image]
        for _ in self.refiners:
            found.insert(0, F.avg_pool2d(found[0], 2))
        return found

    def levels(self, images: list[Tensor], code: Tensor) -> list[Tensor]:
        """The results of all levels. No gradient passes from a level to the one below it."""
        made = [self.coarse(images[0], code)]
        for refiner, image, source in zip(self.refiners, images[1:], images):
            below = enlarge(made[-1].detach())
            made.append(below + refiner(image, below, enlarge(source), code))
        return made

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        return self.levels(self.images(image), code)[-1]


def enlarge(image: Tensor) -> Tensor:
    return F.interpolate(image.float(), scale_factor=2.0, mode="bilinear", align_corners=False)
