"""Contact sheets: one image per row, with the results of the method in columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from train import files
from train.methods import Method
from train.sources import Source


def grid(columns: list[Tensor]) -> np.ndarray:
    """Join columns of [n, 3 or 1, h, w] in [-1, 1] to one uint8 image [n*h, columns*w, 3]."""
    wide = torch.cat([column.float().cpu().expand(-1, 3, -1, -1) for column in columns], dim=3).movedim(1, -1)
    pixels = ((wide + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return pixels.flatten(0, 1).numpy()


def write(path: Path, trainer: Method, source: Source) -> None:
    """Write a sheet of training images and what the method makes of them, unless it shows nothing."""
    columns = trainer.sheet(source.shown())
    if not columns:
        return
    with files.replacing(path) as file:
        Image.fromarray(grid(columns)).save(file, "PNG")
