"""Folders of images as squares, and the distance between images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from train import data


def squares(folder: Path, side: int, most: int | None = None) -> list[np.ndarray]:
    """The centre squares of the images in a folder and its subfolders, uint8 [side, side, 3].

    most: how many to take at most, every k-th in the order of their paths; None takes all.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in data.SUFFIXES)
    if not paths:
        raise ValueError(f"no images in {folder}")
    if most:
        paths = paths[:: max(1, len(paths) // most)][:most]
    return [data.decode(str(p), side) for p in paths]


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """10 log10(255² / mean squared error) in dB, for bytes of any shape. Equal arrays give 60."""
    error = np.mean((image.astype(np.float64) - reference) ** 2)
    return float(10 * np.log10(255**2 / max(error, 255**2 / 10**6)))
