"""Methods keep to their device. The meta device stands in for a GPU, which may not be there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from test_methods import TINY, inputs, recipe
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from train import config as configs
from train.methods import method

inputs = inputs
MOVES = {"copy_", "_to_copy", "index", "index_put_"}  # an index may come from the processor
ELSEWHERE = torch.device("meta")


class OneDevice(TorchDispatchMode):
    """Refuse operations on tensors of several devices, as CUDA does. Single numbers may mix."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        tensors = [x for x in tree_flatten((args, kwargs))[0] if torch.is_tensor(x) and x.dim()]
        if name not in MOVES:
            assert len({x.device.type for x in tensors}) <= 1, f"{name} of tensors on several devices"
        if name == "_local_scalar_dense" and args[0].device == ELSEWHERE:
            return 0.0
        if name == "convolution_backward":  # torch 1.13 has none of these there
            return tuple(torch.empty_like(x) for x in args[1:3]) + (args[0].sum((0, 2, 3)),)
        if name in ("reflection_pad2d_backward", "replication_pad2d_backward"):
            return torch.empty_like(args[1])
        return func(*args, **kwargs)


def repeated(x: torch.Tensor, times: int, dim: int) -> torch.Tensor:
    """repeat_interleave, which on the meta device does not know its size."""
    return torch.stack([x] * times, dim + 1).flatten(dim, dim + 1)


@pytest.mark.parametrize("name", TINY)
def test_a_method_keeps_to_its_device(name: str, inputs: dict[str, dict], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    monkeypatch.setattr(torch.Tensor, "repeat_interleave", repeated)
    given = {**method(name)[1], **recipe(name, inputs)}
    trainer = method(name)[0](configs.from_dict(given), ELSEWHERE)
    source = trainer.data(trainer.config)
    steps = {0, int(trainer.weights.get("pretrain", 0)), trainer.config.steps - 1}
    with OneDevice():
        for step in sorted(steps):
            trainer.step(source, np.random.default_rng(step), step)
        for column in trainer.sheet(source.shown()):
            assert column.dim() == 4
