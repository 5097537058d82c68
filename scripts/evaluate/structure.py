"""How much of the drawing survives a translation. Pictures are uint8 [h, w, 3]."""

from __future__ import annotations

import numpy as np

from evaluate.metrics import correlation

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def luma(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) @ LUMA


def edges(grey: np.ndarray) -> np.ndarray:
    """Gradient magnitude by central differences."""
    vertical, horizontal = np.gradient(grey)
    return np.hypot(vertical, horizontal)


def edges_kept(picture: np.ndarray, source: np.ndarray) -> float:
    """Correlation of the gradient magnitudes of luma: 1 where every edge stays as strong as it was."""
    return correlation(edges(luma(picture)), edges(luma(source)))
