"""The noise that gtx draws. Golden cases need it to record the results that gtx makes from it.

It is drawn as in models/noise.go: by the PCG of Go's math/rand/v2 (PCG-DXSM, O'Neill 2014), seeded by the
run's seed and the FNV-1a hash of the input's name. Normal numbers come from the ziggurat of Marsaglia &
Tsang (2000).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MASK64, MASK128 = (1 << 64) - 1, (1 << 128) - 1
MULTIPLIER = (2549297995355413924 << 64) | 4865540595714422341
INCREMENT = (6364136223846793005 << 64) | 1442695040888963407
CHEAP = 0xDA942042E4DD58B5
R = 3.442619855899  # where the tail begins
AREA = 9.91256303526217e-3  # of each layer
LAYERS = 128


def fnv1a(text: str) -> int:
    """The 64-bit FNV-1a hash."""
    found = 0xCBF29CE484222325
    for byte in text.encode():
        found = (found ^ byte) * 0x100000001B3 & MASK64
    return found


def layers() -> tuple[list[int], list[np.float32], list[np.float32]]:
    """The tables kn, wn and fn of the ziggurat."""
    scale = 2.0**31
    kn, wn, fn = [0] * LAYERS, [np.float32(0)] * LAYERS, [np.float32(0)] * LAYERS
    x = last = R
    q = AREA / math.exp(-0.5 * x * x)
    kn[0], wn[0], fn[0] = int(x / q * scale), np.float32(q / scale), np.float32(1)
    wn[-1], fn[-1] = np.float32(x / scale), np.float32(math.exp(-0.5 * x * x))
    for i in range(LAYERS - 2, 0, -1):
        x = math.sqrt(-2 * math.log(AREA / x + math.exp(-0.5 * x * x)))
        kn[i + 1] = int(x / last * scale)
        last = x
        fn[i], wn[i] = np.float32(math.exp(-0.5 * x * x)), np.float32(x / scale)
    return kn, wn, fn


class Random:
    """PCG-DXSM of Go's math/rand/v2."""

    tables = layers()

    def __init__(self, first: int, second: int) -> None:
        self.state = (first << 64) | second

    def bits(self) -> int:
        self.state = (self.state * MULTIPLIER + INCREMENT) & MASK128
        high, low = self.state >> 64, self.state & MASK64
        high ^= high >> 32
        high = high * CHEAP & MASK64
        high ^= high >> 48
        return high * (low | 1) & MASK64

    def uniform(self) -> float:
        """From 0 to 1."""
        return (self.bits() & ((1 << 53) - 1)) / (1 << 53)

    def normal(self) -> float:
        kn, wn, fn = self.tables
        while True:
            drawn = self.bits()
            j = (drawn & 0xFFFFFFFF) - ((drawn & 0x80000000) << 1)  # as a signed number
            i = drawn >> 32 & 0x7F
            x = j * float(wn[i])
            if abs(j) < kn[i]:
                return x
            if i == 0:
                return self.tail(j)
            height = fn[i] + np.float32(self.uniform()) * (fn[i - 1] - fn[i])
            if height < np.float32(math.exp(-0.5 * x * x)):
                return x

    def tail(self, j: int) -> float:
        while True:
            x = -math.log(self.uniform()) / R
            y = -math.log(self.uniform())
            if y + y >= x * x:
                return R + x if j > 0 else -R - x


def draw(name: str, count: int, seed: int = 0, dist: str = "normal") -> NDArray[np.float32]:
    """The noise of the input `name` for one image."""
    random = Random(seed, fnv1a(name))
    if dist == "uniform":
        return np.array([2 * random.uniform() - 1 for _ in range(count)], np.float32)
    return np.array([random.normal() for _ in range(count)], np.float32)
