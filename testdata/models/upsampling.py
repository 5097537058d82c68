#!/usr/bin/python3
"""Make tiny networks that halve an image and double its size again, each in a different way.

Running it again changes nothing. Needs Debian's python3-onnx and python3-numpy.
"""

import numpy as np
from make import Manifest, const, head, image, save
from onnx import NodeProto, TensorProto, helper

SHAPE = ["N", 3, "H", "W"]
FLOAT = TensorProto.FLOAT
HALVED = helper.make_node("AveragePool", ["image"], ["half"], kernel_shape=[2, 2], strides=[2, 2])

# Kernels that leave flat images flat: along each axis the even weights and the odd weights
# sum up to one.
BILINEAR = {3: [0.5, 1, 0.5], 4: [0.25, 0.75, 0.75, 0.25]}


ANY_SIZE = {"mode": "multiple", "h": 128, "w": 128, "multiple_of": 8, "min": 16, "max": 512}


def manifest(name: str, title: str, size: dict[str, object]) -> Manifest:
    pixels = {"graph": "main", "dtype": "float32", "layout": "NCHW", "role": "image"}
    return head(name, title) | {
        "inputs": [pixels | {"name": "image", "image": {"channels": 3, "color": "RGB"}, "size": size}],
        "outputs": [pixels | {"name": "translation", "color": "RGB"}],
        "domains": [{"id": "same"}],
    }


def network(
    name: str,
    title: str,
    nodes: list[NodeProto],
    constants: list[TensorProto],
    size: dict[str, object] = ANY_SIZE,
) -> None:
    tensors = image("image", FLOAT, SHAPE), image("translation", FLOAT, SHAPE)
    save(
        f"upsampling/{name}",
        [HALVED, *nodes],
        [tensors[0]],
        tensors[1],
        constants,
        manifest(name, title, size),
    )


def mixed(kernel: np.ndarray, noise: float, seed: int = 1) -> np.ndarray:
    """Weights [3, 3, k, k]: the kernel from each channel to itself, plus noise for all pairs."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, noise, (3, 3, *kernel.shape))
    for c in range(3):
        weights[c, c] += kernel
    return weights


def transposed(k: int, **attributes: object) -> NodeProto:
    pads = {3: {"pads": [1, 1, 1, 1], "output_padding": [1, 1]}, 4: {"pads": [1, 1, 1, 1]}}[k]
    return helper.make_node(
        "ConvTranspose", ["half", "kernel"], ["translation"], name="up", strides=[2, 2], **(pads | attributes)
    )


def deconvolutions() -> None:
    for k in (3, 4):
        even = np.outer(BILINEAR[k], BILINEAR[k])
        network(f"deconv-k{k}s2-even", "Bilinear", [transposed(k)], [const("kernel", mixed(even, 0))])
        uneven = const("kernel", mixed(even, 0.02))
        network(f"deconv-k{k}s2", "Uneven weights", [transposed(k)], [uneven])
    # One group per channel, with a bias and a kernel smaller than the stride.
    sparse = const("kernel", np.ones((3, 1, 1, 1)))
    grouped = helper.make_node(
        "ConvTranspose",
        ["half", "kernel", "bias"],
        ["translation"],
        name="up",
        strides=[2, 2],
        group=3,
        output_padding=[1, 1],
    )
    network("deconv-k1s2", "One pixel of four", [grouped], [sparse, const("bias", [20, 10, 0])])
    halves = [
        helper.make_node("Cast", ["half"], ["half16"], to=TensorProto.FLOAT16),
        helper.make_node(
            "ConvTranspose", ["half16", "kernel"], ["up16"], name="up", strides=[2, 2], pads=[1, 1, 1, 1]
        ),
        helper.make_node("Cast", ["up16"], ["translation"], to=FLOAT),
    ]
    kernel = const("kernel", mixed(np.outer(BILINEAR[4], BILINEAR[4]), 0.02), np.float16)
    network("deconv-half", "Half precision", halves, [kernel])
    dynamic = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[0, 1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["base", "mean"], ["kernel"]),
        transposed(3),
    ]
    network(
        "deconv-dynamic",
        "A kernel made of the picture",
        dynamic,
        [const("base", np.ones((3, 3, 3, 3)) / 2000)],
    )


def shuffles() -> None:
    """Pixel shuffle of 12 channels, in four phases of equal (ICNR) or unequal weights."""
    blur = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
    bias = np.array([1, 2, 3] * 4)
    conv = helper.make_node("Conv", ["half", "kernel", "bias"], ["channels"], name="conv", pads=[1, 1, 1, 1])
    shuffle = helper.make_node(
        "DepthToSpace", ["channels"], ["translation"], name="shuffle", blocksize=2, mode="DCR"
    )
    same = np.tile(mixed(blur, 0.02), (4, 1, 1, 1))
    other = np.concatenate([mixed(blur, 0.02, seed) for seed in range(4)])
    network("shuffle-icnr", "Equal phases", [conv, shuffle], [const("kernel", same), const("bias", bias)])
    kernel = const("kernel", other)
    uneven_bias = const("bias", bias + np.arange(12) / 4)
    network("shuffle", "Unequal phases", [conv, shuffle], [kernel, uneven_bias])
    # The form of exporters without DepthToSpace. Mode CRD: the phases of a channel are adjacent.
    order = np.arange(12).reshape(4, 3).T.ravel()
    written = [
        conv,
        helper.make_node("Relu", ["channels"], ["positive"]),
        helper.make_node("Reshape", ["positive", "six"], ["blocks"]),
        helper.make_node("Transpose", ["blocks"], ["turned"], name="turn", perm=[0, 1, 4, 2, 5, 3]),
        helper.make_node("Reshape", ["turned", "four"], ["translation"]),
    ]
    constants = [
        const("kernel", other[order]),
        const("bias", (bias + np.arange(12) / 4)[order]),
        const("six", [-1, 3, 2, 2, 32, 32], np.int64),
        const("four", [-1, 3, 64, 64], np.int64),
    ]
    fixed = {"mode": "fixed", "h": 64, "w": 64}
    network("shuffle-written-out", "Unequal phases, written out", written, constants, fixed)


def interpolations() -> None:
    for mode, name in (("nearest", "nearest"), ("linear", "bilinear")):
        nodes = [
            helper.make_node("Resize", ["half", "", "scales"], ["double"], name="up", mode=mode),
            helper.make_node("Conv", ["double", "kernel"], ["translation"], name="conv", pads=[1, 1, 1, 1]),
        ]
        kernel = const("kernel", mixed(np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25]), 0.02))
        network(f"{name}-conv", "Interpolated", nodes, [kernel, const("scales", [1, 1, 2, 2])])


if __name__ == "__main__":
    deconvolutions()
    shuffles()
    interpolations()
