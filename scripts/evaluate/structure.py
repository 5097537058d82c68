"""What becomes of the drawing: edges kept, lattices added. Pictures are uint8 [h, w, 3]."""

from __future__ import annotations

import numpy as np

from evaluate.metrics import correlation

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
CLIP = 8.0  # grey levels
PERIODS = (2, 4, 8)
FLAG_LEVEL, FLAG_RATIO = 0.25, 2.0  # as stages/check.go


def luma(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) @ LUMA


def edges(grey: np.ndarray) -> np.ndarray:
    """Gradient magnitude by central differences."""
    vertical, horizontal = np.gradient(grey)
    return np.hypot(vertical, horizontal)


def edges_kept(picture: np.ndarray, source: np.ndarray) -> float:
    """Correlation of the gradient magnitudes of luma: 1 where every edge stays as strong as it was."""
    return correlation(edges(luma(picture)), edges(luma(source)))


def lattice(picture: np.ndarray) -> np.ndarray:
    """Amplitudes, in grey levels, of patterns that repeat every 2, 4 and 8 pixels.

    The measure of stages/check.go: the spread of the means of luma less its 8 neighbours' mean,
    clipped, over the phases of the lattice, less what chance gives.
    """
    y = luma(picture)
    h, w = y.shape
    total = sum(y[i : h - 2 + i, j : w - 2 + j] for i in range(3) for j in range(3))
    rest = np.clip((9 * y[1:-1, 1:-1] - total) / 8, -CLIP, CLIP)
    found = []
    for s in PERIODS:
        means = np.array([rest[a::s, b::s].mean() for a in range(s) for b in range(s)])
        chance = rest.var() * (s * s - 1) / rest.size
        found.append(np.sqrt(max(0.0, float(means.var()) - chance)))
    return np.array(found)


def flagged(after: np.ndarray, before: np.ndarray) -> bool:
    """Whether amplitudes show a checkerboard that the source's do not."""
    return bool(np.any((after > FLAG_LEVEL) & (after > FLAG_RATIO * before)))
