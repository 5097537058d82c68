"""Colour transfer: the linear map from one mean and covariance of colours to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Colours:
    """Mean [3] and covariance [3, 3] of RGB pixels."""

    mean: np.ndarray
    covariance: np.ndarray


def colours(images: np.ndarray) -> Colours:
    """Mean and covariance of the colours of one image or a set, uint8 [..., 3]."""
    pixels = images.reshape(-1, 3)
    if len(pixels) > 10**6:  # a set of images: every 17th pixel is enough
        pixels = pixels[::17]
    pixels = pixels.astype(np.float64)
    return Colours(pixels.mean(0), np.cov(pixels.T))


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """Power of a symmetric matrix. Eigenvalues are at least 1, so that grey images have an inverse."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1.0) ** exponent) @ vectors.T


def transfer(images: np.ndarray, source: Colours, target: Colours) -> np.ndarray:
    """Map colours by the Monge-Kantorovich transfer (Pitie & Kokaram 2007), uint8 in and out."""
    root, inverse = power(source.covariance, 0.5), power(source.covariance, -0.5)
    matrix = inverse @ power(root @ target.covariance @ root, 0.5) @ inverse
    moved = (images - source.mean) @ matrix + target.mean
    return np.clip(np.round(moved), 0, 255).astype(np.uint8)
