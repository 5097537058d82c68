"""Figures of merit. Pictures are uint8 [n, h, w, 3]; scores are the judge's logit difference b - a."""

from __future__ import annotations

import numpy as np


def psnr(pictures: np.ndarray, reference: np.ndarray) -> float:
    """Mean over the pictures of 10 log10(255^2 / mse), in dB; exact copies count as 60."""
    error = (pictures.astype(np.float64) - reference) ** 2
    mse = np.maximum(error.mean(axis=(1, 2, 3)), 255**2 / 10**6)
    return float(np.mean(10 * np.log10(255**2 / mse)))


def distance(pictures: np.ndarray, reference: np.ndarray) -> float:
    """Mean absolute difference in levels of 0..255."""
    return float(np.abs(pictures.astype(np.float32) - reference).mean())


def accuracy(scores: np.ndarray, label: int) -> float:
    """Part of the scores on the label's side of zero; label 0 is domain a."""
    return float(np.mean((scores > 0) == bool(label)))


def flip_rate(before: np.ndarray, after: np.ndarray, target: int) -> float:
    """Of the pictures that the judge did not place in the target domain before, the part it does after."""
    elsewhere = (before > 0) != bool(target)
    return float(np.mean((after[elsewhere] > 0) == bool(target))) if elsewhere.any() else float("nan")


def monotone(scores: np.ndarray, target: int, slack: float = 0.1) -> float:
    """Scores [strengths, n]: part of the steps of strength that move towards the target domain.

    A step back of less than `slack` logits counts as none: where there is little to change, the
    score trembles with rounding.
    """
    steps = np.diff(scores, axis=0) * (1 if target else -1)
    return float(np.mean(steps > -slack))


def transfer_colour(pictures: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The baseline to beat: give every picture the target set's mean and deviation per channel.

    (Reinhard et al. 2001, in RGB.)
    """
    x, y = pictures.astype(np.float32), target.astype(np.float32)
    axes = (1, 2)
    mean, deviation = x.mean(axes, keepdims=True), x.std(axes, keepdims=True) + 1
    wanted_mean = y.mean((0, 1, 2))
    wanted_deviation = y.std(axes).mean(0)
    moved = (x - mean) / deviation * wanted_deviation + wanted_mean
    return np.clip(np.round(moved), 0, 255).astype(np.uint8)
