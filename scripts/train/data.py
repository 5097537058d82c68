"""Turn folders of photographs into training batches."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from train import files

SIDE = 256  # side of the decoded images, unless a recipe asks for another
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
LUMA = (0.299, 0.587, 0.114)


class DataError(ValueError):
    """The data or the request does not fit. The message is for whoever gave it."""


@dataclass(frozen=True)
class Folder:
    """The paths of the images in one folder, and their pixels: uint8 [n, side, side, 3]."""

    paths: list[str]
    pixels: np.ndarray


def cache_dir() -> Path:
    return Path(os.environ.get("GTX_CACHE", Path.home() / ".cache" / "gtx"))


def load(folder: str, drop: frozenset[str] = frozenset(), side: int = SIDE) -> Folder:
    """Decode a folder. The pixels are cached in a file, which later runs map into memory."""
    if not Path(folder).is_dir():
        raise DataError(f"{folder} is not a folder")
    paths = sorted(str(p) for p in Path(folder).iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(f"no images in {folder}")
    try:
        stamps = [f"{p} {os.stat(p).st_mtime_ns}" for p in paths]
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}") from error
    key = hashlib.sha256("\n".join(stamps).encode())
    name = f"{key.hexdigest()[:24]}-{side}.npy"
    pixels = remembered(name, lambda: np.stack([decode(p, side) for p in paths]), mmap_mode="r")
    keep = [i for i, p in enumerate(paths) if p not in drop]
    return Folder([paths[i] for i in keep], np.ascontiguousarray(pixels[keep]))


def remembered(name: str, make: Callable[[], np.ndarray], mmap_mode: str | None = None) -> np.ndarray:
    """The array of that name in the cache. It is made if there is none, or if it is damaged."""
    cached = cache_dir() / name
    try:
        return np.load(cached, mmap_mode=mmap_mode)
    except (OSError, EOFError, ValueError):
        made = make()
        with files.replacing(cached) as file:
            np.save(file, made)
        return made


@contextmanager
def opened(path: str) -> Iterator[Image.Image]:
    """A picture. If Pillow cannot open or decode it, the error becomes a DataError that names the path."""
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, EOFError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}") from error


def decode(path: str, side: int = SIDE) -> np.ndarray:
    """The centre square of an image, scaled to side x side: uint8 [side, side, 3], RGB."""
    with opened(path) as image:
        image = image.convert("RGB")
        if image.size != (side, side):
            short = min(image.size)
            left, top = (image.width - short) // 2, (image.height - short) // 2
            box = (left, top, left + short, top + short)
            image = image.resize((side, side), Image.LANCZOS, box=box)
        return np.asarray(image)


def check_sides(folder: Folder, least: int) -> None:
    """Refuse images whose shorter side is below `least` pixels: enlarged, they would teach blur."""
    small = [path for path in folder.paths if min(size_of(path)) < least]
    if small:
        some = ", ".join(small[:3]) + (", ..." if len(small) > 3 else "")
        raise DataError(f"{len(small)} images are smaller than the {least} pixels that crops need: {some}")


def size_of(path: str) -> tuple[int, int]:
    """Width and height, read from the header."""
    with opened(path) as image:
        return image.size


def read_drop(path: str) -> frozenset[str]:
    if not path:
        return frozenset()
    try:
        return frozenset(Path(path).read_text().split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a list of images: {error}") from error


def to_float(pixels: np.ndarray) -> Tensor:
    """uint8 [..., h, w, 3] -> float [..., 3, h, w] in [-1, 1]."""
    return torch.from_numpy(np.array(pixels)).float().movedim(-1, -3) / 127.5 - 1


class Sampler:
    """Random augmented crops of one domain. All its folders are drawn equally often.

    A sampler has no state. The caller seeds the random numbers by the step, so a resumed run sees
    the same batches.
    """

    def __init__(self, folders: list[Folder], jitter: float, mirror: bool = True) -> None:
        self.folders = folders
        self.jitter = jitter
        self.mirror = mirror

    def __len__(self) -> int:
        return sum(len(folder.pixels) for folder in self.folders)

    def batch(self, rng: np.random.Generator, n: int, size: int, cover: tuple[float, float]) -> Tensor:
        crops = []
        for _ in range(n):
            pixels = self.folders[rng.integers(len(self.folders))].pixels
            image = pixels[rng.integers(len(pixels))]
            crop = Crop.draw(rng, image.shape[0], cover, self.mirror)
            crops.append(jitter_colour(crop.take(image, size), rng, self.jitter))
        return torch.stack(crops)


@dataclass(frozen=True)
class Crop:
    """A square of an image, perhaps mirrored. Several images can take the same."""

    top: int
    left: int
    side: int
    mirrored: bool

    @classmethod
    def draw(
        cls, rng: np.random.Generator, whole: int, cover: tuple[float, float], mirror: bool = True
    ) -> Crop:
        side = round(whole * rng.uniform(*cover))
        top, left = rng.integers(0, whole - side + 1, size=2)
        return cls(int(top), int(left), side, bool(mirror and rng.random() < 0.5))

    def take(self, image: np.ndarray, size: int) -> Tensor:
        """uint8 [h, w, 3] -> float [3, size, size]."""
        part = image[self.top : self.top + self.side, self.left : self.left + self.side]
        crop = to_float(part[:, ::-1] if self.mirrored else part)
        if self.side == size:
            return crop
        return F.interpolate(crop[None], (size, size), mode="bilinear", align_corners=False, antialias=True)[
            0
        ]

    def sample(self, classes: np.ndarray, size: int) -> np.ndarray:
        """A map [h, w] -> [size, size]. Classes do not mix: each pixel is one of the map's."""
        part = classes[self.top : self.top + self.side, self.left : self.left + self.side]
        at = ((np.arange(size) + 0.5) * self.side / size).astype(int)
        return (part[:, ::-1] if self.mirrored else part)[np.ix_(at, at)]


def jitter_colour(image: Tensor, rng: np.random.Generator, amount: float) -> Tensor:
    """Change brightness, contrast and saturation of [3, h, w], each by up to `amount`."""
    if amount == 0:
        return image
    light, contrast, saturation = rng.uniform(-amount, amount, size=3)
    grey = (image * torch.tensor(LUMA)[:, None, None]).sum(0, keepdim=True)
    image = grey + (image - grey) * float(1 + saturation)
    mean = float(grey.mean())
    return ((image - mean) * float(1 + contrast) + mean + float(light)).clamp(-1, 1)
