"""What snow, soil and meadow look like: mild hints for the generator that covers.

Images are float NCHW in [-1, 1]. The discriminators decide how things look. The hints only say where
to begin: that green ground is to be covered, that what covers it is white, that white ground is to
become green. Without them the opacity closed, or dimmed everything a little.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from train.colourspace import lab

SKY = 0.4  # of the height: above it white may be clouds, and smooth green may be forest
HORIZON = 0.6  # of the height: above it what is smooth is sky
DARK = 30  # L*
LEAVES = 12  # chroma
ROUGH = 5.0  # deviation of L* within five blocks: 2 to 4 on meadows, 6 and more on leaves
SMOOTH = 3.0
NOISE = 1e-3  # variance, in [-1, 1]: where an image has less, its contrast is not amplified
BLOCK = 4  # pixels: changes count between the means of such blocks, not within them
EDGE = 8.0  # factor on the size of edges: at one of 0.1, in units of [-1, 1], a change costs about half


class Masks(NamedTuple):
    """Where images show what, [n, 1, h, w] of 0 and 1, in blocks of 2x2 pixels."""

    meadow: Tensor  # lit and smooth: grass, also dry grass in the lower half
    leaves: Tensor  # coloured and rough, or green and high up: snow lies on them, but does not hide them
    white: Tensor  # below the sky
    dark: Tensor  # such as conifers in the shade, which snow leaves as they are
    sky: Tensor  # lit, smooth and high


def masks(images: Tensor) -> Masks:
    small = F.avg_pool2d(images.float(), 2)
    pixels = ((small + 1) * 127.5).round().clamp(0, 255).byte().movedim(1, -1).cpu().numpy()
    lightness, red, yellow = np.moveaxis(lab(pixels), -1, 0)
    varied = spread(torch.from_numpy(lightness)[:, None])[:, 0].numpy()
    rough = varied >= ROUGH
    green = (red <= -8) & (yellow >= 5) & (lightness >= DARK)
    dry = (red <= 6) & (yellow >= 12) & (lightness >= DARK)
    dry[:, : dry.shape[1] // 2] = False
    upper = np.arange(green.shape[1])[:, None] < round(SKY * green.shape[1])
    white = (lightness >= 72) & (np.hypot(red, yellow) <= 12)
    white[:, : round(SKY * white.shape[1])] = False
    high = np.arange(white.shape[1]) < round(HORIZON * white.shape[1])
    white &= ~(high[:, None] & (varied < SMOOTH))  # mist and clouds before mountains
    leaves = rough & (np.hypot(red, yellow) >= LEAVES) & (lightness >= DARK)
    leaves &= (red > 0) | (yellow > 0)  # the sky is neither
    leaves |= green & upper  # far forests are smooth
    sky = (varied < SMOOTH) & (lightness >= DARK) & ~green & high[:, None]
    found = (green & ~upper | dry) & ~rough, leaves, white, lightness < DARK, sky
    found = torch.from_numpy(np.stack(found)).to(images.device)
    return Masks(*(F.interpolate(mask[:, None].float(), scale_factor=2.0) for mask in found))


def masks_of_turned(images: Tensor, before: Tensor) -> Masks:
    """The masks of images whose plants turned colour. before: the same images before that, where plants are
    easier to tell apart. All masks come from these, except that leaves count in either, and dark in images.
    """
    was, now = masks(before), masks(images)
    leaves = torch.maximum(was.leaves, now.leaves) * (1 - was.meadow)
    return was._replace(leaves=leaves, dark=now.dark)


def spread(values: Tensor) -> Tensor:
    """The standard deviation of [n, 1, h, w] within squares of five."""
    return (blurred(values**2) - blurred(values) ** 2).clamp(min=1e-6).sqrt()


def around(mask: Tensor) -> Tensor:
    """The mask and four pixels around it."""
    return F.max_pool2d(mask, 9, 1, 4)


def share(values: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean. It goes to zero as the sum of the weights falls below one."""
    return (values * weights).sum() / weights.sum().clamp(min=1)


def unlike_snow(cover: Tensor) -> Tensor:
    """[n, h, w], in units of [-1, 1]: how far the range of a cover's channels exceeds 0.15, plus how far red
    exceeds blue, plus how far the mean is below 0.75."""
    colour = F.relu(cover.max(1).values - cover.min(1).values - 0.15) + F.relu(cover[:, 0] - cover[:, 2])
    return colour + F.relu(0.75 - cover.mean(1))


def unlike_earth(cover: Tensor) -> Tensor:
    """[n, h, w]: how far a cover is from grass, leaves and soil. What counts is blue less than 0.25 below
    green, red more than 0.1 above green, and a mean above 0.1 or below -0.7."""
    red, green, blue = cover.unbind(1)
    light = cover.mean(1)
    return (
        F.relu(blue - green + 0.25) + F.relu(red - green - 0.1) + F.relu(light - 0.1) + F.relu(-0.7 - light)
    )


def unlike_meadow(image: Tensor) -> Tensor:
    """[n, h, w], in units of [-1, 1]: how far green is from exceeding the mean of red and blue by 0.15, plus
    how far blue exceeds red - 0.05, plus how far the mean exceeds 0.1."""
    red, green, blue = image.unbind(1)
    colour = F.relu(0.15 - green + (red + blue) / 2) + F.relu(blue - red + 0.05)
    return colour + F.relu(image.mean(1) - 0.1)


def gained(result: Tensor, image: Tensor) -> Tensor:
    """[n, h, w]: how much wider apart the channels of a result are than those of its image."""
    return F.relu(apart(result) - apart(image))


def sharpened(result: Tensor, image: Tensor, share: float | Tensor) -> Tensor:
    """[n, 1, h, w]: how much more fine contrast a result has than a share of its image's."""
    after, before = (spread(x.mean(1, keepdim=True)) for x in (result, image))
    return F.relu(after - share * before)


def unfounded(values: Tensor, image: Tensor) -> Tensor:
    """How much values [n, 1, h, w] change where the image does not, as a mean: edge-aware smoothness (Godard
    et al. 2017)."""
    values, image = F.avg_pool2d(values, BLOCK), F.avg_pool2d(image, BLOCK)
    changes = []
    for axis in (2, 3):
        founded = torch.exp(-EDGE * image.diff(dim=axis).abs().mean(1, keepdim=True))
        changes.append((values.diff(dim=axis).abs() * founded).mean())
    return changes[0] + changes[1]


def unexplained(result: Tensor, image: Tensor) -> Tensor:
    """The distance of a result from the best local affine map of each channel of its image. gtx carries such
    a map to a photograph's own size without loss (guided filter, He et al. 2010)."""
    image_mean, result_mean = blurred(image), blurred(result)
    gain = (blurred(image * result) - image_mean * result_mean) / (blurred(image**2) - image_mean**2 + NOISE)
    return (result - blurred(gain) * image - blurred(result_mean - gain * image_mean)).abs()


def blurred(x: Tensor) -> Tensor:
    """Means of squares of five."""
    return F.avg_pool2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), 5, 1)


def apart(image: Tensor) -> Tensor:
    """[n, h, w]: the range of the channels."""
    return image.max(1).values - image.min(1).values
