#!/usr/bin/python3
"""Make the tiny networks of the tests in this folder. Running it again changes nothing.

Needs Debian's python3-onnx and python3-numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from export import golden  # noqa: E402

HERE = Path(__file__).parent
ANY = ["N", "H", "W", 3]

Manifest = dict[str, object]


def const(name: str, values: object, dtype: type = np.float32) -> TensorProto:
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def save(
    name: str,
    nodes: list[NodeProto],
    inputs: list[ValueInfoProto],
    output: ValueInfoProto,
    constants: list[TensorProto],
    manifest: Manifest | None,
) -> None:
    graph = helper.make_graph(nodes, name, inputs, [output], constants)
    model: ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="testdata/models/make.py"
    )
    model.ir_version = 8
    if manifest is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = "gtx.manifest", json.dumps(manifest, separators=(",", ":"))
    checker.check_model(model)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def head(name: str, title: str, batch: object = "dynamic") -> Manifest:
    return {
        "schema": "gtx.model/1",
        "name": name,
        "title": title,
        "family": "test",
        "version": "1",
        "license": "MIT",
        "source": "testdata/models/make.py",
        "graphs": {"main": {"batch": batch, "deterministic": True}},
    }


def bytes_in(least: int = 8) -> dict[str, object]:
    """The image input of the built-in models, at a size that keeps tests fast."""
    return {
        "graph": "main",
        "name": "image",
        "dtype": "uint8",
        "layout": "NHWC",
        "shape": [-1, -1, -1, 3],
        "role": "image",
        "image": {"channels": 3, "color": "RGB", "scale": [1, 1, 1], "offset": [0, 0, 0]},
        "size": {
            "mode": "multiple",
            "h": 64,
            "w": 64,
            "multiple_of": 8,
            "min": least,
            "max": 512,
            "fit": "stretch",
        },
    }


def code_in() -> dict[str, object]:
    return {
        "graph": "main",
        "name": "code",
        "dtype": "float32",
        "shape": [-1],
        "role": "label",
        "label": {
            "kind": "scalar",
            "strength": {"op": "scale", "min": 0, "max": 1.5, "neutral": 0},
            "requires_source_label": False,
        },
    }


def bytes_out() -> dict[str, object]:
    return {
        "graph": "main",
        "name": "translation",
        "role": "image",
        "dtype": "uint8",
        "layout": "NHWC",
        "color": "RGB",
        "scale": [1, 1, 1],
        "offset": [0, 0, 0],
    }


def coded(name: str, title: str) -> Manifest:
    """A manifest with the inputs and outputs of the built-in translator: bytes and a code in, bytes out."""
    return head(name, title) | {
        "inputs": [bytes_in(), code_in()],
        "outputs": [bytes_out()],
        "domains": [{"id": "summer", "code": -1}, {"id": "winter", "code": 1}],
    }


def image(name: str, dtype: int = TensorProto.UINT8, shape: list[object] = ANY) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def code() -> ValueInfoProto:
    return helper.make_tensor_value_info("code", TensorProto.FLOAT, ["N"])


# The golden image. The expected results of the networks are computed from it, without running any network.
RAMPS = golden.ramps(golden.SIDE, golden.SIDE).astype(int)
TOLERANCE = 1.5  # grey levels


def answer(image: object, **args: object) -> golden.Case:
    return golden.image_case(np.clip(image, 0, 255).astype(np.uint8), golden.SIDE, TOLERANCE, **args)


# code -> [N, 1, 1, 1], to be added to images
SPREAD_CODE = helper.make_node("Reshape", ["code", "column"], ["spread"])
COLUMN = const("column", [-1, 1, 1, 1], np.int64)
TO_FLOAT = helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT)


def to_bytes(values: str) -> list[NodeProto]:
    return [
        helper.make_node("Clip", [values, "black", "white"], ["clipped"]),
        helper.make_node("Round", ["clipped"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["translation"], to=TensorProto.UINT8),
    ]


BLACK_WHITE = [const("black", 0), const("white", 255)]


def identity() -> None:
    """Returns the image unchanged. The code is read but has no effect."""
    nodes = [
        TO_FLOAT,
        SPREAD_CODE,
        helper.make_node("Mul", ["spread", "zero"], ["nothing"]),
        helper.make_node("Add", ["float", "nothing"], ["same"]),
        *to_bytes("same"),
    ]
    constants = [COLUMN, const("zero", 0), *BLACK_WHITE]
    manifest = coded("identity", "The same") | {"golden": [answer(RAMPS, to="summer")]}
    save("identity", nodes, [image("image"), code()], image("translation"), constants, manifest)


def shift() -> None:
    """clip(image + 40·code), which tests can compute."""
    nodes = [
        TO_FLOAT,
        SPREAD_CODE,
        helper.make_node("Mul", ["spread", "forty"], ["change"]),
        helper.make_node("Add", ["float", "change"], ["shifted"]),
        *to_bytes("shifted"),
    ]
    constants = [COLUMN, const("forty", 40), *BLACK_WHITE]
    manifest = coded("shift", "Brighter or darker") | {
        "golden": [answer(RAMPS - 40, to="summer"), answer(RAMPS + 20, to="winter", strength=0.5)]
    }
    save("shift", nodes, [image("image"), code()], image("translation"), constants, manifest)


def checkered() -> None:
    """Adds ±4 grey levels in a checkerboard of period 2, made of the parities of row and column."""
    nodes = [
        TO_FLOAT,
        SPREAD_CODE,
        # Cumulative sums of ones in the shape of the image count rows and columns from 1.
        helper.make_node("Shape", ["image"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["ones"], value=const("one", [1])),
        helper.make_node("CumSum", ["ones", "rows"], ["row"]),
        helper.make_node("CumSum", ["ones", "columns"], ["column_number"]),
        helper.make_node("Add", ["row", "column_number"], ["diagonal"]),
        helper.make_node("Mod", ["diagonal", "two"], ["parity"], fmod=1),
        helper.make_node("Mul", ["parity", "eight"], ["pattern"]),
        helper.make_node("Sub", ["pattern", "four"], ["centred"]),
        helper.make_node("Mul", ["spread", "zero"], ["nothing"]),
        helper.make_node("Add", ["float", "nothing"], ["same"]),
        helper.make_node("Add", ["same", "centred"], ["checkered"]),
        *to_bytes("checkered"),
    ]
    constants = [
        COLUMN,
        const("rows", 1, np.int64),
        const("columns", 2, np.int64),
        *(const(name, value) for name, value in [("zero", 0), ("two", 2), ("four", 4), ("eight", 8)]),
        *BLACK_WHITE,
    ]
    save(
        "checker",
        nodes,
        [image("image"), code()],
        image("translation"),
        constants,
        coded("checker", "Checkered"),
    )


def cyclegan_fixed() -> None:
    """Foreign conventions: NCHW, BGR, [-1, 1], batches of one image of 64×64.

    Inverts the first channel, blue, and leaves the other two.
    """
    shape = [1, 3, 64, 64]
    manifest = head("cyclegan-fixed", "Blue inverted", batch=1) | {
        "inputs": [
            {
                "graph": "main",
                "name": "input",
                "dtype": "float32",
                "layout": "NCHW",
                "shape": shape,
                "role": "image",
                "image": {"channels": 3, "color": "BGR", "scale": [1 / 127.5] * 3, "offset": [-1, -1, -1]},
                "size": {"mode": "fixed", "h": 64, "w": 64},
            }
        ],
        "outputs": [
            {
                "graph": "main",
                "name": "output",
                "role": "image",
                "dtype": "float32",
                "layout": "NCHW",
                "color": "BGR",
                "scale": [1 / 127.5] * 3,
                "offset": [-1, -1, -1],
            }
        ],
        "domains": [{"id": "summer"}, {"id": "winter"}],
        "directions": [{"from": "summer", "to": "winter", "graph": "main"}],
        "golden": [answer(np.abs(RAMPS - [0, 0, 255]), to="winter")],
    }
    nodes = [helper.make_node("Mul", ["input", "signs"], ["output"])]
    signs = const("signs", np.array([-1, 1, 1]).reshape(1, 3, 1, 1))
    floats = TensorProto.FLOAT
    save(
        "cyclegan-fixed",
        nodes,
        [image("input", floats, shape)],
        image("output", floats, shape),
        [signs],
        manifest,
    )


def nan() -> None:
    """Returns 0/0 everywhere."""
    manifest = head("nan", "Not a number") | {
        "inputs": [bytes_in()],
        "outputs": [bytes_out() | {"dtype": "float32"}],
        "domains": [{"id": "winter"}],
    }
    nodes = [
        TO_FLOAT,
        helper.make_node("Mul", ["float", "zero"], ["nothing"]),
        helper.make_node("Div", ["nothing", "nothing"], ["translation"]),
    ]
    output = image("translation", TensorProto.FLOAT)
    save("nan", nodes, [image("image")], output, [const("zero", 0)], manifest)


def brightness_classifier() -> None:
    """Bright is winter and dark is summer. The logits are ±(mean − 127.5) / 16."""
    bright = float(1 / (1 + np.exp(-2 * (RAMPS.mean() - 127.5) / 16)))
    manifest = head("brightness-classifier", "Bright is winter") | {
        "inputs": [bytes_in()],
        "outputs": [{"graph": "main", "name": "logits", "role": "logits", "dtype": "float32"}],
        "classifier": {
            "graph": "main",
            "activation": "softmax",
            "classes": ["summer", "winter"],
            "threshold": 0.5,
        },
        "domains": [{"id": "summer"}, {"id": "winter"}],
        "golden": [golden.probability_case([1 - bright, bright])],
    }
    nodes = [
        TO_FLOAT,
        helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "grey"], ["above"]),
        helper.make_node("Unsqueeze", ["above", "last"], ["single"]),
        helper.make_node("Mul", ["single", "weights"], ["logits"]),
    ]
    constants = [const("grey", 127.5), const("last", [1], np.int64), const("weights", [[-1 / 16, 1 / 16]])]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 2])
    save("brightness-classifier", nodes, [image("image")], output, constants, manifest)


def no_manifest() -> None:
    nodes = [helper.make_node("Identity", ["image"], ["translation"])]
    save("no-manifest", nodes, [image("image")], image("translation"), [], None)


if __name__ == "__main__":
    for make in (identity, shift, checkered, cyclegan_fixed, nan, brightness_classifier, no_manifest):
        make()
