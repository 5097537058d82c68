"""The data of the zoo as arrays. Images are uint8 [n, side, side, 3], read once and cached."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train import data

# The classes of the CMP facades (Tylecek & Sara 2013) and their colours in the label maps.
FACADES = {
    "background": (0, 0, 222),
    "wall": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 208, 255),
    "cornice": (32, 255, 224),
    "sill": (112, 255, 143),
    "balcony": (192, 255, 63),
    "blind": (255, 240, 0),
    "decoration": (255, 160, 0),
    "moulding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (174, 0, 0),
}


@dataclass(frozen=True)
class Faces:
    """Faces, and their attributes as 0 and 1 by name, each [n]."""

    pixels: np.ndarray
    attributes: dict[str, np.ndarray]


def paths_of(folder: Path) -> list[Path]:
    """The images in a folder, in the order of their names."""
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in data.SUFFIXES)
    if not found:
        raise FileNotFoundError(f"no images in {folder}")
    return found


def read(paths: list[Path], side: int) -> np.ndarray:
    """The centre squares of images, scaled to side x side."""
    stats = (f"{p} {p.stat().st_mtime_ns}" for p in paths)
    key = hashlib.sha256("\n".join([str(side), *stats]).encode()).hexdigest()[:24]
    return data.remembered(
        f"{key}-{side}-zoo.npy", lambda: np.stack([data.decode(str(p), side) for p in paths])
    )


def folder(path: Path, side: int) -> np.ndarray:
    return read(paths_of(path), side)


def faces(root: Path, part: str, side: int) -> Faces:
    """The faces of `train` or `validation`."""
    with (root / "faces" / "attributes.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(f"{part}/")]
    pixels = read([root / "faces" / row["file"] for row in rows], side)
    names = [name for name in rows[0] if name != "file"]
    return Faces(pixels, {name: np.array([int(row[name]) for row in rows]) for name in names})


def digits(root: Path, part: str, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """MNIST, uint8 [n, side, side, 3], and the digits [n]."""
    found = [folder(root / "digits" / part / str(digit), side) for digit in range(10)]
    labels = [np.full(len(pixels), digit) for digit, pixels in enumerate(found)]
    return np.concatenate(found), np.concatenate(labels)


def classes(maps: np.ndarray) -> np.ndarray:
    """The class of each pixel of label maps of facades, [n, h, w]: the nearest of the colours."""
    colours = np.array(list(FACADES.values()), np.float32)
    flat = maps.reshape(-1, 3).astype(np.float32)
    distances = np.stack([((flat - colour) ** 2).sum(1) for colour in colours])
    return distances.argmin(0).astype(np.uint8).reshape(maps.shape[:-1])


def facades(root: Path, part: str, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Photographs and the classes of their pixels, [n, side, side]."""
    base = root / "facades" / part
    # Colours must not be mixed: take every k-th pixel of the map.
    whole = folder(base / "label", 256)
    step = 256 // side
    return folder(base / "photo", side), classes(whole[:, step // 2 :: step, step // 2 :: step])
