"""The labelled samples: clean ones that look suspicious, and marked ones that look clean.

Each is an RGB image, uint8 [SIDE, SIDE, 3], with the source to compare it with.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Pixels = np.ndarray
Rng = np.random.Generator

SIDE = 256
JPEG = (50, 65, 75, 85, 95)
RMS = (0.3, 0.5, 1.0)
PERIODS = (2, 4, 8)


@dataclass(frozen=True)
class Sample:
    """A labelled image and its source."""

    name: str
    kind: str
    marked: bool
    pixels: Pixels
    source: Pixels


def encoded(pixels: Pixels, quality: int) -> Pixels:
    """Encode as JPEG and decode again."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def enlarged(pixels: Pixels, factor: float, method: int) -> Pixels:
    """Scale down by area means, then up again."""
    small = Image.fromarray(pixels).resize((round(SIDE / factor),) * 2, Image.BOX)
    return np.asarray(small.resize((SIDE, SIDE), method))


def noisy(pixels: Pixels, rng: Rng) -> Pixels:
    """Add Gaussian noise, grey or coloured, of 2 to 20 levels."""
    noise = rng.normal(0, rng.uniform(2, 20), (SIDE, SIDE, 1 + 2 * rng.integers(2)))
    return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)


def text(rng: Rng) -> Pixels:
    """Lines of words, dark on light or light on dark."""
    shades = np.sort(rng.integers(0, 256, 2)) + (-20, 20)
    paper, ink = (int(s) for s in np.clip(shades, 0, 255)[:: rng.choice((-1, 1))])
    image = Image.new("L", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default()
    scale = int(rng.integers(1, 4))
    if scale > 1:
        image = Image.new("L", (SIDE // scale + 1,) * 2, paper)
        draw = ImageDraw.Draw(image)
    step = int(rng.integers(11, 16))
    for y in range(0, image.height, step):
        words = "".join(chr(c) for c in rng.choice([*range(97, 123), 32, 32, 32, 32], 60))
        draw.text((int(rng.integers(0, 9)), y), words, ink, font)
    if scale > 1:
        image = image.resize((SIDE, SIDE), int(rng.choice((Image.BILINEAR, Image.LANCZOS, Image.NEAREST))))
    return np.asarray(image.convert("RGB"))


def bayer(order: int) -> np.ndarray:
    """The threshold matrix of ordered dithering (Bayer 1973), in (0, 1)."""
    matrix = np.zeros((1, 1))
    for _ in range(order):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix + 0.5) / matrix.size


def dithered_ordered(pixels: Pixels, rng: Rng) -> Pixels:
    """Ordered dithering to 2, 4 or 8 levels per channel."""
    levels = int(rng.choice((2, 4, 8))) - 1
    threshold = np.tile(bayer(int(rng.integers(1, 4))), (SIDE // 2, SIDE // 2))[:SIDE, :SIDE, None]
    return (np.floor(pixels / 255 * levels + threshold).clip(0, levels) * 255 / levels).astype(np.uint8)


def dithered_by_error(pixels: Pixels, rng: Rng) -> Pixels:
    """Error diffusion to a palette (Floyd & Steinberg 1976)."""
    colours = int(rng.choice((2, 4, 16, 64)))
    image = Image.fromarray(pixels)
    palette = image.quantize(colours)
    return np.asarray(image.quantize(colours, palette=palette, dither=Image.FLOYDSTEINBERG).convert("RGB"))


def fabric(rng: Rng) -> Pixels:
    """Two crossing sets of threads with periods of 2.3 to 12 pixels, lit unevenly."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    angle = rng.uniform(0, math.pi / 2) * rng.integers(2)  # half of the fabrics lie along the axes
    u, v = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    weave = np.zeros((SIDE, SIDE))
    for along in (u, v):
        period = rng.uniform(2.3, 12)
        bend = 0.3 * np.sin(2 * math.pi * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)) / SIDE)
        weave += np.sin(2 * math.pi * along / period + bend + rng.uniform(0, 6))
    light = 120 + 40 * np.sin(2 * math.pi * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)) / SIDE)
    grey = light + rng.uniform(5, 40) * weave + rng.normal(0, 2, (SIDE, SIDE))
    tint = rng.uniform(0.7, 1, 3)
    return np.clip(grey[..., None] * tint + 0.5, 0, 255).astype(np.uint8)


def marked(pixels: Pixels, period: int, rms: float, rng: Rng) -> Pixels:
    """Add a random periodic pattern of zero mean, the same to all channels, and round at random."""
    pattern = rng.normal(0, 1, (period, period))
    pattern -= pattern.mean()
    pattern *= rms / math.sqrt((pattern**2).mean())
    tiled = np.tile(pattern, (SIDE // period, SIDE // period))[..., None]
    return np.clip(np.floor(pixels + tiled + rng.random((SIDE, SIDE, 1))), 0, 255).astype(np.uint8)


def clean(photos: list[Pixels], rng: Rng, each: int = 60) -> Iterator[Sample]:
    """Samples without a checkerboard, at most `each` of a kind."""
    changes: dict[str, Callable[[Pixels], Pixels]] = {"photograph": lambda p: p}
    for quality in JPEG:
        changes[f"jpeg {quality}"] = lambda p, quality=quality: encoded(p, quality)
    for name, method in (
        ("nearest", Image.NEAREST),
        ("bilinear", Image.BILINEAR),
        ("lanczos", Image.LANCZOS),
    ):
        changes[f"{name} x2"] = lambda p, method=method: enlarged(p, 2, method)
    changes["bilinear x1.5"] = lambda p: enlarged(p, 1.5, Image.BILINEAR)
    changes["noise"] = lambda p: noisy(p, rng)
    changes["ordered dither"] = lambda p: dithered_ordered(p, rng)
    changes["error diffusion"] = lambda p: dithered_by_error(p, rng)
    for kind, make in changes.items():
        for i in rng.permutation(len(photos))[:each]:
            yield Sample(f"{kind} {i}", kind, False, make(photos[i]), photos[i])
    for kind, draw in (("text", text), ("fabric", fabric)):
        for i in range(each):
            pixels = draw(rng)
            yield Sample(f"{kind} {i}", kind, False, pixels, pixels)


def synthetic(photos: list[Pixels], rng: Rng) -> Iterator[Sample]:
    """Photographs with an added pattern, 40 for each amplitude and period."""
    for rms in RMS:
        for period in PERIODS:
            for i in rng.permutation(len(photos))[:40]:
                kind = f"{rms} rms, period {period}"
                yield Sample(f"{kind} {i}", kind, True, marked(photos[i], period, rms, rng), photos[i])
