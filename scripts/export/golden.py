"""Golden cases: recorded answers of a network, which `gtx models verify` compares with new ones."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Case = dict[str, Any]

SIDE = 64  # side of the input image
SQUARE = 8  # side of the blue squares in it
CELLS = 8  # rows, and columns, of the means of the output
PROBABILITY = 0.02


def ramps(height: int, width: int) -> Pixels:
    """The input image: red grows to the right, green downwards, and blue is a board of squares."""
    y, x = np.mgrid[0:height, 0:width]
    red = x * 255 // (width - 1)
    green = y * 255 // (height - 1)
    blue = (x // SQUARE + y // SQUARE) % 2 * 255
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def means(image: Pixels) -> str:
    """The rounded means of 8×8 cells of an image [h, w, 3], in base64: row by row, RGB for each cell."""
    height, width, _ = image.shape
    rows = [i * height // CELLS for i in range(CELLS + 1)]
    columns = [i * width // CELLS for i in range(CELLS + 1)]
    levels = bytearray()
    for top, bottom in zip(rows, rows[1:]):
        for left, right in zip(columns, columns[1:]):
            cell = image[top:bottom, left:right].reshape(-1, 3).astype(np.int64)
            levels += bytes(((2 * cell.sum(axis=0) + len(cell)) // (2 * len(cell))).tolist())
    return base64.b64encode(bytes(levels)).decode()


def image_case(image: Pixels, side: int, tolerance: float, **args: Any) -> Case:
    """The case of a translator that turns ramps of `side` pixels into `image`.

    tolerance: of the means, in grey levels; rounding them takes up to half a level of it. args are the
    arguments of the run.
    """
    height, width, _ = image.shape
    return {
        "inputs": {"picture": "ramps", "h": side, "w": side},
        "args": args,
        "output": {"h": height, "w": width, "means": means(image)},
        "tol": tolerance,
    }


def probability_case(probabilities: list[float]) -> Case:
    """The case of a classifier that gives these probabilities for the ramps."""
    return {
        "inputs": {"picture": "ramps", "h": SIDE, "w": SIDE},
        "output": {"probabilities": [round(p, 4) for p in probabilities]},
        "tol": PROBABILITY,
    }
