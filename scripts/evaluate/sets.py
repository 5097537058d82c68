"""Distances between two sets of images or of features."""

from __future__ import annotations

import numpy as np

PATCH = 7
LEVELS = 4  # 256, 128, 64 and 32 pixels


def kid(x: np.ndarray, y: np.ndarray) -> float:
    """Kernel distance of features [n, d]: the unbiased squared MMD of the cubic kernel.

    From Binkowski et al. 2018, who use Inception features. It can be slightly negative.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def within(a: np.ndarray) -> float:
        k = kernel(a, a)
        return float((k.sum() - np.trace(k)) / (len(a) * (len(a) - 1)))

    return within(x) + within(y) - 2 * float(kernel(x, y).mean())


def halve(x: np.ndarray) -> np.ndarray:
    """[n, h, w, 3] averaged over 2x2 pixels."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def laplacian(x: np.ndarray, levels: int = LEVELS) -> list[np.ndarray]:
    """Each level minus the enlarged next one, then the coarsest. Enlarged, they add up to the image."""
    pyramid = []
    for _ in range(levels - 1):
        small = halve(x)
        pyramid.append(x - small.repeat(2, axis=1).repeat(2, axis=2))
        x = small
    return [*pyramid, x]


def descriptors(level: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Patches from random places, [count, 7 * 7 * 3]."""
    n, h, w, _ = level.shape
    which = rng.integers(n, size=count)
    tops, lefts = rng.integers(h - PATCH + 1, size=count), rng.integers(w - PATCH + 1, size=count)
    patches = [level[i, t : t + PATCH, o : o + PATCH] for i, t, o in zip(which, tops, lefts)]
    return np.stack(patches).reshape(count, -1)


def sliced_wasserstein(x: np.ndarray, y: np.ndarray, count: int = 8192, slices: int = 128) -> float:
    """Sliced Wasserstein distance of images to the target set y, averaged over Laplacian levels.

    From Karras et al. 2018. Patches are normalised by mean and deviation of each level. Unlike in the
    paper, both sets are normalised by the target's, so a colour cast counts.
    """
    rng = np.random.default_rng(0)
    found = []
    for a, b in zip(laplacian(x.astype(np.float32)), laplacian(y.astype(np.float32))):
        mean, deviation = b.mean((0, 1, 2)), b.std((0, 1, 2)) + 1e-6
        p, q = (descriptors((s - mean) / deviation, count, rng) for s in (a, b))
        axes = rng.normal(size=(p.shape[1], slices)).astype(np.float32)
        axes /= np.linalg.norm(axes, axis=0)
        found.append(np.abs(np.sort(p @ axes, axis=0) - np.sort(q @ axes, axis=0)).mean())
    return float(np.mean(found))
