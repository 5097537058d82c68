"""Tiny images and tiny runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

TINY = {
    "stages": [
        {"steps": 2, "size": 32, "batch": 2, "cover": [0.8, 1.0]},
        {"steps": 2, "size": 64, "batch": 2, "cover": [0.5, 0.6]},
    ],
    "network": {"width": 4, "blocks": 1},
    "discriminator": {"width": 4, "levels": 4, "scales": 2},
    "log_every": 1,
    "save_every": 1,
    "sheet_every": 4,
}
TINY_CLASSIFIER = {
    "stages": [{"steps": 3, "size": 64, "batch": 4, "cover": [0.5, 1.0]}],
    "network": {"width": 4, "pool": 2},
    "log_every": 1,
}


@pytest.fixture(autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTX_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two domains that differ by their tint: green noise and white noise."""
    rng = np.random.default_rng(0)
    made = []
    for name, tint in (("summer", (60, 160, 60)), ("winter", (220, 220, 230))):
        folder = tmp_path_factory.mktemp(name)
        for i in range(6):
            noise = rng.integers(-30, 30, (260, 280, 3))
            pixels = np.clip(np.array(tint) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
        made.append(str(folder))
    return made[0], made[1]


def new_run(folder: Path, method: str, domains: tuple[str, str], config: dict) -> Path:
    """A run folder with its configuration, as `python -m train` makes it."""
    from train import __main__ as command

    path = folder / "given.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    run = folder / "run"
    arguments = ["--method", method, "--a", domains[0], "--b", domains[1], "--out", str(run)]
    assert command.main([*arguments, "--config", str(path), "--until", "1"]) == 0
    return run


@pytest.fixture(scope="session")
def generator_run(tmp_path_factory: pytest.TempPathFactory, folders: tuple[str, str]) -> Path:
    from train import loop

    run = new_run(tmp_path_factory.mktemp("generator"), "domain-code", folders, TINY)
    loop.train(run)
    return run


@pytest.fixture(scope="session")
def classifier_run(tmp_path_factory: pytest.TempPathFactory, folders: tuple[str, str]) -> Path:
    from train import loop

    run = new_run(tmp_path_factory.mktemp("classifier"), "classifier", folders, TINY_CLASSIFIER)
    loop.train(run)
    return run
