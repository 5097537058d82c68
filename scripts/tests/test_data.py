from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from train import config as configs
from train.data import SIDE, DataError, Sampler, load
from train.sources import Domains


def test_images_are_decoded_once(folders: tuple[str, str]):
    first, second = load(folders[0]), load(folders[0])
    assert first.pixels.shape == (6, SIDE, SIDE, 3)
    assert np.array_equal(first.pixels, second.pixels)


def test_a_damaged_cache_is_written_anew(folders: tuple[str, str], tmp_path: Path, monkeypatch):
    monkeypatch.setenv("GTX_CACHE", str(tmp_path))
    pixels = load(folders[0]).pixels
    (cached,) = tmp_path.iterdir()
    whole = cached.read_bytes()
    for length in (0, 60, len(whole) // 2):
        os.truncate(cached, length)
        assert np.array_equal(load(folders[0]).pixels, pixels)
        assert cached.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [cached]


def test_dropped_images_are_left_out(folders: tuple[str, str]):
    path = load(folders[0]).paths[2]
    kept = load(folders[0], frozenset([path]))
    assert path not in kept.paths and len(kept.pixels) == 5


def test_dropped_images_can_be_had_alone(folders: tuple[str, str], tmp_path: Path):
    """A folder of which nothing is left is not drawn from."""
    summers, winters = (load(folder).paths for folder in folders)
    (tmp_path / "drop.txt").write_text("\n".join([summers[0], *winters]))
    stages = [{"steps": 1, "size": 64, "batch": 1}]
    values = {"method": "domain-code", "a": list(folders), "b": [folders[0]], "stages": stages}
    source = Domains(configs.from_dict({**values, "drop": str(tmp_path / "drop.txt")}))
    assert [folder.paths for folder in source.a.folders] == [summers[1:]]
    assert [folder.paths for folder in source.dropped[1].folders] == [[summers[0]]]
    assert len(Domains(configs.from_dict(values)).dropped[1]) == 0


def test_batches_repeat_with_their_seed(folders: tuple[str, str]):
    sampler = Sampler([load(folders[0]), load(folders[1])], jitter=0.2)
    batches = [sampler.batch(np.random.default_rng(7), 4, 32, (0.5, 1.0)) for _ in range(2)]
    assert torch.equal(*batches)
    assert batches[0].shape == (4, 3, 32, 32)
    assert batches[0].abs().max() <= 1


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError):
        load(str(tmp_path))


def test_unknown_configuration_keys_are_an_error():
    values = {"method": "classifier", "a": ["a"], "b": ["b"], "stages": [], "learning_rate": 1}
    with pytest.raises(DataError, match="a recipe has no learning_rate; it has method, stages, "):
        configs.from_dict(values)
    values["stages"] = [{"step": 1, "size": 64, "batch": 2}]
    del values["learning_rate"]
    with pytest.raises(DataError, match="a stage has no step; it has steps, size, "):
        configs.from_dict(values)


def test_the_learning_rate_falls_to_zero():
    stages = [{"steps": 10, "size": 64, "batch": 2}]
    config = configs.from_dict({"method": "m", "a": [], "b": [], "stages": stages, "decay_from": 0.5})
    assert [config.rate(step) for step in (0, 5, 10)] == [1.0, 1.0, 0.0]
