"""Augmentation that gradients pass through, for what the discriminators see (Zhao et al. 2020)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT = 0.125  # of the side
LIGHT = 0.06  # of the range [-1, 1]
CONTRAST = 0.08
CUT = 0.3  # side of the square that is blanked, of the image's


def augment(images: Tensor, rng: np.random.Generator, blank: float = 0.5) -> Tensor:
    """Shift each image, change its light and contrast a little, and blank a square in a share of them.

    Colours stay nearly as they are: a season is known by them.
    """
    height, width = images.shape[2:]
    reach = round(SHIFT * min(height, width))
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    moved = []
    for image in padded:
        top, left = rng.integers(0, 2 * reach + 1, size=2)
        image = image[:, top : top + height, left : left + width]
        light, contrast = rng.uniform(-LIGHT, LIGHT), rng.uniform(-CONTRAST, CONTRAST)
        image = image * float(1 + contrast) + float(light)
        cut = rng.random() < blank
        top, left = (int(rng.integers(0, round(side * (1 - CUT)) + 1)) for side in (height, width))
        if cut:
            mask = torch.ones(1, height, width, device=image.device)
            mask[:, top : top + round(height * CUT), left : left + round(width * CUT)] = 0
            image = image * mask
        moved.append(image)
    return torch.stack(moved)
