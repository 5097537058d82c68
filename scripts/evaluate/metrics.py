"""Figures of single pictures and their scores.

Pictures are uint8 [n, h, w, 3]; scores are a judge's logit of domain b less that of domain a.
"""

from __future__ import annotations

import numpy as np

from measure.images import psnr

NAN = float("nan")


def psnrs(pictures: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The PSNR of each image in dB, [n]. Exact copies count as 60."""
    return np.array([psnr(x, y) for x, y in zip(pictures, reference)])


def distances(pictures: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Mean absolute difference of each picture in levels of 0..255, [n]."""
    return np.array([np.abs(x.astype(np.float32) - y).mean() for x, y in zip(pictures, reference)])


def towards(scores: np.ndarray, target: int) -> np.ndarray:
    """The scores, positive in the target domain; domain a is 0."""
    return scores if target else -scores


def accuracy(scores: np.ndarray, label: int) -> float:
    """Part of the scores on the label's side of zero."""
    return float(np.mean(towards(scores, label) > 0))


def flip_rate(before: np.ndarray, after: np.ndarray, target: int) -> float:
    """Of the pictures that the judge did not place in the target domain before, the part it does after."""
    elsewhere = towards(before, target) <= 0
    return accuracy(after[elsewhere], target) if elsewhere.any() else NAN


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0; equal values share the mean of theirs."""
    values = np.asarray(values)
    below = (values[None] < values[:, None]).sum(1)
    equal = (values[None] == values[:, None]).sum(1)
    return below + (equal - 1) / 2


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of the ranks; not a number where either does not vary."""
    return correlation(ranks(x), ranks(y))


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / scale) if scale > 0 else NAN


def response(scores: np.ndarray, target: int, steps: int = 2) -> tuple[float, float, float]:
    """Of scores [strengths, n]: Spearman, largest step and range of the mean over the pictures.

    Spearman is the mean over the pictures of the rank correlation of strength and score; the step
    spans `steps` neighbours and is a share of the range, 1 for a switch.
    """
    scores = towards(scores, target)
    order = np.arange(len(scores))
    each = [spearman(order, scores[:, i]) for i in range(scores.shape[1])]
    mean = scores.mean(1)
    span = float(mean[-1] - mean[0])
    largest = float(np.max(mean[steps:] - mean[:-steps]) / span) if span else NAN
    # Where no picture changes there is nothing to correlate.
    return (float(np.nanmean(each)) if not np.isnan(each).all() else NAN), largest, span


def auc(higher: np.ndarray, lower: np.ndarray) -> float:
    """How often a value of the first is above one of the second: the area under the ROC curve."""
    difference = higher[:, None] - lower[None]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
