"""A generator in two parts, from coarse to fine (Wang et al. 2018, section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import Norm, conv, double
from train.networks.resnet import Block


class Global(nn.Module):
    """G1: image [n, inputs, h, w], h and w multiples of 2^downs -> [n, 3, h, w] within -1 and 1."""

    def __init__(self, inputs: int, width: int = 24, downs: int = 3, most: int = 4, blocks: int = 2) -> None:
        super().__init__()
        widths = [width * min(2**i, most) for i in range(downs + 1)]
        self.enter, self.enter_norm = conv(inputs, width, 5, reflect=False), Norm(width)
        self.downs = nn.ModuleList(conv(i, o, stride=2, reflect=False) for i, o in zip(widths, widths[1:]))
        self.down_norms = nn.ModuleList(Norm(o) for o in widths[1:])
        self.blocks = nn.ModuleList(Block(widths[-1], 0) for _ in range(blocks))
        turned = widths[::-1]
        self.ups = nn.ModuleList(conv(i, o, reflect=False) for i, o in zip(turned, turned[1:]))
        self.up_norms = nn.ModuleList(Norm(o) for o in turned[1:])
        self.leave = conv(width, 3, 5, reflect=False)

    def features(self, x: Tensor) -> Tensor:
        """[n, width, h, w]: the input of the last layer."""
        x = F.relu(self.enter_norm(self.enter(x)))
        for down, norm in zip(self.downs, self.down_norms):
            x = F.relu(norm(down(x)))
        for block in self.blocks:
            x = block(x, None)
        for up, norm in zip(self.ups, self.up_norms):
            x = F.relu(norm(up(double(x))))
        return x

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.leave(self.features(x)).float())


def halved(x: Tensor) -> Tensor:
    """A label map [n, classes + 1, h, w] at half its size, the same that G1 sees when it trains alone.

    A pixel takes the class of the lower right one of four, as in Crop.sample. Edges are computed anew: one
    where a neighbour is of another class. Every other pixel of the old edges would miss sides of borders.
    """
    classes = x[:, :-1, 1::2, 1::2]
    down = 1 - (classes[:, :, 1:] * classes[:, :, :-1]).sum(1, keepdim=True)
    right = 1 - (classes[..., 1:] * classes[..., :-1]).sum(1, keepdim=True)
    sides = [F.pad(down, (0, 0, 1, 0)), F.pad(down, (0, 0, 0, 1)), F.pad(right, (1, 0)), F.pad(right, (0, 1))]
    return torch.cat([classes, torch.cat(sides, dim=1).amax(1, keepdim=True)], dim=1)


class Enhanced(nn.Module):
    """G2 around G1: G1 sees the label map at half its size, and its features join those of G2 there."""

    def __init__(self, inputs: int, width: int = 24, enhancer: int = 2, **coarse: int) -> None:
        super().__init__()
        self.coarse = Global(inputs, width, **coarse)
        half = width // 2
        self.enter, self.enter_norm = conv(inputs, half, reflect=False), Norm(half)
        self.down, self.down_norm = conv(half, width, stride=2, reflect=False), Norm(width)
        self.blocks = nn.ModuleList(Block(width, 0) for _ in range(enhancer))
        self.up, self.up_norm = conv(width, half, reflect=False), Norm(half)
        self.leave = conv(half, 3, 5, reflect=False)

    def forward(self, x: Tensor) -> Tensor:
        fine = F.relu(self.enter_norm(self.enter(x)))
        fine = F.relu(self.down_norm(self.down(fine))) + self.coarse.features(halved(x))
        for block in self.blocks:
            fine = block(fine, None)
        fine = F.relu(self.up_norm(self.up(double(fine))))
        return torch.tanh(self.leave(fine).float())
