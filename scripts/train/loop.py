"""The training loop. It writes checkpoints, a log and contact sheets."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from train import config as configs
from train import parallel, sheets
from train.config import Config
from train.methods import Method, method

CHECKPOINT = "checkpoint.pt"
CONFIG = "config.json"
LOG = "log.jsonl"


class NotFinite(RuntimeError):
    """A loss is NaN or infinite."""


class NoRoom(RuntimeError):
    """A checkpoint cannot be written. The one before it is still there."""


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def build(config: Config, on: torch.device) -> Method:
    """A method with freshly initialised networks."""
    torch.manual_seed(config.seed)
    return method(config.method)[0](config, on)


def start(config: Config, on: torch.device) -> Method:
    """The method at step 0: freshly initialised, or at the last checkpoint of config.init."""
    trainer = build(config, on)
    if config.init:
        checkpoint = torch.load(Path(config.init) / CHECKPOINT, map_location=on)
        trainer.load(checkpoint["method"])
    return trainer


def restore(run: Path, on: torch.device) -> tuple[Config, Method, dict[str, Any]]:
    """The configuration, the method at its last checkpoint, and its step and seconds."""
    config = configs.from_dict(configs.read(run / CONFIG))
    trainer = build(config, on)
    checkpoint = torch.load(run / CHECKPOINT, map_location=on)
    trainer.load(checkpoint.pop("method"))
    return config, trainer, checkpoint


def train(run: Path, until: int | None = None) -> None:
    """Train the run in a folder to its last step, from its last checkpoint if there is one.

    Every step seeds its random numbers with (seed, step, process), so a resumed run gives the same
    result as an uninterrupted one. If there are several processes, only the first writes files.
    """
    on = device()
    torch.set_flush_denormal(True)  # on CPUs they cost a hundred times as much as other numbers
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
    with (run / LOG).open("a") as log:
        for step in range(first, last):
            rng = np.random.default_rng((config.seed, step, parallel.rank()))
            losses = trainer.step(source, rng, step)
            seconds = time.monotonic() - began
            done = step + 1
            wrong = [key for key, value in losses.items() if not math.isfinite(value)]
            if wrong:
                kept = "no checkpoint was written yet"
                if (run / CHECKPOINT).exists():
                    kept = f"{run / CHECKPOINT} is the last good one"
                raise NotFinite(f"step {done}: {', '.join(wrong)} is not finite; {kept}")
            if not main:
                continue
            if done % config.log_every == 0 or done == last:
                entry = {"step": done, "seconds": round(seconds, 1), **losses}
                log.write(json.dumps(entry) + "\n")
                log.flush()
            if done % config.save_every == 0 or done == last:
                save(run, trainer, done, seconds)
            if done % config.sheet_every == 0 or done == last:
                sheets.write(run / "sheets" / f"{done:06d}.png", trainer, source)


def save(run: Path, trainer: Method, step: int, seconds: float) -> None:
    """Replace the checkpoint by a rename, so that an interrupted write leaves the old one."""
    partial = run / (CHECKPOINT + ".partial")
    try:
        torch.save({"method": trainer.state(), "step": step, "seconds": seconds}, partial)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as either
        partial.unlink(missing_ok=True)
        raise NoRoom(f"step {step}: cannot write a checkpoint in {run}: {error}") from error
    os.replace(partial, run / CHECKPOINT)


def keep_log(path: Path, step: int) -> None:
    """Remove the log entries after the checkpoint. Those steps will be trained and logged again."""
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if json.loads(line)["step"] <= step]
    path.write_text("".join(line + "\n" for line in kept))
