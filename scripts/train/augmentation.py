"""Augmentation: of what the discriminators see, which gradients pass through (Zhao et al. 2020), and of
what generators see."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT = 0.125  # of the side
LIGHT = 0.06  # of the range [-1, 1]
CONTRAST = 0.08
CUT = 0.3  # side of the square that is blanked, of the image's
PATCHES = 3  # along a side: plants of one image do not all turn
RED, GREEN = (0.4, 1.2), (-0.2, 0.3)  # what leaves gain as they turn, in [-1, 1]
SHADE = (-0.4, 0.1)  # what they gain of light beside that
COLOUR = (0.2, 1.2)  # what they keep of it then
PLANT = 0.06  # of excess green: half of the gain
RATIO = 1.5  # width to height of most photographs


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


def turned(images: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """A share of the images with the green of plants turned yellow, orange, brown or grey in places."""
    result = []
    for image in images:
        turns = rng.random() < share
        patches = torch.from_numpy(rng.uniform(0, 2, (1, 1, PATCHES, PATCHES))).to(image)
        red, green, shade, colour = (float(rng.uniform(*ends)) for ends in (RED, GREEN, SHADE, COLOUR))
        if turns:
            much = F.interpolate(patches, image.shape[1:], mode="bilinear")[0].clamp(0, 1)
            r, g, b = image[:, None]
            plant = F.relu(torch.minimum(2 * g - r - b, 2 * (g - b)))  # excess green, but no sky
            much = much * plant / (plant + PLANT)
            grey = image.mean(0, keepdim=True)
            gain = torch.tensor([red, green, 0.0], device=image.device)[:, None, None]
            image = image + much * (colour * (image + gain - grey) + grey - image + shade)
        result.append(image.clamp(-1, 1))
    return torch.stack(result)


def widened(images: Tensor) -> Tensor:
    """Squares brought to 3:2, with about as many pixels and sides that are multiples of 8."""
    side = images.shape[-1] * RATIO**0.5
    height, width = (8 * round(x / 8) for x in (side / RATIO, side))
    return F.interpolate(images, (height, width), mode="bilinear", align_corners=False, antialias=True)
