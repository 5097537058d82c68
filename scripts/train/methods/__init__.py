"""Training methods, one per file. A method owns its networks and trains them step by step."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from train.config import Config
from train.data import DataError
from train.ports import Exported
from train.sources import Source

# The module of each method. Its class and defaults are METHOD and DEFAULTS. A name after a colon is put
# before these: JUDGE_METHOD and JUDGE_DEFAULTS.
METHODS = {
    "domain-code": "domain_code",
    "opacity": "opacity",
    "classifier": "classifier",
    "judge": "classifier:JUDGE",
    "pix2pix": "pix2pix",
    "pix2pixhd": "pix2pixhd",
    "bicyclegan": "bicyclegan",
    "dtn": "dtn",
    "stargan": "stargan",
    "fader": "fader",
    "genegan": "genegan",
    "dnagan": "dnagan",
    "cyclegan": "cyclegan",
    "lapgan": "lapgan",
    "pyramid": "pyramid",
    "pggan": "pggan",
    "unit": "unit",
    "distancegan": "distancegan",
}


class Method(Protocol):
    """The interface between the training loop and a method."""

    paper: ClassVar[str]  # authors, year, title
    data: ClassVar[type[Source]]  # what it trains on

    def step(self, source: Any, rng: np.random.Generator, step: int) -> dict[str, float]:
        """Train step number `step`, counted from 0, and return its losses."""

    def sheet(self, shown: Any) -> list[Tensor]:
        """The columns of a contact sheet for what the source shows. Empty if there is nothing to show."""

    def state(self) -> dict[str, Any]:
        """Everything needed to continue the training, for torch.save."""

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a state."""

    def adopt(self, weights: dict[str, Tensor]) -> None:
        """Start from the weights of an exported model."""

    def network(self) -> nn.Module:
        """The averaged network, for export."""

    def exported(self) -> Exported:
        """The averaged networks and what they take and give."""


def method(name: str) -> tuple[Callable[[Config, torch.device], Method], dict[str, Any]]:
    """The class and the default configuration of the method with this name."""
    if name not in METHODS:
        raise DataError(f"unknown method {name!r}; known: {', '.join(METHODS)}")
    module, _, prefix = METHODS[name].partition(":")
    found = importlib.import_module(f"train.methods.{module}")
    prefix = prefix and prefix + "_"
    return getattr(found, prefix + "METHOD"), getattr(found, prefix + "DEFAULTS")
