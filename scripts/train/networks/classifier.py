"""A small classifier that tells which domain an image belongs to."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import conv


class Classifier(nn.Module):
    """A convolutional classifier for images of any h, w >= 32.

    image: [n, 3, h, w] in [-1, 1]; result: logits [n, 2], domain a first. The input is averaged
    over pool x pool pixels, since a thumbnail is enough to see the season.
    """

    def __init__(self, width: int = 24, pool: int = 4, dropout: float = 0.3) -> None:
        super().__init__()
        self.pool = pool
        w = width
        widths = [3, w, 2 * w, 4 * w, 6 * w]
        self.convs = nn.ModuleList(conv(i, o, stride=2, reflect=False) for i, o in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in widths[1:])
        self.mix = nn.ModuleList(conv(o, o, reflect=False) for o in widths[2:])
        self.mix_norms = nn.ModuleList(nn.BatchNorm2d(o) for o in widths[2:])
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * widths[-1], 2)

    def features(self, image: Tensor) -> Tensor:
        """Mean and standard deviation over all positions, [n, 12 * width]."""
        x = F.avg_pool2d(image, self.pool)
        for i, (layer, norm) in enumerate(zip(self.convs, self.norms)):
            x = F.relu(norm(layer(x)))
            if i > 0:
                x = x + F.relu(self.mix_norms[i - 1](self.mix[i - 1](x)))
        mean = x.mean((2, 3))
        # The deviation tells whether a feature such as snow is everywhere or only in places.
        spread = ((x - mean[:, :, None, None]) ** 2).mean((2, 3))
        return torch.cat([mean, (spread + 1e-5).sqrt()], dim=1)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.dropout(self.features(image)))
