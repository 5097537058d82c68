from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from export.graph import halve_weights, to_onnx
from export.lean import lean, main
from train.methods.domain_code import coded
from train.networks.generator import Generator
from train.networks.opacity import OpacityGenerator

SIZES = ((256, 192), (192, 256), (264, 200), (64, 72))
BUILTIN = Path(__file__).parents[2] / "models" / "builtin"


@pytest.fixture
def seeded() -> None:
    torch.manual_seed(1)


def generator() -> torch.nn.Module:
    """A generator that changes the image: an untrained one hardly does."""
    net = Generator(width=8, blocks=2)
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    return net.eval()


def plain(net: torch.nn.Module) -> onnx.ModelProto:
    return to_onnx(coded(net, ("a", "b")).graphs[0], {"name": "plain"})


def images(height: int, width: int) -> NDArray[np.uint8]:
    """Two images with soft colours and grain, and with black and white."""
    rng = np.random.default_rng(height * width)
    coarse = rng.integers(-40, 300, (2, height // 8, width // 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def run(model: onnx.ModelProto, image: NDArray, code: list[float]) -> NDArray[np.int64]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (output, *_) = session.run(None, {"image": image, "code": np.float32(code)})
    return output.astype(np.int64)


def assert_same_but_for_rounding(old: onnx.ModelProto, new: onnx.ModelProto) -> None:
    """At most one grey level, in at most one value of 10,000, for a batch with different codes."""
    differing, values = 0, 0
    for height, width in SIZES:
        image = images(height, width)
        for code in ([-1, 1], [0.5, -0.3], [0, 1.5]):
            wanted = run(old, image, code)
            difference = np.abs(run(new, image, code) - wanted)
            assert difference.max() <= 1
            assert np.abs(wanted[1] - image[1].astype(np.int64)).mean() > 1  # else nothing is compared
            differing += np.count_nonzero(difference)
            values += difference.size
    assert differing <= values / 10_000


def test_a_generator_gives_the_same_results(seeded: None):
    old = plain(generator())
    assert_same_but_for_rounding(old, lean(old))


def test_a_generator_in_half_gives_the_same_results(seeded: None):
    old = plain(generator())
    halve_weights(old)
    new = lean(old)
    assert_same_but_for_rounding(old, new)
    assert new.ByteSize() <= old.ByteSize()


def test_a_generator_with_a_cover_gives_the_same_results(seeded: None):
    old = plain(OpacityGenerator("random", width=8).eval())
    assert_same_but_for_rounding(old, lean(old))


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def assert_lean(model: onnx.ModelProto) -> None:
    found = kinds(model)
    assert not {"Constant", "Log", "ConstantOfShape", "Slice", "Gather"} & set(found)
    assert found["Gemm"] == found["Split"] == 1
    widths = [list(a.ints) for n in model.graph.node for a in n.attribute if a.name == "strides"]
    assert widths.count([1, 4]) == 1


def test_the_costly_nodes_are_gone(seeded: None):
    assert_lean(lean(plain(generator())))


def test_a_lean_graph_stays_as_it_is(seeded: None):
    once = lean(plain(generator()))
    assert kinds(lean(once)) == kinds(once)


def test_the_built_in_generator_is_lean():
    """It crops enlarged features to those that they are added to, and splits the scales of layers once."""
    found = kinds(onnx.load(str(BUILTIN / "seasons.onnx")))
    assert not {"Constant", "Log", "ConstantOfShape", "Pad", "ConvTranspose"} & set(found)
    assert found["Split"] == 1 and found["Slice"] == 8


def test_an_exported_file_is_rewritten_with_its_manifest(seeded: None, tmp_path: Path):
    old = plain(generator())
    (tmp_path / "old.onnx").write_bytes(old.SerializeToString())
    assert main([str(tmp_path / "old.onnx"), str(tmp_path / "new.onnx")]) == 0
    new = onnx.load(str(tmp_path / "new.onnx"))
    assert list(new.metadata_props) == list(old.metadata_props)
    assert list(new.graph.input) == list(old.graph.input) and list(new.graph.output) == list(old.graph.output)
    assert_lean(new)
