"""Networks that grow (Karras et al. 2018): a generator from 4 pixels up, and a discriminator back down."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import double

SLOPE = 0.2


class Equal(nn.Module):
    """A convolution or a linear layer whose weights are scaled when used (section 4.1)."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, gain: float = math.sqrt(2)) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs * size * size)
        self.padding = size // 2

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)

    def plain(self) -> nn.Conv2d:
        """The same as an ordinary convolution, for export."""
        outputs, inputs, size, _ = self.weight.shape
        made = nn.Conv2d(inputs, outputs, size, padding=self.padding)
        with torch.no_grad():
            made.weight.copy_(self.weight * self.scale)
            made.bias.copy_(self.bias)
        return made


def plain(net: nn.Module) -> nn.Module:
    """A copy of a network with ordinary convolutions."""
    net = copy.deepcopy(net)
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Equal):
                setattr(parent, name, child.plain())
    return net


def pixel_norm(x: Tensor) -> Tensor:
    """Each position's features divided by the root of their mean square (section 4.2)."""
    return x * torch.rsqrt((x.float() ** 2).mean(1, keepdim=True) + 1e-8).to(x.dtype)


def blended(old: Tensor, new: Tensor, share: float) -> Tensor:
    return new if share >= 1 else old + share * (new - old)


class Generator(nn.Module):
    """z [n, z, 1, 1] -> image [n, 3, s, s] with s = 4 * 2^level. widths: channels of each level."""

    def __init__(self, z: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.enter = Equal(z, 16 * widths[0], 1, math.sqrt(2) / 4)
        self.first = Equal(widths[0], widths[0])
        self.blocks = nn.ModuleList(
            nn.ModuleList([Equal(i, o), Equal(o, o)]) for i, o in zip(widths, widths[1:])
        )
        self.leave = nn.ModuleList(Equal(w, 3, 1, 1.0) for w in widths)

    def forward(self, z: Tensor, level: int, share: float = 1.0) -> Tensor:
        """share: of the finest level's result; the rest comes from the level below, enlarged."""
        x = self.enter(z).reshape(-1, self.first.weight.shape[1], 4, 4)
        x = pixel_norm(F.leaky_relu(x, SLOPE))
        x = pixel_norm(F.leaky_relu(self.first(x), SLOPE))
        below = x
        for block in self.blocks[:level]:
            below, x = x, double(x)
            for layer in block:
                x = pixel_norm(F.leaky_relu(layer(x), SLOPE))
        image = self.leave[level](x)
        if share < 1 and level > 0:
            image = blended(double(self.leave[level - 1](below)), image, share)
        return image.float()


class Discriminator(nn.Module):
    """image [n, 3, s, s] -> score [n], with the deviation within the batch as a feature (section 3)."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.enter = nn.ModuleList(Equal(3, w, 1) for w in widths)
        self.blocks = nn.ModuleList(
            nn.ModuleList([Equal(o, o), Equal(o, i)]) for i, o in zip(widths, widths[1:])
        )
        self.last = Equal(widths[0] + 1, widths[0])
        self.hidden = Equal(16 * widths[0], widths[0], 1)
        self.score = Equal(widths[0], 1, 1, 1.0)

    def forward(self, image: Tensor, level: int, share: float = 1.0) -> Tensor:
        x = F.leaky_relu(self.enter[level](image), SLOPE)
        for k in range(level - 1, -1, -1):
            for layer in self.blocks[k]:
                x = F.leaky_relu(layer(x), SLOPE)
            x = F.avg_pool2d(x, 2)
            if k == level - 1 and share < 1:
                small = F.leaky_relu(self.enter[k](F.avg_pool2d(image, 2)), SLOPE)
                x = blended(small, x, share)
        spread = (x.float().var(0, unbiased=False) + 1e-8).sqrt().mean().to(x.dtype)
        x = torch.cat([x, spread.expand(len(x), 1, 4, 4)], dim=1)
        x = F.leaky_relu(self.last(x), SLOPE)
        x = F.leaky_relu(self.hidden(x.reshape(len(x), -1, 1, 1)), SLOPE)
        return self.score(x).float().flatten()
