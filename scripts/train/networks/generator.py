"""The domain-coded generator G(image, code): one network for both directions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.layers import CodedNorm, Double, ResidualBlock, conv

# Keeps the logarithms below finite at black and white. It is divided out again, so a zero residual
# gives the identity.
HEADROOM = 0.97


class Generator(nn.Module):
    """Encoder to 1/8 size, residual blocks, decoder with added skips. They give a residual for the image.

    image: [n, 3, h, w] in [-1, 1], h and w multiples of 8; code: [n]. The result has the shape of the
    image and lies within +-1/0.97; callers clip it. Only layers at 1/4 size and below are normalised:
    at full size normalisation costs more than the convolutions, and it hides the brightness of snow.
    """

    def __init__(
        self, width: int = 16, blocks: int = 4, reflect: bool = True, upsample: str = "nearest"
    ) -> None:
        super().__init__()
        w = width
        self.enter = conv(3, w, reflect=reflect)
        self.down1 = conv(w, 2 * w, stride=2, reflect=reflect)
        self.down2 = conv(2 * w, 4 * w, stride=2, reflect=reflect)
        self.norm2 = CodedNorm(4 * w)
        self.down3 = conv(4 * w, 8 * w, stride=2, reflect=reflect)
        self.norm3 = CodedNorm(8 * w)
        self.blocks = nn.ModuleList(ResidualBlock(8 * w, reflect) for _ in range(blocks))
        self.narrow2 = nn.Conv2d(8 * w, 4 * w, 1)
        self.double2 = Double(4 * w, upsample)
        self.up2 = conv(4 * w, 4 * w, reflect=reflect)
        self.norm_up2 = CodedNorm(4 * w)
        self.narrow1 = nn.Conv2d(4 * w, 2 * w, 1)
        self.double1 = Double(2 * w, upsample)
        self.up1 = conv(2 * w, 2 * w, reflect=reflect)
        self.narrow0 = nn.Conv2d(2 * w, w, 1)
        self.double0 = Double(w, upsample)
        self.up0 = conv(w, w, reflect=reflect)
        self.leave = conv(w, 3, reflect=reflect)
        nn.init.normal_(self.leave.weight, std=0.01)
        nn.init.zeros_(self.leave.bias)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        full = F.relu(self.enter(image))
        half = F.relu(self.down1(full))
        quarter = F.relu(self.norm2(self.down2(half), code))
        x = F.relu(self.norm3(self.down3(quarter), code))
        for block in self.blocks:
            x = block(x, code)
        x = F.relu(self.double2(self.narrow2(x)) + quarter)
        x = F.relu(self.norm_up2(self.up2(x), code))
        x = F.relu(self.double1(self.narrow1(x)) + half)
        x = F.relu(self.up1(x))
        x = F.relu(self.double0(self.narrow0(x)) + full)
        x = F.relu(self.up0(x))
        return apply_residual(image, self.leave(x))


def apply_residual(image: Tensor, residual: Tensor) -> Tensor:
    """tanh(artanh(image) + residual). Bounded, and equal to the image where the residual is zero."""
    scaled = image.float() * HEADROOM
    logit = 0.5 * (torch.log(1 + scaled) - torch.log(1 - scaled))
    return torch.tanh(logit + residual.float()) / HEADROOM
