"""A second classifier, built differently from the first, to judge translations."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Judge(nn.Module):
    """A pre-activation residual network with group normalisation and maximum pooling.

    image: [n, 3, h, w] in [-1, 1], h and w >= 64; result: logits [n, 2], domain a first.
    """

    def __init__(self, width: int = 24, dropout: float = 0.2) -> None:
        super().__init__()
        w = width
        self.enter = nn.Conv2d(3, w, 5, 2, 2)
        self.stages = nn.ModuleList(PreBlock(i, o) for i, o in ((w, 2 * w), (2 * w, 3 * w), (3 * w, 4 * w)))
        self.norm = nn.GroupNorm(8, 4 * w)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * w, 2)

    def features(self, image: Tensor) -> Tensor:
        """The last activations, averaged over all positions, [n, 4 * width]."""
        x = F.max_pool2d(self.enter(F.avg_pool2d(image, 2)), 2)
        for stage in self.stages:
            x = F.max_pool2d(stage(x), 2)
        return F.silu(self.norm(x)).mean((2, 3))

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.dropout(self.features(image)))


class PreBlock(nn.Module):
    """Twice normalise, activate and convolve, then add (He et al. 2016, "Identity mappings")."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.norm2 = nn.GroupNorm(8, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))
