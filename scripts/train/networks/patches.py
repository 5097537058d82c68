"""Discriminators of patches at several scales, with their features."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

Judged = list[list[Tensor]]


class Patches(nn.Module):
    """Patch discriminator (Isola et al. 2017, section 3.2.2), spectrally normalised. With three levels
    its patches have 38 pixels."""

    def __init__(self, inputs: int = 3, width: int = 32, outputs: int = 1, levels: int = 3) -> None:
        super().__init__()
        widths = [inputs, *(width * 2**i for i in range(levels))]
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(i, o, 4, 2, 1)) for i, o in zip(widths, widths[1:])
        )
        self.head = nn.Conv2d(widths[-1], outputs, 3, 1, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """The activations of each layer, then the judgement [n, outputs, h/2^levels, w/2^levels]."""
        found = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            found.append(x)
        return [*found, self.head(x)]


class Scales(nn.Module):
    """Patch discriminators of the image, of the image at half its size, and so on (Wang et al. 2018,
    section 3.1)."""

    def __init__(self, scales: int = 2, **patches: int) -> None:
        super().__init__()
        self.nets = nn.ModuleList(Patches(**patches) for _ in range(scales))

    def forward(self, image: Tensor) -> Judged:
        found = []
        for net in self.nets:
            found.append(net(image))
            image = F.avg_pool2d(image, 2)
        return found
