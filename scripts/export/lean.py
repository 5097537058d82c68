"""Rewrite an exported graph into one that runtimes run faster, with the same results but for rounding.

    python -m export.lean OLD.onnx NEW.onnx

Each rewriting looks for what the networks of scripts/train export as, and does nothing if that is not
there, so any model can pass through. The manifest stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

from export.graph import save
from train.exported import FOLDED

TO_NHWC = [0, 2, 3, 1]
TO_NCHW = [0, 3, 1, 2]
BRANCHES = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
# The last convolution makes this many pixels of a row at once. Images are multiples of it in width.
PIXELS = 4


class Graph:
    """A graph that can be asked and changed. Nodes may be added in any order; `finish` sorts them."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.nodes: list[NodeProto] = list(self.model.graph.node)
        self.values = {i.name: numpy_helper.to_array(i) for i in self.model.graph.initializer}
        self.made = 0
        self.index()

    def index(self) -> None:
        """Look up again who makes and who uses each value, after nodes have changed."""
        self.producers = {output: node for node in self.nodes for output in node.output}
        self.users: dict[str, list[NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self.users.setdefault(name, []).append(node)

    def producer(self, name: str, kind: str) -> NodeProto | None:
        """The node that makes a value, if it is of this kind."""
        node = self.producers.get(name)
        return node if node is not None and node.op_type == kind else None

    def only_user(self, name: str, kind: str) -> NodeProto | None:
        """The node that alone uses a value, if it is of this kind."""
        users = self.users.get(name, [])
        return users[0] if len(users) == 1 and users[0].op_type == kind else None

    def value(self, name: str) -> NDArray | None:
        """What an initializer holds. A weight that is stored in half counts in full."""
        cast = self.producer(name, "Cast")
        if cast is not None and cast.input[0] in self.values:
            return self.values[cast.input[0]].astype(np.float32)
        return self.values.get(name)

    def scalar(self, name: str) -> float | None:
        value = self.value(name)
        return float(value) if value is not None and value.size == 1 else None

    def operands(self, name: str, kind: str) -> tuple[str, float] | None:
        """The variable and the constant of a node like x + 1, in either order if the kind has none."""
        node = self.producer(name, kind)
        if node is None:
            return None
        pairs = [(node.input[0], node.input[1])]
        if kind in ("Add", "Mul"):
            pairs.append((node.input[1], node.input[0]))
        for variable, constant in pairs:
            number = self.scalar(constant)
            if number is not None:
                return variable, number
        return None

    def affine(self, name: str) -> tuple[str, float, float]:
        """x, a and b such that the value is a * x + b, with x as far up as it goes."""
        scale, shift = 1.0, 0.0
        while True:
            kind = next((k for k in ("Mul", "Div", "Add", "Sub") if self.operands(name, k) is not None), "")
            found = self.operands(name, kind)
            if found is None:
                return name, scale, shift
            name, number = found
            if kind == "Mul":
                scale *= number
            elif kind == "Div":
                scale /= number
            elif kind == "Add":
                shift += scale * number
            else:
                shift -= scale * number

    def constant(self, value: NDArray | Sequence[int] | float, name: str = "") -> str:
        """A new initializer: integers become int64, floats float32."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        self.made += 1
        name = name or f"lean.{self.made}"
        self.values[name] = np.ascontiguousarray(array).reshape(array.shape)
        return name

    def add(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: object) -> list[str]:
        self.made += 1
        names = [f"lean.{self.made}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], **attributes))
        self.index()
        return names

    def one(self, kind: str, inputs: Sequence[str], **attributes: object) -> str:
        return self.add(kind, inputs, **attributes)[0]

    def replace(self, old: str, new: str) -> None:
        """Let everything that used the old value use the new one."""
        for node in self.nodes:
            for i, name in enumerate(node.input):
                if name == old:
                    node.input[i] = new
        self.index()

    def rename_output(self, name: str, value: str) -> None:
        """Let an output of the graph be another value."""
        self.producers[name].output[0] = f"{name}.old"
        node = self.producers[value]
        node.output[list(node.output).index(value)] = name
        self.index()

    def finish(self) -> onnx.ModelProto:
        """The model with the nodes that its outputs need, in order."""
        graph = self.model.graph
        order: list[NodeProto] = []
        done: set[str] = set()

        def visit(name: str) -> None:
            node = self.producers.get(name)
            if node is None or name in done:
                return
            done.update(node.output)
            for value in node.input:
                visit(value)
            order.append(node)

        self.index()
        for output in graph.output:
            visit(output.name)
        used = {name for node in order for name in node.input}
        values = [numpy_helper.from_array(v, name) for name, v in self.values.items() if name in used]
        order = [NodeProto.FromString(node.SerializeToString()) for node in order]
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(order)
        graph.initializer.extend(values)
        onnx.checker.check_model(self.model)
        return self.model


def attribute(node: NodeProto, name: str) -> object:
    """An attribute's value, None if the node has none of this name."""
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), None)


