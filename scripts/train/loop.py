"""The training loop. It writes checkpoints, a log and contact sheets."""

from __future__ import annotations

import io
import json
import math
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from train import config as configs
from train import exported, files, parallel, sheets
from train.config import Config
from train.data import DataError
from train.methods import Method, method

CHECKPOINT = "checkpoint.pt"
CONFIG = "config.json"
LOG = "log.jsonl"


class NotFinite(RuntimeError):
    """A loss or a weight is NaN or infinite."""


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def build(config: Config, on: torch.device) -> Method:
    """A method with freshly initialised networks."""
    torch.manual_seed(config.seed)
    return method(config.method)[0](config, on)


def start(config: Config, on: torch.device) -> Method:
    """The method at step 0: freshly initialised, or from what config.init names.

    config.init names a run, whose last checkpoint is loaded, or an exported model.
    """
    trainer = build(config, on)
    if not config.init:
        return trainer
    try:
        if exported.given(config.init):
            trainer.adopt(exported.weights(Path(config.init)))
        else:
            trainer.load(read(Path(config.init) / CHECKPOINT, on)["method"])
    except DataError:
        raise
    except (KeyError, RuntimeError, ValueError) as error:  # other parts, shapes or optimiser groups
        raise DataError(f"{config.init} has other networks than {config.method}") from error
    return trainer


def restore(run: Path, on: torch.device) -> tuple[Config, Method, dict[str, Any]]:
    """The configuration, the method at its last checkpoint, and its step and seconds."""
    config = configs.from_dict(configs.read(run / CONFIG))
    trainer = build(config, on)
    checkpoint = read(run / CHECKPOINT, on)
    trainer.load(checkpoint.pop("method"))
    return config, trainer, checkpoint


def train(run: Path, until: int | None = None) -> None:
    """Train the run in a folder to its last step, from its last checkpoint if there is one.

    Every step seeds its random numbers with (seed, step, process), so a resumed run gives the same
    result as an uninterrupted one. If there are several processes, only the first writes files.
    """
    on = device()
    torch.set_flush_denormal(True)  # on CPUs denormal numbers cost a hundred times as much as others
    if (run / CHECKPOINT).exists():
        config, trainer, facts = restore(run, on)
        first, seconds = facts["step"], facts["seconds"]
    else:
        config = configs.from_dict(configs.read(run / CONFIG))
        trainer, first, seconds = start(config, on), 0, 0.0
    main = parallel.rank() == 0
    if main:
        keep_log(run / LOG, first)
    source = trainer.data(config)
    last = config.steps if until is None else min(until, config.steps)
    began = time.monotonic() - seconds
    for step in range(first, last):
        rng = np.random.default_rng((config.seed, step, parallel.rank()))
        losses = trainer.step(source, rng, step)
        seconds = time.monotonic() - began
        done = step + 1
        expect_finite(losses, run, done)
        if not main:
            continue
        if done % config.log_every == 0 or done == last:
            entry = {"step": done, "seconds": round(seconds, 1), **losses}
            files.append(run / LOG, json.dumps(entry))
        if done % config.save_every == 0 or done == last:
            save(run, trainer, done, seconds)
        if done % config.sheet_every == 0 or done == last:
            sheets.write(run / "sheets" / f"{done:06d}.png", trainer, source)


def expect_finite(values: dict[str, Any], run: Path, step: int) -> None:
    """Stop if losses, or parts of a method's state, have numbers that are not finite."""
    wrong = [name for name, value in values.items() if not finite(value)]
    if wrong:
        kept = "no checkpoint was written yet"
        if (run / CHECKPOINT).exists():
            kept = f"{run / CHECKPOINT} is the last good one"
        raise NotFinite(f"step {step}: {', '.join(wrong)} is not finite; {kept}")


def finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(finite, value))
    if torch.is_tensor(value):
        return bool(value.isfinite().all())
    return not isinstance(value, float) or math.isfinite(value)


def save(run: Path, trainer: Method, step: int, seconds: float) -> None:
    """Replace the checkpoint. An interrupted write leaves the old one."""
    state = trainer.state()
    expect_finite(state, run, step)
    content = io.BytesIO()  # not the file: on a full disk torch would hide the system's reason, or abort
    torch.save({"method": state, "step": step, "seconds": seconds}, content)
    with files.replacing(run / CHECKPOINT) as file:
        file.write(content.getbuffer())


def read(checkpoint: Path, on: torch.device) -> dict[str, Any]:
    try:
        return torch.load(checkpoint, map_location=on)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        (reason, *_) = str(error).splitlines() or ["it is empty"]
        raise DataError(f"{checkpoint} cannot be read: {reason}") from error


def keep_log(path: Path, step: int) -> None:
    """Remove the log entries after the checkpoint. Those steps will be trained and logged again."""
    lines = path.read_text().splitlines() if path.exists() else []
    with files.replacing(path) as log:
        for line in lines:
            if step_of(line) <= step:
                log.write(f"{line}\n".encode())


def step_of(line: str) -> float:
    """The step of a log entry, or infinity for half a line, which a full disk leaves behind."""
    try:
        return json.loads(line)["step"]
    except json.JSONDecodeError:
        return math.inf
