"""CIELAB, for measures of what is white and what is green."""

from __future__ import annotations

import numpy as np

TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                   [0.0193339, 0.1191920, 0.9503041]], np.float32)  # fmt: skip
WHITE = TO_XYZ.sum(1)  # of sRGB, D65
LINEAR = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                   for c in np.arange(256) / 255], np.float32)  # fmt: skip


def lab(pixels: np.ndarray) -> np.ndarray:
    """sRGB bytes [..., 3] -> L*, a*, b* (CIE 1976)."""
    ratio = LINEAR[pixels] @ TO_XYZ.T / WHITE
    cubic = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(cubic, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
