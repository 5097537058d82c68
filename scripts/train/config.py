"""The configuration of a run: one JSON file in the run folder, enough to repeat the run."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Stage:
    """A stretch of training at one resolution.

    size: side of the training crops in pixels; cover: the range of the fraction of the picture's
    side that a crop spans, so that size 64 with cover 0.8..1 is whole pictures shrunk, and size
    128 with cover 0.5 is a crop at the native scale of a 256-pixel picture.
    """

    steps: int
    size: int
    batch: int
    cover: tuple[float, float] = (0.8, 1.0)


@dataclass(frozen=True)
class Config:
    """Everything a run depends on besides the pictures."""

    method: str
    a: list[str]
    b: list[str]
    stages: list[Stage]
    domains: tuple[str, str] = ("summer", "winter")
    init: str = ""  # a run folder whose networks and optimisers this run starts from
    drop: str = ""  # a text file with paths of training pictures to leave out
    seed: int = 1
    lr: float = 4e-4
    decay_from: float = 0.5  # part of the run after which the learning rate falls to zero
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 0.0
    ema: float = 0.998
    jitter: float = 0.1
    network: dict[str, Any] = field(default_factory=dict)
    discriminator: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    log_every: int = 20
    sheet_every: int = 500
    save_every: int = 250

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[int, Stage]:
        """The index and the stage that a step (from 0) belongs to."""
        for index, stage in enumerate(self.stages):
            if step < stage.steps:
                return index, stage
            step -= stage.steps
        return len(self.stages) - 1, self.stages[-1]

    def rate(self, step: int) -> float:
        """The learning rate's factor: constant, then linear to zero."""
        start = self.decay_from * self.steps
        return 1.0 if step <= start else max(0.0, (self.steps - step) / (self.steps - start))


def from_dict(values: dict[str, Any]) -> Config:
    """Build a Config; unknown keys are an error, so that a typing mistake is not a silent default."""
    values = dict(values)
    values["stages"] = [
        Stage(**{**stage, "cover": tuple(stage.get("cover", (0.8, 1.0)))}) for stage in values["stages"]
    ]
    for key in ("domains", "betas"):
        if key in values:
            values[key] = tuple(values[key])
    return Config(**values)


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def write(config: Config, path: Path) -> None:
    path.write_text(json.dumps(dataclasses.asdict(config), indent=2) + "\n")
