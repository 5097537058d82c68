from __future__ import annotations

import numpy as np
import pytest

from evaluate import card, metrics


def pictures(value: int) -> np.ndarray:
    return np.full((2, 4, 4, 3), value, np.uint8)


def test_psnr_of_one_level_is_48_decibels():
    assert metrics.psnr(pictures(10), pictures(11)) == pytest.approx(48.13, abs=0.01)


def test_distance_does_not_wrap_round():
    assert metrics.distance(pictures(0), pictures(255)) == 255


def test_flip_rate_counts_only_what_was_elsewhere():
    before, after = np.array([-1.0, -1.0, 2.0]), np.array([1.0, -1.0, 2.0])
    assert metrics.flip_rate(before, after, target=1) == 0.5


def test_monotone_forgives_trembling_but_not_a_step_back():
    scores = np.array([[0.0], [-0.05], [1.0], [0.5]])
    assert metrics.monotone(scores, target=1) == pytest.approx(2 / 3)


def test_colour_transfer_takes_the_targets_mean():
    rng = np.random.default_rng(0)
    dark, light = (rng.integers(low, low + 60, (3, 16, 16, 3), dtype=np.uint8) for low in (20, 150))
    assert metrics.transfer_colour(dark, light).mean() == pytest.approx(light.mean(), abs=1)


def test_the_card_keeps_its_prose():
    rows = [("steps", "7")]
    once = card.insert("# Card\n\nProse.\n", [("steps", "6")])
    twice = card.insert(once, rows)
    assert (
        twice.startswith("# Card\n\nProse.\n") and "| steps | 7 |" in twice and "| steps | 6 |" not in twice
    )