def fold_constants(graph: Graph) -> None:
    """Compute what depends on constants alone: torch traces the sizes of a padding as a dozen nodes.

    Weights in half stay, since the file would double.
    """
    known, chain = set(graph.values), []
    for node in graph.nodes:
        half = node.op_type == "Cast" and node.input[0] in graph.values
        random = not node.input and node.op_type != "Constant"
        if not half and not random and all(name in known for name in node.input if name):
            chain.append(node)
            known.update(node.output)
    if not chain:
        return
    needed = {name for node in chain for name in node.input}
    wanted = [name for node in chain for name in node.output]
    partial = helper.make_graph(
        chain,
        "constants",
        [],
        [onnx.ValueInfoProto(name=name) for name in wanted],
        [numpy_helper.from_array(v, name) for name, v in graph.values.items() if name in needed],
    )
    model = helper.make_model(partial, opset_imports=graph.model.opset_import)
    model.ir_version = graph.model.ir_version
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for name, value in zip(wanted, session.run(wanted, {})):
        graph.values[name] = value
    graph.nodes = [node for node in graph.nodes if not any(node is folded for folded in chain)]
    graph.index()


def drop_idle_casts(graph: Graph) -> None:
    """Drop casts of floats to floats."""
    inferred = onnx.shape_inference.infer_shapes(graph.model).graph
    types = {v.name: v.type.tensor_type.elem_type for v in inferred.value_info}
    for node in graph.nodes:
        idle = node.op_type == "Cast" and types.get(node.input[0]) == attribute(node, "to")
        if idle and node.output[0] in graph.users:
            graph.replace(node.output[0], node.input[0])


