"""Wrap networks so that bytes go in and bytes come out, and write them as ONNX."""

from __future__ import annotations

import inspect
import io
import json
import warnings
from pathlib import Path

import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from export.manifest import KEY, Manifest
from train import files
from train.exported import HALF
from train.networks.efficientnet import Convolution
from train.ports import Graph, Port

OPSET = 13
IR_VERSION = 8
HALVED = {"Conv": 1, "Gemm": 1, "MatMul": 1}  # operators whose weights are stored as float16


def decode(image: Tensor) -> Tensor:
    """uint8 [n, h, w, 3] -> float [n, 3, h, w] in [-1, 1]."""
    return image.float().permute(0, 3, 1, 2) / 127.5 - 1


def encode(image: Tensor) -> Tensor:
    """float [n, 3, h, w] in [-1, 1] -> uint8 [n, h, w, 3], clipped and rounded."""
    return torch.round(torch.clamp((image + 1) * 127.5, 0, 255)).to(torch.uint8).permute(0, 2, 3, 1)


class OnBytes(nn.Module):
    """The network of a graph, with bytes for images. All other tensors pass unchanged.

    rounded=False leaves what the network gives, to compare more finely than in whole levels.
    """

    def __init__(self, graph: Graph, rounded: bool = True) -> None:
        super().__init__()
        self.net = graph.net
        self.graph = graph
        self.rounded = rounded
        self.eval()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        prepared = (decode(x) if port.bytes else x for x, port in zip(inputs, self.graph.inputs))
        results = self.net(*prepared)
        results = results if isinstance(results, tuple) else (results,)
        if not self.rounded:
            return results
        return tuple(encode(x) if port.bytes else x for x, port in zip(results, self.graph.outputs))


def example(graph: Graph, batch: int, height: int, width: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Random inputs for a graph."""
    rng = torch.Generator().manual_seed(seed)
    return tuple(example_of(port, batch, height, width, rng) for port in graph.inputs)


def example_of(port: Port, batch: int, height: int, width: int, rng: torch.Generator) -> Tensor:
    sides = {"h": height, "w": width}
    shape = [sides.get(n, n) for n in port.shape]
    if port.bytes:
        return torch.randint(0, 256, (batch, height, width, port.channels), generator=rng, dtype=torch.uint8)
    return torch.rand(batch, *shape, generator=rng) * 2 - 1


def axes_of(port: Port) -> dict[int, str]:
    """The dynamic axes of a tensor."""
    shape = ("h", "w", port.channels) if port.bytes else port.shape
    return {0: "n", **{i + 1: n for i, n in enumerate(shape) if isinstance(n, str)}}


def fold_normalisation(net: nn.Module) -> None:
    """Fold batch normalisations into the convolutions before them.

    Otherwise the exporter would fold them after rounding, and the weights would no longer be rounded.
    """
    for module in net.modules():
        convs, norms = getattr(module, "convs", []), getattr(module, "norms", [])
        for i, (conv, norm) in enumerate(zip(convs, norms)):
            if isinstance(norm, nn.BatchNorm2d):
                convs[i], norms[i] = fuse_conv_bn_eval(conv, norm), nn.Identity()


@torch.no_grad()
def round_weights(net: nn.Module) -> None:
    """Round the weights of convolutions and linear layers to what float16 can hold."""
    fold_normalisation(net)
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear, Convolution)):
            layer.weight.copy_(layer.weight.half().float())


def halve_weights(model: onnx.ModelProto) -> None:
    """Store the weights of convolutions and matrix products as float16, cast back when the session is made.

    The arithmetic stays in float32: float16 has given wrong instance normalisations
    (onnxruntime#10079). The runtime folds the casts, so only the file gets smaller.
    """
    graph = model.graph
    used = {
        node.input[HALVED[node.op_type]]
        for node in graph.node
        if node.op_type in HALVED and len(node.input) > HALVED[node.op_type]
    }
    casts = []
    for tensor in graph.initializer:
        if tensor.name not in used or tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        name = tensor.name
        values = onnx.numpy_helper.to_array(tensor).astype("float16")
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, name + HALF))
        casts.append(onnx.helper.make_node("Cast", [name + HALF], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)


def to_onnx(graph: Graph, manifest: Manifest | None = None, rounded: bool = True) -> onnx.ModelProto:
    """Trace with a batch of two (a batch of one silently freezes some broadcasts), with the manifest."""
    wrapped = OnBytes(graph, rounded)
    ports = {port.name: port for port in (*graph.inputs, *graph.outputs)}
    axes = {name: axes_of(port) for name, port in ports.items()}
    if not rounded:
        for port in graph.outputs:
            axes[port.name] = {0: "n"} | ({2: "h", 3: "w"} if port.bytes else axes[port.name])
    return trace(
        wrapped,
        example(graph, *graph.sizes[0]),
        tuple(port.name for port in graph.inputs),
        tuple(port.name for port in graph.outputs),
        axes,
        manifest,
    )


def trace(
    net: nn.Module,
    example_inputs: tuple[Tensor, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    axes: dict[str, dict[int, str]],
    manifest: Manifest | None,
) -> onnx.ModelProto:
    """Trace a network on example inputs and attach the manifest. axes names the dynamic axes."""
    net.eval()
    options: dict[str, object] = {}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the tracer's own steps: parity says whether they were right
        torch.onnx.export(
            net,
            example_inputs,
            buffer,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: axes[name] for name in (*inputs, *outputs)},
            **options,
        )
    model = onnx.load_from_string(buffer.getvalue())
    model.ir_version = min(model.ir_version, IR_VERSION)
    if manifest is not None:
        onnx.helper.set_model_props(model, {KEY: json.dumps(manifest)})
    onnx.checker.check_model(model)
    return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """A reader never sees half a model."""
    with files.replacing(path) as file:
        file.write(model.SerializeToString())
