"""Translators: the generator, and baselines that need no training.

A translator maps images, uint8 [n, h, w, 3], to the target domain (0 is a, 1 is b) at a strength
from 0 to 1. The baselines have one advantage over the generator: they see the target set.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluate import colour

Translator = Callable[[np.ndarray, int, float], np.ndarray]
CODES = (-1.0, 1.0)


def by_code(run: Callable[[np.ndarray, float], np.ndarray]) -> Translator:
    """The translator of a domain-coded generator, run(images, code)."""
    return lambda images, target, strength: run(images, strength * CODES[target])


def identity(images: np.ndarray, target: int, strength: float) -> np.ndarray:
    return images


def blend(images: np.ndarray, full: np.ndarray, strength: float) -> np.ndarray:
    if strength == 1:
        return full
    mixed = [x + strength * (y.astype(np.float32) - x) for x, y in zip(images, full)]
    return np.round(mixed).astype(np.uint8)


def global_transfer(domains: list[np.ndarray]) -> Translator:
    """Map all images alike: from the mean and covariance of the other set to those of the target set."""
    of = [colour.colours(d) for d in domains]

    def translate(images: np.ndarray, target: int, strength: float) -> np.ndarray:
        full = np.stack([colour.transfer(p, of[1 - target], of[target]) for p in images])
        return blend(images, full, strength)

    return translate


def image_transfer(domains: list[np.ndarray], seed: int = 0) -> Translator:
    """Give each image the mean and covariance of a target image, drawn at random with a fixed seed."""
    of = [[colour.colours(p) for p in d] for d in domains]

    def translate(images: np.ndarray, target: int, strength: float) -> np.ndarray:
        rng = np.random.default_rng((seed, target))
        chosen = rng.integers(len(of[target]), size=len(images))
        pairs = zip(images, chosen)
        full = np.stack([colour.transfer(p, colour.colours(p), of[target][i]) for p, i in pairs])
        return blend(images, full, strength)

    return translate
