"""The configuration of a run. Its JSON file in the run folder is enough to repeat the run."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any

from train import files
from train.data import SIDE, DataError


@dataclass(frozen=True)
class Stage:
    """A part of the training at one resolution.

    size is the side of the training crops in pixels. A crop spans a random fraction of the image's
    side in the range `cover`, and is scaled to size. Size 64 with cover 0.8..1 trains on nearly whole
    images, size 128 with cover 0.5 on crops of 256-pixel images at their own scale.
    """

    steps: int
    size: int
    batch: int
    cover: tuple[float, float] = (0.8, 1.0)


@dataclass(frozen=True)
class Config:
    """Everything that determines a run, besides the images."""

    method: str
    stages: list[Stage]
    a: list[str] = field(default_factory=list)  # image folders; see train.sources for each kind of data
    b: list[str] = field(default_factory=list)
    table: str = ""  # CSV file of attributes: a column `file`, then 0 or 1 per attribute
    domains: tuple[str, ...] = ("summer", "winter")  # or attributes
    palette: list[list[int]] = field(default_factory=list)  # red, green and blue of the classes of label maps
    side: int = SIDE  # pixels; images are decoded to squares of this side
    enlarge: bool = False  # allow images that have fewer pixels than the crops
    mirror: bool = True  # half of the crops
    init: str = ""  # run folder: start from its networks and optimisers; or exported model: from its weights
    drop: str = ""  # text file: paths of training images to leave out
    title: str = ""  # of the exported model
    license: str = ""  # of its weights
    seed: int = 1
    lr: float = 4e-4
    decay_from: float = 0.5  # fraction of the run after which the learning rate falls to zero
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
        """The index and the stage of a step. Steps count from 0."""
        for index, stage in enumerate(self.stages):
            if step < stage.steps:
                return index, stage
            step -= stage.steps
        return len(self.stages) - 1, self.stages[-1]

    def rate(self, step: int) -> float:
        """The factor on the learning rate: 1, then linear to zero."""
        start = self.decay_from * self.steps
        return 1.0 if step <= start else max(0.0, (self.steps - step) / (self.steps - start))


def from_dict(values: dict[str, Any]) -> Config:
    """Build a Config. Unknown keys are an error, so that a misspelt key cannot leave a default in place."""
    check_keys(values, Config, "a recipe")
    for key in ("a", "b", "domains", "stages"):
        if not isinstance(values.get(key, []), (list, tuple)):
            raise DataError(f"{key} has to be a list")
    for key in ("domains", "stages"):
        if not values.get(key, [""]):
            raise DataError(f"{key} is empty")
    values = dict(values)
    for stage in values["stages"]:
        check_keys(stage, Stage, "a stage")
    values["stages"] = [
        Stage(**{**stage, "cover": tuple(stage.get("cover", (0.8, 1.0)))}) for stage in values["stages"]
    ]
    for key in ("domains", "betas"):
        if key in values:
            values[key] = tuple(values[key])
    return Config(**values)


def check_keys(values: Any, of: type, what: str) -> None:
    """Refuse values with keys that a dataclass does not have, or without those that it needs."""
    if not isinstance(values, dict):
        raise DataError(f"{what} has to be an object with keys")
    known = dataclasses.fields(of)
    needed = {f.name for f in known if f.default is MISSING and f.default_factory is MISSING}
    unknown, missing = set(values) - {f.name for f in known}, needed - set(values)
    if unknown:
        raise DataError(
            f"{what} has no {', '.join(sorted(unknown))}; it has {', '.join(f.name for f in known)}"
        )
    if missing:
        raise DataError(f"{what} needs {', '.join(sorted(missing))}")


def read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise DataError(f"{path} is not an object of JSON")
    return values


def write(config: Config, path: Path) -> None:
    with files.replacing(path) as file:
        file.write((json.dumps(dataclasses.asdict(config), indent=2) + "\n").encode())
