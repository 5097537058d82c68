"""Compare an exported graph with the network it was traced from."""

from __future__ import annotations

import onnx
import onnxruntime
import torch
from torch import Tensor

from export.graph import OnBytes, example, to_onnx
from train.ports import Graph

TOLERANCE = 1e-3


def parity(model: onnx.ModelProto, graph: Graph) -> float:
    """The worst difference between a graph's file and its network. Images are also compared unrounded."""
    worst = worst_difference(model, graph)
    if any(port.bytes for port in graph.outputs):
        worst = max(worst, worst_difference(to_onnx(graph, rounded=False), graph, rounded=False))
    return worst


def worst_difference(model: onnx.ModelProto, graph: Graph, rounded: bool = True) -> float:
    """The largest difference over batch sizes and image sizes, in units of [-1, 1] or logits.

    A difference of one level in bytes does not count: the value may lie on the edge of rounding.
    """
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    wrapped = OnBytes(graph, rounded)
    worst = 0.0
    for case in graph.sizes:
        inputs = example(graph, *case)
        feed = {port.name: value.numpy() for port, value in zip(graph.inputs, inputs)}
        with torch.no_grad():
            wanted = wrapped(*inputs)
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
