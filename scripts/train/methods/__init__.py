"""Training methods, one per file. A method owns its networks and trains them step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from train.config import Config
from train.data import Sampler


class Method(Protocol):
    """The interface between the training loop and a method."""

    def step(self, a: Sampler, b: Sampler, rng: np.random.Generator, step: int) -> dict[str, float]:
        """Train step number `step`, counted from 0, and return its losses."""

    def sheet(self, images: Tensor) -> list[Tensor]:
        """The columns of a contact sheet for images [n, 3, h, w]. Empty if there is nothing to show."""

    def state(self) -> dict[str, Any]:
        """Everything needed to continue the training, for torch.save."""

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a state."""

    def network(self) -> nn.Module:
        """The averaged network, for export."""


def method(name: str) -> tuple[Callable[[Config, torch.device], Method], dict[str, Any]]:
    """The class and the default configuration of the method with this name."""
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
