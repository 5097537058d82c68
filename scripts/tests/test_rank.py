from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from train import rank
from train.colourspace import lab

PLAIN = {
    **{"white": 0.5, "green": 0.0, "light": 60.0, "red": 0.0},
    **{"landscape": 0.5, "other": 0.0, "built": 0.0, "people": 0.0, "own": 0.8},
}


def options() -> argparse.Namespace:
    return rank.parse(["--a", "a", "--b", "b", "--out", "drop.txt"])


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [((255, 255, 255), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((255, 0, 0), (53.2, 80.1, 67.2))],
)
def test_lab_of_known_colours(rgb: tuple[int, ...], expected: tuple[float, ...]):
    assert lab(np.array(rgb, np.uint8)) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("label", "change", "why"),
    [
        (1, {}, ""),
        (1, {"light": 10.0}, "dark"),
        (1, {"other": 0.6}, "print or people"),
        (1, {"built": 0.3}, "cars or houses"),
        (-1, {"built": 0.3, "green": 0.4}, ""),
        (1, {"people": 0.1}, "people or animals"),
        (1, {"red": 0.01}, "vivid red"),
        (-1, {"people": 0.1, "red": 0.01, "green": 0.4}, ""),
        (1, {"white": 0.09}, "not white"),
        (-1, {"white": 0.0, "green": 0.4}, ""),
        (-1, {"white": 0.3, "own": 0.1}, "white summer"),
        (-1, {"white": 0.0, "own": 0.1}, "not green"),
    ],
)
def test_images_are_left_out_for_a_reason(label: int, change: dict, why: str):
    assert rank.reason(label, rank.Facts(**{**PLAIN, **change}), options()) == why


def test_a_red_jacket_is_seen_in_the_snow():
    snow = np.full((64, 64, 3), 230, np.uint8)
    assert rank.shares(snow) == pytest.approx({"white": 1, "green": 0, "light": 91.3, "red": 0}, abs=0.1)
    for colour, seen in (((200, 30, 60), True), ((220, 120, 60), False)):  # and an orange one is not
        snow[20:28, 20:28] = colour
        assert rank.shares(snow)["red"] == (64 / 4096 if seen else 0)


def test_ridge_tells_what_it_can():
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(200) < 0.3, -1, 1)
    seen = rng.normal(size=(200, 8)) + labels[:, None] * np.array([3.0, *[0] * 7])
    assert (rank.held_out_scores(seen, labels) > 0).mean() > 0.95


def test_the_list_is_the_same_every_time(folders: tuple[str, str], tmp_path: Path):
    lists = []
    for name in ("one.txt", "two.txt"):
        out = tmp_path / name
        arguments = ["--a", folders[0], "--b", folders[1], "--out", str(out), "--features", "random"]
        assert rank.main(arguments) == 0
        lists.append(out.read_text())
    assert lists[0] == lists[1] and (tmp_path / "one.json").exists()
