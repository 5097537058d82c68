from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY, new_run

from train import config as configs
from train import loop, mean, parallel
from train.clean import cross_validate, unlikely
from train.methods import method
from train.methods.domain_code import strengths


def losses(run: Path) -> list[dict[str, float]]:
    entries = [json.loads(line) for line in (run / loop.LOG).read_text().splitlines()]
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in entries]


@pytest.mark.parametrize("kind", ["generator_run", "classifier_run"])
def test_a_resumed_run_repeats_the_unbroken_one(kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    broken: Path = request.getfixturevalue(kind)  # stopped after its first step
    unbroken = tmp_path / "unbroken"
    unbroken.mkdir()
    shutil.copy(broken / loop.CONFIG, unbroken)
    loop.train(unbroken)
    assert losses(unbroken) == losses(broken)
    last = [loop.restore(run, loop.device())[1].network().state_dict() for run in (broken, unbroken)]
    assert all(torch.equal(a, b) for a, b in zip(last[0].values(), last[1].values()))


def test_a_run_leaves_its_configuration_and_a_sheet(generator_run: Path):
    assert json.loads((generator_run / loop.CONFIG).read_text())["method"] == "domain-code"
    assert (generator_run / "sheets" / "000004.png").stat().st_size > 0


def test_the_mean_of_two_runs_is_exported(generator_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture):
    before = tmp_path / "before"
    before.mkdir()
    shutil.copy(generator_run / loop.CONFIG, before)
    loop.train(before, until=1)
    assert mean.main([str(before), str(generator_run), "--out", str(tmp_path / "mean")]) == 0
    first, last, made = (
        loop.restore(run, loop.device())[1].network().state_dict()
        for run in (before, generator_run, tmp_path / "mean")
    )
    assert all(torch.equal(made[k], (first[k] + last[k]) / 2) for k in first)
    assert any(not torch.equal(made[k], last[k]) for k in first)
    part = next(iter(first)).split(".")[0]
    runs = [str(before), str(generator_run)]
    assert mean.main([*runs, "--keep", part, "--out", str(tmp_path / "kept")]) == 0
    kept = loop.restore(tmp_path / "kept", loop.device())[1].network().state_dict()
    assert all(torch.equal(kept[k], (first if k.startswith(part + ".") else made)[k]) for k in first)
    assert mean.main([*runs, "--keep", part, "--share", "1", "--out", str(tmp_path / "last")]) == 0
    whole = loop.restore(tmp_path / "last", loop.device())[1].network().state_dict()
    assert all(torch.equal(whole[k], (first if k.startswith(part + ".") else last)[k]) for k in first)
    assert mean.main([*runs, "--share", "1.5", "--out", str(tmp_path / "x")]) == 2
    assert "--share 1.5: it must be 0 to 1" in capfd.readouterr().err
    assert mean.main([*runs, "--keep", "roof", "--out", str(tmp_path / "x")]) == 2
    assert "the network has no part roof" in capfd.readouterr().err
    assert mean.main([str(tmp_path / "none"), str(generator_run), "--out", str(tmp_path / "x")]) == 2
    assert "cannot be read" in capfd.readouterr().err


def test_what_was_logged_after_the_checkpoint_is_logged_once(tmp_path: Path):
    log = tmp_path / loop.LOG
    half = '{"step": 3, "sec'  # of a full disk
    log.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(1, 6)) + half)
    loop.keep_log(log, 3)
    assert [entry["step"] for entry in map(json.loads, log.read_text().splitlines())] == [1, 2, 3]


def test_strengths_are_half_the_own_domain():
    drawn = strengths(np.random.default_rng(0), 1000)
    assert 0.4 < (drawn == -1).mean() < 0.6
    assert drawn.min() >= -1 and drawn.max() <= 1 and (drawn > 0).any()


def test_two_processes_share_a_batch(tmp_path: Path, folders: tuple[str, str]):
    run = new_run(tmp_path, "domain-code", folders, TINY)
    parallel.launch(loop.train, 2, run, 2)
    assert [entry["step"] for entry in losses(run)] == [1, 2]


def test_a_run_starts_from_another_runs_networks(generator_run: Path, tmp_path: Path):
    config = configs.read(generator_run / loop.CONFIG)
    config = configs.from_dict({**config, "init": str(generator_run), "seed": 5})
    started, (_, given, _) = loop.start(config, loop.device()), loop.restore(generator_run, loop.device())
    for ours, theirs in zip(started.network().state_dict().values(), given.network().state_dict().values()):
        assert torch.equal(ours, theirs)
    assert started.top == given.top


def test_one_run_grows_from_64_to_256_pixels(folders: tuple[str, str]):
    stages = [{"steps": 1, "size": size, "batch": 1, "cover": [1.0, 1.0]} for size in (64, 128, 256)]
    given = {"method": "domain-code", "a": folders[:1], "b": folders[1:], **TINY, "stages": stages}
    _, defaults = method("domain-code")
    trainer = loop.build(configs.from_dict({**defaults, **given}), loop.device())
    source = trainer.data(trainer.config)
    tops = []
    for step in range(3):
        found = trainer.step(source, np.random.default_rng(step), step)
        assert all(np.isfinite(value) for value in found.values())
        tops.append(trainer.top)
    assert tops == [1, 2, 3]


def test_cross_validation_scores_every_image_once(tmp_path: Path, folders: tuple[str, str]):
    scores = cross_validate([folders[0]], [folders[1]], tmp_path, folds=2, steps=1)
    assert len(scores) == 12
    assert all(0 <= probability <= 1 for _, probability in scores.values())


def test_unlikely_labels_are_dropped_by_the_threshold_of_their_domain():
    scores = {"a1": (0, 0.6), "a2": (0, 0.8), "b1": (1, 0.45), "b2": (1, 0.55)}
    assert unlikely(scores, below_a=0.35, below_b=0.5) == ["a2", "b1"]
