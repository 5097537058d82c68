"""What is measured: the generator and, for comparison, what needs no training.

A translator maps pictures, uint8 [n, h, w, 3], to the target domain (0 is a, 1 is b) at a strength
from 0 to 1. The baselines are stronger than the generator in one point: they need and are given the
target set.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluate import colour

Translator = Callable[[np.ndarray, int, float], np.ndarray]
CODES = (-1.0, 1.0)


def by_code(run: Callable[[np.ndarray, float], np.ndarray]) -> Translator:
    """A domain-coded generator: run(pictures, code)."""
    return lambda pictures, target, strength: run(pictures, strength * CODES[target])


def identity(pictures: np.ndarray, target: int, strength: float) -> np.ndarray:
    return pictures


def blend(pictures: np.ndarray, full: np.ndarray, strength: float) -> np.ndarray:
    if strength == 1:
        return full
    mixed = [x + strength * (y.astype(np.float32) - x) for x, y in zip(pictures, full)]
    return np.round(mixed).astype(np.uint8)


def global_transfer(domains: list[np.ndarray]) -> Translator:
    """One map for all pictures: from the other set's mean and covariance to the target set's."""
    of = [colour.colours(d) for d in domains]

    def translate(pictures: np.ndarray, target: int, strength: float) -> np.ndarray:
        full = np.stack([colour.transfer(p, of[1 - target], of[target]) for p in pictures])
        return blend(pictures, full, strength)

    return translate


def picture_transfer(domains: list[np.ndarray], seed: int = 0) -> Translator:
    """Each picture gets the mean and covariance of a random target picture, by its place in the set."""
    of = [[colour.colours(p) for p in d] for d in domains]

    def translate(pictures: np.ndarray, target: int, strength: float) -> np.ndarray:
        rng = np.random.default_rng((seed, target))
        chosen = rng.integers(len(of[target]), size=len(pictures))
        pairs = zip(pictures, chosen)
        full = np.stack([colour.transfer(p, colour.colours(p), of[target][i]) for p, i in pairs])
        return blend(pictures, full, strength)

    return translate
