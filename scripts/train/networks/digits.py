"""Small networks for images of 32 pixels."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import Norm, conv, double

SIDE = 32


class Features(nn.Module):
    """f of DTN: image [n, 3, 32, 32] -> features [n, 128, 1, 1] from -1 to 1, by strided convolutions."""

    def __init__(self, width: int = 32, features: int = 128) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width]
        self.convs = nn.ModuleList(conv(i, o, stride=2, reflect=False) for i, o in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in widths[1:])
        self.head = nn.Conv2d(widths[-1], features, SIDE // 8)

    def forward(self, image: Tensor) -> Tensor:
        x = image
        for layer, norm in zip(self.convs, self.norms):
            x = F.relu(norm(layer(x)))
        return self.head(x).tanh()


class Drawer(nn.Module):
    """g of DTN: features [n, 128, 1, 1] -> image [n, outputs, 32, 32]."""

    def __init__(self, width: int = 32, features: int = 128, outputs: int = 1) -> None:
        super().__init__()
        w = width
        self.enter = nn.Linear(features, 4 * w * 16)
        self.convs = nn.ModuleList(
            conv(i, o, reflect=False) for i, o in ((4 * w, 4 * w), (4 * w, 2 * w), (2 * w, w))
        )
        self.norms = nn.ModuleList(Norm(o) for o in (4 * w, 2 * w, w))
        self.leave = conv(w, outputs, reflect=False)

    def forward(self, features: Tensor) -> Tensor:
        x = F.relu(self.enter(features.flatten(1))).reshape(-1, self.convs[0].in_channels, 4, 4)
        for layer, norm in zip(self.convs, self.norms):
            x = F.relu(norm(layer(double(x))))
        return self.leave(x).float().tanh()
