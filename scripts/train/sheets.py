"""Contact sheets: pictures in rows, what a method makes of them in columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from train.data import Sampler, to_float
from train.methods import Method


def grid(columns: list[Tensor]) -> np.ndarray:
    """Columns of [n, 3, h, w] in [-1, 1] -> one uint8 picture [n*h, columns*w, 3]."""
    wide = torch.cat(columns, dim=3).movedim(1, -1)
    pixels = ((wide.float().cpu() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return pixels.flatten(0, 1).numpy()


def pick(sampler: Sampler, n: int) -> np.ndarray:
    """n pictures of a domain, always the same, spread over its folders."""
    folders = sampler.folders
    chosen = []
    for i in range(n):
        pixels = folders[i % len(folders)].pixels
        chosen.append(pixels[(i * 37 + 11) % len(pixels)])
    return np.stack(chosen)


def write(path: Path, trainer: Method, a: Sampler, b: Sampler, n: int = 4) -> None:
    """Write a sheet of n training pictures of each domain, if the method has something to show."""
    images = to_float(np.concatenate([pick(a, n), pick(b, n)]))
    columns = trainer.sheet(images)
    if not columns:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grid(columns)).save(path)
