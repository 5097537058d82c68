"""How much of the drawing survives a translation. Images are uint8 [h, w, 3]."""

from __future__ import annotations

import numpy as np

from evaluate.metrics import correlation
from train import data

LUMA = np.array(data.LUMA, np.float32)


def luma(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32) @ LUMA


def edges(grey: np.ndarray) -> np.ndarray:
    """Gradient magnitude by central differences."""
    vertical, horizontal = np.gradient(grey)
    return np.hypot(vertical, horizontal)


def edges_kept(image: np.ndarray, source: np.ndarray) -> float:
    """Correlation of the gradient magnitudes of luma: 1 if every edge keeps its strength."""
    return correlation(edges(luma(image)), edges(luma(source)))
