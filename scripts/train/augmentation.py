"""Augmentation of the images that discriminators see, through which gradients pass (Zhao et al. 2020), and
of those that generators see."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT = 0.125  # of the side
LIGHT = 0.06  # of the range [-1, 1]
CONTRAST = 0.08
CUT = 0.3  # sides of the rectangle that is blanked, as shares of the image's
PATCHES = 3  # random strengths along a side, so that not all plants of an image turn
RED, GREEN = (0.4, 1.2), (-0.2, 0.3)  # ranges of what is added to red and green of plants, in [-1, 1]
SHADE = (-0.4, 0.1)  # range of what is added to all their channels
COLOUR = (0.2, 1.2)  # range of the factor on their colour, the difference from grey
PLANT = 0.06  # the excess green, in units of [-1, 1], at which half of the change applies
RATIO = 1.5  # width to height of most photographs


def augment(images: Tensor, rng: np.random.Generator, blank: float = 0.5) -> Tensor:
    """Shift each image, change its light and contrast a little, and blank a rectangle in a share of them.

    Colours hardly change, because they tell the season.
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
