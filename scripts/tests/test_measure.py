from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from measure import tars
from measure.images import psnr, squares
from measure.page import table


def test_squares_are_cut_from_the_centre(tmp_path: Path):
    wide = np.zeros((8, 16, 3), np.uint8)
    wide[:, 4:12] = 200
    (tmp_path / "sub").mkdir()
    Image.fromarray(wide).save(tmp_path / "sub" / "wide.png")
    (square,) = squares(tmp_path, 8)
    assert square.shape == (8, 8, 3) and (square == 200).all()


def test_squares_are_taken_at_even_distances(tmp_path: Path):
    for level in range(6):
        Image.new("RGB", (4, 4), (level, level, level)).save(tmp_path / f"{level}.png")
    assert [int(x[0, 0, 0]) for x in squares(tmp_path, 4, most=3)] == [0, 2, 4]


def test_a_folder_without_images_is_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match="no images"):
        squares(tmp_path, 4)


def test_psnr_pools_images_of_any_shape():
    levels = np.full((2, 4, 4, 3), 10, np.uint8)
    assert psnr(levels, levels + 1) == pytest.approx(48.13, abs=0.01)
    assert psnr(levels, levels) == pytest.approx(60)


def test_tables_align_numbers_to_the_right():
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n|---|---:|\n| x | 1 |"
    assert table(["a", "b"], [["x", "y"]], left=2).splitlines()[1] == "|---|---|"


def test_tars_are_measured_beside_folders(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr("sys.argv", ["tars", "--count", "2", "--rounds", "1"])
    monkeypatch.setattr(tars, "LONGER", 2)
    tars.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "folder to folder", "tar to tar", "folder to tars",
        "folder to folder, 2 times as many", "tar to tar, 2 times as many",
    ]  # fmt: skip
    assert all(float(line.split()[-2]) > 10 for line in lines)  # MB
