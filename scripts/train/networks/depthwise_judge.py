"""A judge of another kind than judge.py's: wide depthwise filters on a grid of patches."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class DepthwiseJudge(nn.Module):
    """Patches, then depthwise 7x7 and pointwise layers (Liu et al. 2022, "A ConvNet for the 2020s").

    image: [n, 3, h, w] in [-1, 1], h and w >= 64; result: logits [n, 2], domain a first.
    """

    def __init__(self, width: int = 64, blocks: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        w = width
        self.patches = nn.Conv2d(3, w, 4, 4)
        self.fine = nn.Sequential(*(DepthwiseBlock(w) for _ in range(blocks)))
        self.merge = nn.Conv2d(w, 2 * w, 2, 2)
        self.coarse = nn.Sequential(*(DepthwiseBlock(2 * w) for _ in range(blocks)))
        self.norm = nn.LayerNorm(2 * w)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * w, 2)

    def features(self, image: Tensor) -> Tensor:
        """[n, 2 * width]: the mean over the places, normalised."""
        x = self.fine(self.patches(F.avg_pool2d(image, 2)))
        return self.norm(self.coarse(self.merge(x)).mean((2, 3)))

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.dropout(self.features(image)))


class DepthwiseBlock(nn.Module):
    """Mix the places of each channel, then the channels of each place, and add."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.places = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.GroupNorm(1, channels)
        self.widen = nn.Conv2d(channels, 4 * channels, 1)
        self.narrow = nn.Conv2d(4 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(F.gelu(self.widen(self.norm(self.places(x)))))
