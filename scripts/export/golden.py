"""Golden cases: answers of the network that `gtx models verify` compares with, wherever it runs."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Case = dict[str, Any]

SIDE = 64  # of the picture that goes in
SQUARE = 8  # side of the blue squares in it
CELLS = 8  # rows and columns of the means of what comes out
# Devices and versions of ONNX Runtime differ by a fraction of a grey level; half a one is lost in
# rounding the means.
LEVELS = 1.5
PROBABILITY = 0.02


def ramps(height: int, width: int) -> Image:
    """The picture: red grows to the right, green downwards, blue is a board of squares."""
    y, x = np.mgrid[0:height, 0:width]
    red = x * 255 // (width - 1)
    green = y * 255 // (height - 1)
    blue = (x // SQUARE + y // SQUARE) % 2 * 255
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def means(image: Image) -> str:
    """The means of a picture [h, w, 3] in 8×8 cells, rounded, row by row and RGB in each, in base64."""
    height, width, _ = image.shape
    rows = [i * height // CELLS for i in range(CELLS + 1)]
    columns = [i * width // CELLS for i in range(CELLS + 1)]
    levels = bytearray()
    for top, bottom in zip(rows, rows[1:]):
        for left, right in zip(columns, columns[1:]):
            cell = image[top:bottom, left:right].reshape(-1, 3).astype(np.int64)
            levels += bytes(((2 * cell.sum(axis=0) + len(cell)) // (2 * len(cell))).tolist())
    return base64.b64encode(bytes(levels)).decode()


def picture_case(image: Image, **args: Any) -> Case:
    """The case of a translator that makes `image` of the ramps."""
    height, width, _ = image.shape
    return {
        "inputs": {"picture": "ramps", "h": SIDE, "w": SIDE},
        "args": args,
        "output": {"h": height, "w": width, "means": means(image)},
        "tol": LEVELS,
    }


def probability_case(probabilities: list[float]) -> Case:
    """The case of a classifier that gives these for the ramps."""
    return {
        "inputs": {"picture": "ramps", "h": SIDE, "w": SIDE},
        "output": {"probabilities": [round(p, 4) for p in probabilities]},
        "tol": PROBABILITY,
    }
