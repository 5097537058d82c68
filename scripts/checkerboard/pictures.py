"""The labelled pictures: clean ones that look suspicious, and marked ones that look clean.

Every picture is an RGB array [height, width, 3] of bytes and comes with the source to compare it with.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Picture = np.ndarray
Rng = np.random.Generator

SIDE = 256
JPEG = (50, 65, 75, 85, 95)
RMS = (0.3, 0.5, 1.0)
PERIODS = (2, 4, 8)


@dataclass(frozen=True)
class Sample:
    """One labelled picture."""

    name: str
    kind: str
    marked: bool
    picture: Picture
    source: Picture


def photographs(folder: Path) -> list[Picture]:
    """The pictures of a folder, as squares of SIDE."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"}):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.crop((left, top, left + side, top + side))
        if side != SIDE:
            square = square.resize((SIDE, SIDE), Image.LANCZOS)
        found.append(np.asarray(square))
    if not found:
        raise ValueError(f"no pictures in {folder}")
    return found


def encoded(picture: Picture, quality: int) -> Picture:
    """What JPEG leaves of a picture."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def enlarged(picture: Picture, factor: float, method: int) -> Picture:
    """Scaled down by an area mean, then up again."""
    small = Image.fromarray(picture).resize((round(SIDE / factor),) * 2, Image.BOX)
    return np.asarray(small.resize((SIDE, SIDE), method))


def noisy(picture: Picture, rng: Rng) -> Picture:
    noise = rng.normal(0, rng.uniform(2, 20), (SIDE, SIDE, 1 + 2 * rng.integers(2)))
    return np.clip(picture + noise + 0.5, 0, 255).astype(np.uint8)


def text(rng: Rng) -> Picture:
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


def dithered_ordered(picture: Picture, rng: Rng) -> Picture:
    levels = int(rng.choice((2, 4, 8))) - 1
    threshold = np.tile(bayer(int(rng.integers(1, 4))), (SIDE // 2, SIDE // 2))[:SIDE, :SIDE, None]
    return (np.floor(picture / 255 * levels + threshold).clip(0, levels) * 255 / levels).astype(np.uint8)


def dithered_by_error(picture: Picture, rng: Rng) -> Picture:
    """Floyd and Steinberg's error diffusion to a palette."""
    colours = int(rng.choice((2, 4, 16, 64)))
    image = Image.fromarray(picture)
    palette = image.quantize(colours)
    return np.asarray(image.quantize(colours, palette=palette, dither=Image.FLOYDSTEINBERG).convert("RGB"))


def fabric(rng: Rng) -> Picture:
    """Two sets of threads at an angle, of periods from 2.3 to 12 pixels, lit unevenly."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    angle = rng.uniform(0, math.pi / 2) * rng.integers(2)  # half of them along the axes
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


def marked(picture: Picture, period: int, rms: float, rng: Rng) -> Picture:
    """A random pattern without mean that repeats, the same on all channels, rounded at random."""
    pattern = rng.normal(0, 1, (period, period))
    pattern -= pattern.mean()
    pattern *= rms / math.sqrt((pattern**2).mean())
    tiled = np.tile(pattern, (SIDE // period, SIDE // period))[..., None]
    return np.clip(np.floor(picture + tiled + rng.random((SIDE, SIDE, 1))), 0, 255).astype(np.uint8)


def clean(photos: list[Picture], rng: Rng, each: int = 60) -> Iterator[Sample]:
    """At most so many pictures of each kind."""
    of_photos: dict[str, Callable[[Picture], Picture]] = {"photograph": lambda p: p}
    for quality in JPEG:
        of_photos[f"jpeg {quality}"] = lambda p, quality=quality: encoded(p, quality)
    for name, method in (
        ("nearest", Image.NEAREST),
        ("bilinear", Image.BILINEAR),
        ("lanczos", Image.LANCZOS),
    ):
        of_photos[f"{name} x2"] = lambda p, method=method: enlarged(p, 2, method)
    of_photos["bilinear x1.5"] = lambda p: enlarged(p, 1.5, Image.BILINEAR)
    of_photos["noise"] = lambda p: noisy(p, rng)
    of_photos["ordered dither"] = lambda p: dithered_ordered(p, rng)
    of_photos["error diffusion"] = lambda p: dithered_by_error(p, rng)
    made = {"text": text, "fabric": fabric}
    for kind, make in of_photos.items():
        for i in rng.permutation(len(photos))[:each]:
            yield Sample(f"{kind} {i}", kind, False, make(photos[i]), photos[i])
    for kind, draw in made.items():
        for i in range(each):
            picture = draw(rng)
            yield Sample(f"{kind} {i}", kind, False, picture, picture)


def synthetic(photos: list[Picture], rng: Rng) -> Iterator[Sample]:
    """40 pictures for each amplitude and period."""
    for rms in RMS:
        for period in PERIODS:
            for i in rng.permutation(len(photos))[:40]:
                picture = marked(photos[i], period, rms, rng)
                yield Sample(
                    f"{rms} rms, period {period} {i}", f"{rms} rms, period {period}", True, picture, photos[i]
                )
