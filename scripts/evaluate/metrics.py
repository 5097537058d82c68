"""Figures for single images and their scores.

Images are uint8 [n, h, w, 3]. A score is a judge's logit of domain b minus that of domain a.
"""

from __future__ import annotations

import numpy as np

from measure.images import psnr

NAN = float("nan")


def psnrs(images: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The PSNR of each image in dB, [n]. Exact copies count as 60."""
    return np.array([psnr(x, y) for x, y in zip(images, reference)])


def distances(images: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Mean absolute difference of each image, in levels of 0..255, [n]."""
    return np.array([np.abs(x.astype(np.float32) - y).mean() for x, y in zip(images, reference)])


def towards(scores: np.ndarray, target: int) -> np.ndarray:
    """The scores with their sign changed so that positive means the target domain (0 is a, 1 is b)."""
    return scores if target else -scores


def accuracy(scores: np.ndarray, label: int) -> float:
    """The share of the scores on the label's side of zero."""
    return float(np.mean(towards(scores, label) > 0))


def flip_rate(before: np.ndarray, after: np.ndarray, target: int) -> float:
    """The share of images that move into the target domain, among those the judge saw outside it before."""
    elsewhere = towards(before, target) <= 0
    return accuracy(after[elsewhere], target) if elsewhere.any() else NAN


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0. Equal values share their mean rank."""
    values = np.asarray(values)
    below = (values[None] < values[:, None]).sum(1)
    equal = (values[None] == values[:, None]).sum(1)
    return below + (equal - 1) / 2


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of the ranks; NaN if x or y is constant."""
    return correlation(ranks(x), ranks(y))


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / scale) if scale > 0 else NAN


def response(scores: np.ndarray, target: int, steps: int = 2) -> tuple[float, float, float]:
    """Spearman, largest step and range of scores [strengths, n].

    Spearman is the rank correlation of strength and score, averaged over the images. Step and range
    are those of the mean score. The step is the largest change over `steps` strengths, as a share of
    the range: 1 for a switch.
    """
    scores = towards(scores, target)
    order = np.arange(len(scores))
    each = [spearman(order, scores[:, i]) for i in range(scores.shape[1])]
    mean = scores.mean(1)
    span = float(mean[-1] - mean[0])
    largest = float(np.max(mean[steps:] - mean[:-steps]) / span) if span else NAN
    # If no image changes, there is nothing to correlate.
    return (float(np.nanmean(each)) if not np.isnan(each).all() else NAN), largest, span


def auc(higher: np.ndarray, lower: np.ndarray) -> float:
    """The area under the ROC curve: how often a value of `higher` exceeds one of `lower`."""
    difference = higher[:, None] - lower[None]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