def merge_films(graph: Graph) -> None:
    """Make the scales and shifts of all coded normalisations at once, with fixed sizes.

    A CodedNorm exports as InstanceNormalization * (1 + gamma) + beta, with gamma and beta cut from a
    Gemm of the code by a dozen nodes. Here one Gemm makes all of them, and one Split hands them out.
    The one is added after that: bfloat16 holds gamma more finely than 1 + gamma.
    """
    films: dict[str, list[tuple[NodeProto, NodeProto, NDArray, NDArray]]] = {}
    for norm in [n for n in graph.nodes if n.op_type == "InstanceNormalization"]:
        scaled = graph.only_user(norm.output[0], "Mul")
        shifted = graph.only_user(scaled.output[0], "Add") if scaled is not None else None
        if shifted is None:
            continue
        plus_one = graph.operands(other(scaled, norm.output[0]), "Add")
        gemm = linear_of(graph, plus_one[0]) if plus_one is not None and plus_one[1] == 1 else None
        if gemm is None or gemm is not linear_of(graph, other(shifted, scaled.output[0])):
            continue
        code = graph.producer(gemm.input[0], "Unsqueeze")
        weight, bias = graph.value(gemm.input[1]), graph.value(gemm.input[2])
        if code is None or weight is None or bias is None or weight.shape[1] != 1:
            continue
        films.setdefault(code.input[0], []).append((scaled, shifted, weight, bias))
    for code, found in films.items():
        weights, biases = (np.concatenate([film[i] for film in found]) for i in (2, 3))
        column = graph.one("Reshape", [code, graph.constant([-1, 1])])
        linear = [column, graph.constant(weights), graph.constant(biases)]
        codes = graph.one("Reshape", [graph.one("Gemm", linear, transB=1), graph.constant([0, -1, 1, 1])])
        sizes = [len(film[3]) // 2 for film in found for _ in range(2)]
        parts = graph.add("Split", [codes, graph.constant(sizes)], outputs=len(sizes), axis=1)
        for i, (scaled, shifted, _, _) in enumerate(found):
            scale = graph.one("Add", [parts[2 * i], graph.constant(1.0)])
            set_other(graph, scaled, "InstanceNormalization", scale)
            set_other(graph, shifted, "Mul", parts[2 * i + 1])
    graph.index()


def other(node: NodeProto, name: str) -> str:
    """The input of a node with two inputs that is not this one."""
    return node.input[1] if node.input[0] == name else node.input[0]


def set_other(graph: Graph, node: NodeProto, kind: str, value: str) -> None:
    """Replace the input of a node with two inputs that is not made by a node of this kind."""
    node.input[1 if graph.producer(node.input[0], kind) is not None else 0] = value


def linear_of(graph: Graph, name: str) -> NodeProto | None:
    """The Gemm that a value was cut from."""
    while True:
        node = graph.producers.get(name)
        if node is None or node.op_type == "Gemm":
            return node
        if node.op_type not in ("Unsqueeze", "Reshape", "Slice", "Split"):
            return None
        name = node.input[0]


def fold_pads(graph: Graph) -> None:
    """Let a convolution pad with zeros itself, unevenly as well, which torch's own cannot."""
    for conv in [n for n in graph.nodes if n.op_type == "Conv"]:
        pad = graph.producer(conv.input[0], "Pad")
        if (
            pad is None
            or attribute(pad, "mode") not in (None, b"constant")
            or any(attribute(conv, "pads") or ())
        ):
            continue
        pads = graph.value(pad.input[1])
        zero = len(pad.input) < 3 or not pad.input[2] or graph.scalar(pad.input[2]) == 0
        if pads is None or not zero or pads[[0, 1, 4, 5]].any():
            continue
        kept = [a for a in conv.attribute if a.name != "pads"]
        del conv.attribute[:]
        conv.attribute.extend([*kept, helper.make_attribute("pads", [int(pads[i]) for i in (2, 3, 6, 7)])])
        conv.input[0] = pad.input[0]
    graph.index()


def fold_spreads(graph: Graph) -> None:
    """Fold (x - mean) * scale per channel into the 1x1 convolutions that use it.

    What they get is named after what they had, so that training can go on from an exported model.
    """
    for conv in [n for n in graph.nodes if n.op_type == "Conv" and len(n.input) == 3]:
        weight, bias = (graph.value(name) for name in conv.input[1:])
        scaled = graph.producer(conv.input[0], "Mul")
        moved = graph.producer(scaled.input[0], "Sub") if scaled is not None else None
        if moved is None or weight is None or bias is None or weight.shape[2:] != (1, 1):
            continue
        scale, mean = graph.value(scaled.input[1]), graph.value(moved.input[1])
        shape = (weight.shape[1], 1, 1)
        if scale is None or mean is None or scale.shape != shape or mean.shape != shape:
            continue
        weight = weight * scale
        conv.input[0] = moved.input[0]
        folded = weight, bias - (weight * mean).sum((1, 2, 3))
        for i, value in enumerate(folded, 1):
            conv.input[i] = graph.constant(value, conv.input[i] + FOLDED)
    graph.index()


def pad_bytes(graph: Graph) -> None:
    """Reflect the edges of the image while it is bytes, in the order [n, h, w, c] that it comes in.

    The scale and the shift stay outside the convolution: folded into its weights and its bias they gave
    results in bfloat16 that were further from those in float32.
    """
    for conv in [n for n in graph.nodes if n.op_type == "Conv"]:
        pad = graph.producer(conv.input[0], "Pad")
        if pad is None or attribute(pad, "mode") != b"reflect" or any(attribute(conv, "pads") or ()):
            continue
        image, scale, shift = graph.affine(pad.input[0])
        image = bytes_of(graph, image)
        pads = graph.value(pad.input[1])
        if image is None or pads is None:
            continue
        n, c, h, w = pads.reshape(2, 4).T
        edges = np.stack([n, h, w, c]).T.reshape(-1)
        padded = graph.one("Pad", [image, graph.constant(edges)], mode="reflect")
        floats = graph.one("Cast", [padded], to=onnx.TensorProto.FLOAT)
        scaled = graph.one("Mul", [floats, graph.constant(scale)])
        shifted = graph.one("Add", [scaled, graph.constant(shift)])
        conv.input[0] = graph.one("Transpose", [shifted], perm=TO_NCHW)
    graph.index()


def bytes_of(graph: Graph, name: str) -> str | None:
    """The bytes [n, h, w, c] that a float value [n, c, h, w] was made of by a cast and a transposition."""
    transpose = graph.producer(name, "Transpose")
    if transpose is None or attribute(transpose, "perm") != TO_NCHW:
        return None
    cast = graph.producer(transpose.input[0], "Cast")
    return cast.input[0] if cast is not None else None


def add_without_logarithms(graph: Graph) -> None:
    """tanh(artanh(s) + r) is (s + t) / (1 + s * t) with t = tanh(r).

    OpenVINO computes logarithms one by one, and each costs as much as a convolution.
    """
    for node in [n for n in graph.nodes if n.op_type == "Tanh"]:
        total = graph.producer(node.input[0], "Add")
        for i in range(2) if total is not None else ():
            s = artanh_of(graph, total.input[i])
            if s is None:
                continue
            t = graph.one("Tanh", [total.input[1 - i]])
            below = graph.one("Add", [graph.one("Mul", [s, t]), graph.constant(1.0)])
            graph.replace(node.output[0], graph.one("Div", [graph.one("Add", [s, t]), below]))
            break


def artanh_of(graph: Graph, name: str) -> str | None:
    """s, if the value is 0.5 * (log(1 + s) - log(1 - s))."""
    half = graph.operands(name, "Mul")
    difference = graph.producer(half[0], "Sub") if half is not None and half[1] == 0.5 else None
    if difference is None:
        return None
    logs = [graph.producer(name, "Log") for name in difference.input]
    if None in logs:
        return None
    plus = graph.operands(logs[0].input[0], "Add")
    minus = graph.producer(logs[1].input[0], "Sub")
    if plus is None or plus[1] != 1 or minus is None or graph.scalar(minus.input[0]) != 1:
        return None
    return plus[0] if plus[0] == minus.input[1] else None


def flatten_the_end(graph: Graph) -> None:
    """Do what follows the last convolution on flat bytes, and let that convolution make pixels in fours.

    Twelve channels of four pixels waste less of a vector register than three of one pixel. In the order
    [n, h, w, c] they lie as the pixels of the image do, so only the shape changes. Flat, since OpenVINO
    walks over the last axis, which had a length of three.
    """
    (output,) = graph.model.graph.output[:1]
    last = graph.producer(output.name, "Transpose")
    if last is None or attribute(last, "perm") != TO_NHWC:
        return
    name, steps = last.input[0], []
    for kind in ("Cast", "Round", "Clip"):
        node = graph.producer(name, kind)
        if node is None:
            return
        steps.insert(0, node)
        name = node.input[0]
    name, scale, shift = graph.affine(name)
    quotient = graph.producer(name, "Div")
    total = graph.producer(quotient.input[0], "Add") if quotient is not None else None
    below = graph.operands(quotient.input[1], "Add") if quotient is not None else None
    product = graph.producer(below[0], "Mul") if below is not None and below[1] == 1 else None
    if total is None or product is None or list(total.input) != list(product.input):
        return
    s, t = total.input
    scaled, a, b = graph.affine(s)
    image, tanh = bytes_of(graph, scaled), graph.producer(t, "Tanh")
    conv = graph.producer(tanh.input[0], "Conv") if tanh is not None else None
    residual = in_fours(graph, conv) if conv is not None else None
    if image is None or residual is None:
        return
    flat = graph.constant([-1])
    bytes_ = graph.one("Cast", [graph.one("Reshape", [image, flat])], to=onnx.TensorProto.FLOAT)
    t = graph.one("Tanh", [graph.one("Reshape", [residual, flat])])
    s = graph.one("Add", [graph.one("Mul", [bytes_, graph.constant(a)]), graph.constant(b)])
    below = graph.one("Add", [graph.one("Mul", [s, t]), graph.constant(1.0)])
    value = graph.one("Div", [graph.one("Add", [s, t]), below])
    value = graph.one("Add", [graph.one("Mul", [value, graph.constant(scale)]), graph.constant(shift)])
    for step in steps:
        step.input[0] = value
        value = step.output[0]
    shape = graph.one("Shape", [image])
    graph.rename_output(output.name, graph.one("Reshape", [value, shape]))


def in_fours(graph: Graph, conv: NodeProto) -> str | None:
    """The convolution as [n, h, w / 4, 4 * c]. None unless it is 3x3 and pads nothing."""
    weight, bias = graph.value(conv.input[1]), graph.value(conv.input[2])
    if weight is None or bias is None or weight.shape[2:] != (3, 3) or any(attribute(conv, "pads") or ()):
        return None
    if attribute(conv, "strides") not in (None, [1, 1]):
        return None
    outputs, inputs, height, width = weight.shape
    wide = np.zeros((PIXELS, outputs, inputs, height, width + PIXELS - 1), np.float32)
    for i in range(PIXELS):
        wide[i, ..., i : i + width] = weight
    wide = wide.reshape(-1, *wide.shape[2:])
    names = [conv.input[0], graph.constant(wide), graph.constant(np.tile(bias, PIXELS))]
    fours = graph.one("Conv", names, kernel_shape=list(wide.shape[2:]), strides=[1, PIXELS])
    return graph.one("Transpose", [fours], perm=TO_NHWC)


REWRITINGS = (
    drop_idle_casts,
    fold_constants,
    merge_films,
    fold_pads,
    fold_spreads,
    pad_bytes,
    add_without_logarithms,
    flatten_the_end,
)


def lean(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in its faster form. The model that is given stays as it is."""
    if any(a.type in BRANCHES for node in model.graph.node for a in node.attribute):
        return model  # values that branches use are not found
    graph = Graph(model)
    for rewrite in REWRITINGS:
        rewrite(graph)
    return graph.finish()


def main(argv: list[str]) -> int:
    if len(argv) != 2:
        print("usage: python -m export.lean OLD.onnx NEW.onnx", file=sys.stderr)
        return 2
    old = onnx.load(argv[0])
    new = lean(old)
    save(new, Path(argv[1]))
    print(f"{argv[1]}: {len(new.graph.node)} nodes of {len(old.graph.node)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
