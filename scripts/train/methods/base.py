"""What the methods share: several networks and optimisers, averages, their state, precision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from train import parallel, sources
from train.config import Config, Stage
from train.data import DataError
from train.ema import Average
from train.ports import Exported

Losses = dict[str, float]


class Base:
    """The base of a method.

    __init__ of a method calls `add` for each network, `adam` for each optimiser and `averaged` for
    each network that is exported. Names are the keys of the checkpoint.
    """

    paper: ClassVar[str]
    data: ClassVar[type[sources.Source]]

    def __init__(self, config: Config, device: torch.device) -> None:
        self.config = config
        self.device = device
        self.weights = config.weights
        self.parts: dict[str, Any] = {}
        self.rates: dict[str, float] = {}
        # On CPUs normalisation is several times as fast if the channels come first.
        self.layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format

    def add(self, name: str, net: nn.Module) -> Any:
        self.parts[name] = net.to(self.device, memory_format=self.layout)
        return net

    def averaged(self, name: str, net: nn.Module) -> Average:
        self.parts[name] = Average(net, self.config.ema)
        return self.parts[name]

    def adam(self, name: str, nets: Iterable[nn.Module], rate: float = 1.0) -> torch.optim.Optimizer:
        """An optimiser for networks. rate: a factor on the learning rate of the configuration."""
        parameters = [p for net in nets for p in net.parameters()]
        optimiser = torch.optim.Adam(parameters, lr=rate * self.config.lr, betas=self.config.betas)
        self.parts[name], self.rates[name] = optimiser, rate
        return optimiser

    def begin(self, step: int) -> tuple[Stage, int]:
        """Set the learning rates of a step. Returns its stage and this process's share of the batch."""
        for name, rate in self.rates.items():
            for group in self.parts[name].param_groups:
                group["lr"] = rate * self.config.lr * self.config.rate(step)
        _, stage = self.config.stage_at(step)
        return stage, parallel.share(stage.batch)

    def put(self, images: Tensor) -> Tensor:
        if images.dim() == 4:
            return images.to(self.device, memory_format=self.layout)
        return images.to(self.device)

    def seeded(self, rng: np.random.Generator) -> torch.Generator:
        """Torch's random numbers for a step, on the processor."""
        return torch.Generator().manual_seed(int(rng.integers(2**63)))

    def normal(self, *shape: int, by: torch.Generator) -> Tensor:
        """Normal random numbers. They are drawn on the processor, so that every device gets the same."""
        return self.put(torch.randn(*shape, generator=by))

    def descend(self, optimiser: torch.optim.Optimizer, loss: Tensor, *more: torch.optim.Optimizer) -> None:
        """One step of the optimisers down the gradient of a loss."""
        optimisers = (optimiser, *more)
        for each in optimisers:
            each.zero_grad(set_to_none=True)
        loss.backward()
        self.advance(*optimisers)

    def advance(self, *optimisers: torch.optim.Optimizer) -> None:
        """One step of optimisers whose gradients are computed already."""
        for each in optimisers:
            parallel.average_gradients(p for group in each.param_groups for p in group["params"])
            each.step()

    def autocast(self) -> torch.autocast:
        """Use bfloat16 on GPUs, and on CPUs where it is faster than float32."""
        enabled = self.device.type != "cpu" or fast_bfloat16()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    def state(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load(self, state: dict[str, Any]) -> None:
        for name, part in self.parts.items():
            part.load_state_dict(state[name])

    def adopt(self, weights: dict[str, Tensor]) -> None:
        """Start from the weights of an exported model. Whatever it does not hold starts anew.

        Methods that can do so override this.
        """
        raise DataError(f"{self.config.method} starts from run folders only, not from exported models")

    def sheet(self, shown: Any) -> list[Tensor]:
        return []

    def network(self) -> nn.Module:
        """The averaged network, for export."""
        (average,) = (part for part in self.parts.values() if isinstance(part, Average))
        return average.net

    def exported(self) -> Exported:
        raise NotImplementedError(f"method {self.config.method} has no export")


def fast_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 on this CPU. With torch 1.x it is slower."""
    return int(torch.__version__.split(".")[0]) >= 2 and torch.backends.cpu.get_cpu_capability() == "AVX512"


def values(**losses: Tensor) -> Losses:
    """The losses as numbers, for the log."""
    return {name: float(loss.detach()) for name, loss in losses.items()}


class frozen:
    """While networks are frozen, gradients pass through them but do not reach their weights."""

    def __init__(self, *nets: nn.Module) -> None:
        self.nets = nets

    def __enter__(self) -> None:
        for net in self.nets:
            net.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for net in self.nets:
            net.requires_grad_(True)
