#!/usr/bin/python3
"""Make networks that resemble those of other projects: without a manifest, with external weights, or broken.

They are written to this folder. Running it again changes nothing. Needs the packages of make.py.
"""

from __future__ import annotations

import numpy as np
from make import BLACK_WHITE, HERE, TO_FLOAT, bytes_in, bytes_out, const, head, image, save, to_bytes
from onnx import ModelProto, TensorProto, helper, load

FLOAT = TensorProto.FLOAT


def one_way(name: str, title: str) -> dict[str, object]:
    """A manifest for bytes in and bytes out, to winter."""
    return head(name, title) | {
        "inputs": [bytes_in()],
        "outputs": [bytes_out()],
        "domains": [{"id": "winter"}],
    }


def crash() -> None:
    """Returns dark images unchanged. For bright ones it reads past the end of a table and fails."""
    nodes = [
        TO_FLOAT,
        # the row to read: 1 if the mean is at least 128, else 0
        helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Div", ["mean", "half"], ["brightness"]),
        helper.make_node("Cast", ["brightness"], ["row"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "row"], ["nothing"]),
        helper.make_node("Add", ["float", "nothing"], ["same"]),
        *to_bytes("same"),
    ]
    constants = [const("half", 128), const("table", [0]), *BLACK_WHITE]
    save("crash", nodes, [image("image")], image("translation"), constants, one_way("crash", "Crashes"))


def infinite() -> None:
    """Returns the image, but 1/0 for black."""
    manifest = one_way("infinite", "Infinite for black")
    manifest["outputs"] = [bytes_out() | {"dtype": "float32"}]
    nodes = [
        TO_FLOAT,
        helper.make_node("Reciprocal", ["float"], ["inverse"]),
        helper.make_node("Reciprocal", ["inverse"], ["back"]),
        helper.make_node("Max", ["inverse", "back"], ["translation"]),
    ]
    save("infinite", nodes, [image("image")], image("translation", FLOAT), [], manifest)


def opset() -> None:
    """A network of a future opset."""
    model = load(str(HERE / "identity.onnx"))
    model.opset_import[0].version = 99
    write("opset", model)


def external() -> None:
    """Networks with weights in another file: one in the same folder, one outside it."""
    for name, location in (("external", "external.bin"), ("external-outside", "../external.bin")):
        weights = const("add", [10, 20, 30])
        values = weights.raw_data
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "4"), ("length", str(len(values)))):
            entry = weights.external_data.add()
            entry.key, entry.value = key, value
        nodes = [TO_FLOAT, helper.make_node("Add", ["float", "add"], ["sum"]), *to_bytes("sum")]
        graph = helper.make_graph(
            nodes, name, [image("image")], [image("translation")], [weights, *BLACK_WHITE]
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="testdata/models/foreign.py"
        )
        model.ir_version = 8
        write(name, model)
    (HERE / "external.bin").write_bytes(b"skip" + values)


def floats(name: str, shape: list[object]) -> object:
    return helper.make_tensor_value_info(name, FLOAT, shape)


def foreign_tanh() -> None:
    """A network of fixed size that ends in tanh, like CycleGAN's. It swaps blue and red."""
    shape = [1, 3, 64, 48]
    swap = np.zeros((3, 3, 1, 1))
    for to, source in enumerate((2, 1, 0)):
        swap[to, source] = 1
    nodes = [
        helper.make_node("Clip", ["real_A", "low", "high"], ["inside"]),  # keep atanh finite
        helper.make_node("Conv", ["inside", "swap"], ["swapped"]),
        # atanh(x) = ln((1+x)/(1-x))/2
        helper.make_node("Add", ["one", "swapped"], ["above"]),
        helper.make_node("Sub", ["one", "swapped"], ["below"]),
        helper.make_node("Div", ["above", "below"], ["ratio"]),
        helper.make_node("Log", ["ratio"], ["log"]),
        helper.make_node("Mul", ["log", "half"], ["atanh"]),
        helper.make_node("Tanh", ["atanh"], ["fake_B"]),
    ]
    constants = [
        const("low", -0.999),
        const("high", 0.999),
        const("one", 1),
        const("half", 0.5),
        const("swap", swap),
    ]
    save("foreign-tanh", nodes, [floats("real_A", shape)], floats("fake_B", shape), constants, None)


def foreign_style() -> None:
    """Any size, NHWC. Stretches and inverts the contrast to 0..255, for any input range."""
    shape = [1, "H", "W", 3]
    nodes = [
        helper.make_node("ReduceMin", ["input1"], ["least"], axes=[1, 2], keepdims=1),
        helper.make_node("ReduceMax", ["input1"], ["most"], axes=[1, 2], keepdims=1),
        helper.make_node("Sub", ["most", "input1"], ["under"]),
        helper.make_node("Sub", ["most", "least"], ["range"]),
        helper.make_node("Div", ["under", "range"], ["part"]),
        helper.make_node("Mul", ["part", "white"], ["output1"]),
    ]
    save(
        "foreign-style",
        nodes,
        [floats("input1", shape)],
        floats("output1", shape),
        [const("white", 255)],
        None,
    )


def foreign_upscaler() -> None:
    """Doubles the size by repeating pixels. Nothing in the graph shows a range."""
    nodes = [
        helper.make_node(
            "Resize",
            ["x", "", "scales"],
            ["y"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    ]
    inputs = [floats("x", [1, 3, "h", "w"])]
    output = floats("y", [1, 3, "h2", "w2"])
    save("foreign-upscaler", nodes, inputs, output, [const("scales", [1, 1, 2, 2])], None)


def write(name: str, model: ModelProto) -> None:
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    for make in (crash, infinite, opset, external, foreign_tanh, foreign_style, foreign_upscaler):
        make()
