"""Training methods, one file each. A method owns its networks and does one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from train.config import Config
from train.data import Sampler


class Method(Protocol):
    """What the training loop needs to know of a method."""

    def step(self, a: Sampler, b: Sampler, rng: np.random.Generator, step: int) -> dict[str, float]:
        """Do step number `step` (from 0) and return its losses."""

    def sheet(self, images: Tensor) -> list[Tensor]:
        """Columns of a contact sheet for pictures [n, 3, h, w]; empty if there is nothing to see."""

    def state(self) -> dict[str, Any]:
        """Everything needed to go on, for torch.save."""

    def load(self, state: dict[str, Any]) -> None:
        """Take up a state."""

    def network(self) -> nn.Module:
        """The averaged network that is exported."""


def method(name: str) -> tuple[Callable[[Config, torch.device], Method], dict[str, Any]]:
    """The class and the default configuration of a method."""
    from train.methods import classifier, domain_code, opacity

    methods = {
        "domain-code": (domain_code.DomainCode, domain_code.DEFAULTS),
        "opacity": (opacity.Opacity, opacity.DEFAULTS),
        "classifier": (classifier.ClassifierMethod, classifier.DEFAULTS),
        "judge": (classifier.JudgeMethod, classifier.JUDGE_DEFAULTS),
    }
    if name not in methods:
        raise ValueError(f"unknown method {name!r}; known: {', '.join(sorted(methods))}")
    return methods[name]
