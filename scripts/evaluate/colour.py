"""Colour transfer: the linear map from one mean and covariance of colours to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Colours:
    """Mean [3] and covariance [3, 3] of RGB pixels."""

    mean: np.ndarray
    covariance: np.ndarray


def colours(pictures: np.ndarray) -> Colours:
    """Of one picture or of a set, uint8 [..., 3]."""
    pixels = pictures.reshape(-1, 3)
    if len(pixels) > 10**6:  # a set: every 17th pixel tells as much
        pixels = pixels[::17]
    pixels = pixels.astype(np.float64)
    return Colours(pixels.mean(0), np.cov(pixels.T))


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """Power of a symmetric matrix; a floor keeps the inverse of grey pictures finite."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1.0) ** exponent) @ vectors.T


def transfer(pictures: np.ndarray, source: Colours, target: Colours) -> np.ndarray:
    """Move colours the shortest way (Pitie & Kokaram 2007, Monge-Kantorovich), uint8 in and out."""
    root, inverse = power(source.covariance, 0.5), power(source.covariance, -0.5)
    matrix = inverse @ power(root @ target.covariance @ root, 0.5) @ inverse
    moved = (pictures - source.mean) @ matrix + target.mean
    return np.clip(np.round(moved), 0, 255).astype(np.uint8)
