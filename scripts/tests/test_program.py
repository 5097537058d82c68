"""Programs say in a sentence what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluate import pretrained
from train import clean, rank

SIDES = ["--a", "nowhere", "--b", "nowhere"]
PROGRAMS = {
    clean: [*SIDES, "--out", "out"],
    rank: [*SIDES, "--out", "out/rank.txt", "--features", "random"],
    pretrained: [*SIDES, "--train-a", "nowhere", "--train-b", "nowhere", "--features", "random"],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_folder_that_is_not_there_is_said_in_a_sentence(
    program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    assert program.main(PROGRAMS[program]) == 2
    name = program.__name__
    assert capsys.readouterr().err == f"{name}: nowhere is not a folder\n"
