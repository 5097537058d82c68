from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluate import pretrained

GRASS, SNOW, SKY = (70, 130, 40), (235, 238, 242), (150, 180, 220)


def landscape(under: tuple[int, ...], rough: int) -> np.ndarray:
    pixels = np.zeros((1, 60, 60, 3), np.int64)
    pixels[:, :30], pixels[:, 30:] = SKY, under
    pixels[:, 30::2, ::2] += rough
    return np.clip(pixels, 0, 255).astype(np.uint8)


def test_covered_ground_is_white_and_smooth():
    found = pretrained.ground(landscape(GRASS, 20), landscape(SNOW, 5))
    assert found["white"] == 1 and 0 < found["fine"] < 0.6


def test_bleached_ground_is_rough():
    assert pretrained.ground(landscape(GRASS, 20), landscape((110, 110, 110), 40))["white"] == 0
    assert pretrained.ground(landscape(GRASS, 20), landscape((110, 110, 110), 40))["fine"] > 1


def test_where_there_is_no_green_nothing_is_said():
    assert np.isnan(pretrained.ground(landscape(SNOW, 0), landscape(SNOW, 0))["white"])


def test_only_the_sky_counts_as_sky():
    assert pretrained.sky(landscape(GRASS, 0), landscape(SNOW, 0)) == 0
    darker = landscape(GRASS, 0)
    darker[:, :30] //= 2
    assert pretrained.sky(landscape(GRASS, 0), darker) > 10


def test_a_distance_to_oneself_is_noise():
    seen = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    assert pretrained.noise(seen) < 3  # two samples of one distribution


def test_a_replaced_image_is_looked_at_again(tmp_path: Path):
    eyes, seen = pretrained.Eyes("random"), []
    for under in (GRASS, GRASS, SNOW):
        Image.fromarray(landscape(under, 0)[0]).save(tmp_path / "a.png")
        seen.append(eyes.folder(str(tmp_path)))
    assert np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[1], seen[2])


@pytest.fixture
def arguments(folders: tuple[str, str], tmp_path: Path) -> list[str]:
    given = ["--features", "random", "--json", str(tmp_path / "t.json"), "--a", folders[0], "--b", folders[1]]
    return [*given, "--train-a", folders[0], "--train-b", folders[1], "--snow", folders[1]]


def test_rows_are_written_for_what_needs_no_training(arguments: list[str], tmp_path: Path):
    assert pretrained.main(arguments) == 0
    found = json.loads((tmp_path / "t.json").read_text())
    assert list(found["rows"]) == ["untouched", "per-image transfer"]
    untouched, transfer = found["rows"].values()
    assert untouched["moved to b"] == 0 and transfer["moved to b"] > 20
    assert transfer["in b, probe 1"] > untouched["in b, probe 1"]
    assert transfer["kid to b"] < untouched["kid to b"]
    assert found["facts"]["probe 1 on real b"] == 1


def test_an_exported_model_is_a_row_and_a_sheet(arguments: list[str], generator_run: Path, tmp_path: Path):
    from export.__main__ import main

    model, sheet = tmp_path / "tiny.onnx", tmp_path / "sheet.png"
    assert main([str(generator_run), "--out", str(model)]) == 0
    assert pretrained.main([*arguments, "--model", f"tiny={model}", "--sheet", str(sheet)]) == 0
    assert "tiny" in json.loads((tmp_path / "t.json").read_text())["rows"]
    assert Image.open(sheet).size == (2 * 2 * 256, 2 * 8 * 256)
