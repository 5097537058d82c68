"""Encoders of whole images into vectors."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import Norm, conv


class VectorEncoder(nn.Module):
    """image [n, inputs, h, w] -> [n, outputs], by strided convolutions and a mean over all positions.

    shrink: the image is first averaged over squares of this side, so that no finer detail is coded.
    """

    def __init__(
        self,
        outputs: int,
        width: int = 24,
        levels: int = 5,
        most: int = 5,
        inputs: int = 3,
        norm: bool = True,
        shrink: int = 1,
    ) -> None:
        super().__init__()
        self.shrink = shrink
        widths = [inputs, *(width * min(2**i, most) for i in range(levels))]
        self.convs = nn.ModuleList(conv(i, o, stride=2, reflect=False) for i, o in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(Norm(o) if norm else nn.Identity() for o in widths[2:])
        self.head = nn.Linear(widths[-1], outputs)

    def forward(self, image: Tensor) -> Tensor:
        if self.shrink > 1:
            image = F.avg_pool2d(image, self.shrink, count_include_pad=False)
        x = self.convs[0](image)
        for layer, norm in zip(self.convs[1:], self.norms):
            x = norm(layer(F.leaky_relu(x, 0.2)))
        return self.head(F.leaky_relu(x, 0.2).mean((2, 3)))
