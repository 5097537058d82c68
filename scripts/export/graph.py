"""Wrap networks so that bytes go in and bytes come out, and write them as ONNX."""

from __future__ import annotations

import inspect
import io
import json
from pathlib import Path

import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn

from export.manifest import KEY, Manifest

OPSET = 13
IR_VERSION = 8
DYNAMIC = {0: "n", 1: "h", 2: "w"}


def decode(image: Tensor) -> Tensor:
    """uint8 [n, h, w, 3] -> float [n, 3, h, w] in [-1, 1]."""
    return image.float().permute(0, 3, 1, 2) / 127.5 - 1


def encode(image: Tensor) -> Tensor:
    """float [n, 3, h, w] in [-1, 1] -> uint8 [n, h, w, 3], clipped and rounded."""
    return torch.round(torch.clamp((image + 1) * 127.5, 0, 255)).to(torch.uint8).permute(0, 2, 3, 1)


class BytesGenerator(nn.Module):
    """A generator on bytes: (image, code) -> translation.

    rounded=False returns float NCHW in [-1, 1], to compare more finely than in whole levels.
    """

    inputs = ("image", "code")
    output = "translation"

    def __init__(self, net: nn.Module, rounded: bool = True) -> None:
        super().__init__()
        self.net = net
        self.rounded = rounded

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        result = self.net(decode(image), code)
        return encode(result) if self.rounded else result


class BytesLayers(nn.Module):
    """A generator with a cover: (image, code) -> graded image, opacity, cover, all at the image's size.

    image and cover are bytes [n, h, w, 3]; opacity is bytes [n, h, w, 1], 255 for opaque. The
    translation is (1 - opacity / 255) * image + (opacity / 255) * cover in bytes, rounded once.
    """

    inputs = ("image", "code")
    outputs = ("graded", "opacity", "cover")

    def __init__(self, net: nn.Module, rounded: bool = True) -> None:
        super().__init__()
        self.net = net
        self.rounded = rounded

    def forward(self, image: Tensor, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        made = self.net.layers(decode(image), code)
        if not self.rounded:
            return made.graded, made.opacity, made.cover
        return encode(made.graded), encode(made.opacity * 2 - 1), encode(made.cover)


class BytesClassifier(nn.Module):
    """A classifier on bytes: image -> logits."""

    inputs = ("image",)
    output = "logits"

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Tensor:
        return self.net(decode(image))


def example(wrapped: nn.Module, batch: int, height: int, width: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Random inputs for a wrapped network."""
    rng = torch.Generator().manual_seed(seed)
    image = torch.randint(0, 256, (batch, height, width, 3), generator=rng, dtype=torch.uint8)
    if "code" not in wrapped.inputs:
        return (image,)
    return image, torch.linspace(-1, 1, batch) if batch > 1 else torch.ones(1)


def outputs_of(wrapped: nn.Module) -> tuple[str, ...]:
    return wrapped.outputs if isinstance(wrapped, BytesLayers) else (wrapped.output,)


@torch.no_grad()
def round_weights(net: nn.Module) -> None:
    """Round the weights of convolutions to what float16 can hold."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.copy_(layer.weight.half().float())


def halve_weights(model: onnx.ModelProto) -> None:
    """Store the weights of convolutions as float16, cast back when the session is made.

    The arithmetic stays in float32: float16 has given wrong instance normalisations
    (onnxruntime#10079). The runtime folds the casts, so only the file gets smaller.
    """
    graph = model.graph
    used = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    casts = []
    for tensor in graph.initializer:
        if tensor.name not in used or tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        name = tensor.name
        values = onnx.numpy_helper.to_array(tensor).astype("float16")
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)


def to_onnx(wrapped: nn.Module, manifest: Manifest, size: int = 64) -> onnx.ModelProto:
    """Trace with a batch of two (a batch of one silently freezes some broadcasts), with the manifest."""
    axes = {name: DYNAMIC for name in ("image", "translation", *BytesLayers.outputs)}
    axes.update(code={0: "n"}, logits={0: "n"})
    inputs = example(wrapped, 2, size, size)
    return trace(wrapped, inputs, wrapped.inputs, outputs_of(wrapped), axes, manifest)


def trace(
    net: nn.Module,
    example_inputs: tuple[Tensor, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    axes: dict[str, dict[int, str]],
    manifest: Manifest,
) -> onnx.ModelProto:
    """Trace a network on example inputs and attach the manifest. axes names the dynamic axes."""
    net.eval()
    options: dict[str, object] = {}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False
    buffer = io.BytesIO()
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
    onnx.helper.set_model_props(model, {KEY: json.dumps(manifest)})
    onnx.checker.check_model(model)
    return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write to a temporary file, then rename it: a reader never sees half a model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(model.SerializeToString())
    partial.replace(path)
