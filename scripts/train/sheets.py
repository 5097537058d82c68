"""Contact sheets: one image per row, with the results of the method in columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from train.data import Sampler, to_float
from train.methods import Method


def grid(columns: list[Tensor]) -> np.ndarray:
    """Join columns of [n, 3, h, w] in [-1, 1] to one uint8 image [n*h, columns*w, 3]."""
    wide = torch.cat(columns, dim=3).movedim(1, -1)
    pixels = ((wide.float().cpu() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return pixels.flatten(0, 1).numpy()


def pick(sampler: Sampler, n: int) -> np.ndarray:
    """n images of a domain, spread over its folders. Every call picks the same ones."""
    folders = sampler.folders
    chosen = []
    for i in range(n):
        pixels = folders[i % len(folders)].pixels
        chosen.append(pixels[(i * 37 + 11) % len(pixels)])
    return np.stack(chosen)


def write(path: Path, trainer: Method, a: Sampler, b: Sampler, n: int = 4) -> None:
    """Write a sheet with n training images of each domain, unless the method has nothing to show."""
    images = to_float(np.concatenate([pick(a, n), pick(b, n)]))
    columns = trainer.sheet(images)
    if not columns:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grid(columns)).save(path)
