from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from export import golden
from export.__main__ import build, describe, main
from export.graph import IR_VERSION, OPSET, OnBytes, decode, encode
from export.manifest import KEY
from export.parity import TOLERANCE, worst_difference
from train.config import Config


def manifest_of(model: onnx.ModelProto) -> dict:
    return json.loads({p.key: p.value for p in model.metadata_props}[KEY])


def signature(values: list[onnx.ValueInfoProto]) -> dict[str, tuple]:
    def dimension(d: onnx.TensorShapeProto.Dimension) -> object:
        return d.dim_param or d.dim_value

    return {
        v.name: (v.type.tensor_type.elem_type, *map(dimension, v.type.tensor_type.shape.dim)) for v in values
    }


def test_bytes_survive_decoding_and_encoding():
    image = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1).repeat(1, 1, 1, 3)
    assert torch.equal(encode(decode(image)), image)


def test_generator_has_its_signature_and_manifest(generator_run: Path):
    model = build(generator_run, "seasons", "Summer and winter").model
    assert model.opset_import[0].version == OPSET and model.ir_version <= IR_VERSION
    inputs = signature(model.graph.input)
    assert inputs == {
        "image": (onnx.TensorProto.UINT8, "n", "h", "w", 3),
        "code": (onnx.TensorProto.FLOAT, "n"),
    }
    assert list(signature(model.graph.output)) == ["translation"]
    manifest = manifest_of(model)
    assert manifest["schema"] == "gtx.model/1" and manifest["family"] == "domain-code"
    assert [entry["name"] for entry in manifest["inputs"]] == ["image", "code"]
    assert manifest["domains"] == [{"id": "summer", "code": -1}, {"id": "winter", "code": 1}]
    assert manifest["training"]["steps"] == 4


def test_classifier_has_its_signature_and_manifest(classifier_run: Path):
    model = build(classifier_run, "seasons-classifier", "Summer or winter").model
    assert list(signature(model.graph.output)) == ["logits"]
    assert manifest_of(model)["classifier"]["classes"] == ["summer", "winter"]


@pytest.mark.parametrize("kind", ["generator_run", "classifier_run"])
def test_the_graph_agrees_with_the_network(kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    out = tmp_path / "seasons.onnx"
    assert main([str(request.getfixturevalue(kind)), "--out", str(out)]) == 0
    assert onnx.load(str(out)).graph.node


@pytest.mark.parametrize("kind", ["generator_run", "classifier_run"])
def test_a_graph_of_other_weights_does_not_agree(kind: str, request: pytest.FixtureRequest):
    made = build(request.getfixturevalue(kind), "seasons", "Summer and winter")
    with torch.no_grad():
        for parameter in made.graphs[0].net.parameters():
            parameter += 0.1
    assert worst_difference(made.model, made.graphs[0]) > TOLERANCE


def test_means_are_those_of_cells_row_by_row():
    image = np.zeros((16, 20, 3), dtype=np.uint8)
    image[:2, :2] = 10, 20, 30  # the first cell; the second column begins at 2
    image[2:4, 2] = 40  # half of the second cell of the second row, which is three pixels wide
    levels = np.frombuffer(base64.b64decode(golden.means(image)), dtype=np.uint8).reshape(8, 8, 3)
    assert levels[0, 0].tolist() == [10, 20, 30]
    assert levels[1, 1].tolist() == [13, 13, 13] and levels[1, 0].tolist() == [0, 0, 0]


def test_the_golden_image_tells_its_axes_and_channels_apart():
    ramps = golden.ramps(64, 64)
    assert ramps[0, 63].tolist() == [255, 0, 255] and ramps[63, 0].tolist() == [0, 255, 255]
    assert ramps[10, 20].tolist() == [80, 40, 255]  # 20·255/63, 10·255/63, squares 2 and 1


def test_a_generator_has_a_golden_case_for_each_domain(generator_run: Path):
    made = build(generator_run, "seasons", "Summer and winter")
    cases = manifest_of(made.model)["golden"]
    assert [case["args"] for case in cases] == [
        {"to": "summer", "strength": 1},
        {"to": "winter", "strength": 1},
    ]
    with torch.no_grad():
        ramps = torch.from_numpy(golden.ramps(64, 64))[None]
        winter = OnBytes(made.graphs[0])(ramps, torch.ones(1))[0][0].numpy()
    assert cases[1]["output"] == {"h": 64, "w": 64, "means": golden.means(winter)}


def test_a_classifier_has_a_golden_case(classifier_run: Path):
    model = build(classifier_run, "seasons-classifier", "Summer or winter").model
    (case,) = manifest_of(model)["golden"]
    assert sum(case["output"]["probabilities"]) == pytest.approx(1, abs=1e-3)


def test_training_data_is_named_with_its_data_set():
    config = Config(method="", stages=[], a=["/data/facades/train/label"], b=["facades/train/photo"])
    assert describe(config, 3)["data"] == "facades/train/label, facades/train/photo"


BUILTIN = Path(__file__).parents[2] / "models" / "builtin"


@pytest.mark.parametrize("name", ["seasons", "seasons-classifier"])
def test_the_built_in_models_carry_their_manifest(name: str):
    model = onnx.load(str(BUILTIN / f"{name}.onnx"))
    manifest = manifest_of(model)
    assert manifest["name"] == name
    assert manifest["training"]["steps"] > 0 and manifest["training"]["commit"]


def test_the_models_of_the_tests_are_what_their_programs_make(tmp_path: Path):
    scripts = Path(__file__).parents[1]
    kept, made = scripts.parent / "testdata" / "models", tmp_path / "testdata" / "models"
    shutil.copytree(kept, made, ignore=shutil.ignore_patterns("*.onnx", "*.bin"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(scripts), *sys.path])}
    for program in ("make", "families", "foreign", "upsampling"):  # foreign reads one of make's
        subprocess.run([sys.executable, made / f"{program}.py"], check=True, env=environment)
    files = [sorted(path.relative_to(top) for path in top.rglob("*.onnx")) for top in (kept, made)]
    assert files[0] == files[1]
    assert not [file for file in files[0] if (kept / file).read_bytes() != (made / file).read_bytes()]
