"""Compare an exported graph with the network it was traced from."""

from __future__ import annotations

import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from export.graph import BytesGenerator, BytesLayers, example, to_onnx

TOLERANCE = 1e-3
CASES = ((2, 64, 64), (1, 96, 136), (1, 256, 256))


def parity(model: onnx.ModelProto, wrapped: nn.Module) -> float:
    """The worst difference between graph and network. A generator is also compared without rounding."""
    worst = worst_difference(model, wrapped)
    if isinstance(wrapped, (BytesGenerator, BytesLayers)):
        exact = type(wrapped)(wrapped.net, rounded=False).eval()
        worst = max(worst, worst_difference(to_onnx(exact, {}), exact))
    return worst


def worst_difference(model: onnx.ModelProto, wrapped: nn.Module) -> float:
    """The largest difference over batch sizes and image sizes, in units of [-1, 1] or logits.

    A difference of one level in bytes does not count: the value may lie on the edge of rounding.
    """
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    worst = 0.0
    for case in CASES:
        inputs = example(wrapped, *case)
        feed = {name: value.numpy() for name, value in zip(wrapped.inputs, inputs)}
        with torch.no_grad():
            wanted = wrapped(*inputs)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        for ours, theirs in zip(session.run(None, feed), wanted, strict=True):
            worst = max(worst, difference(torch.from_numpy(ours), theirs, str(case)))
    return worst


def difference(got: Tensor, wanted: Tensor, case: str) -> float:
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        raise ValueError(f"{case}: got {got.shape} {got.dtype}, want {wanted.shape} {wanted.dtype}")
    found = (got.float() - wanted.float()).abs()
    if got.dtype == torch.uint8:
        found = (found - 1).clamp(min=0) / 127.5
    return found.max().item()
