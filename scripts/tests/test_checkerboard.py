from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from checkerboard import generators, plots, samples
from checkerboard.scores import Score
from measure import page


@pytest.fixture()
def photos() -> list[samples.Pixels]:
    rng = np.random.default_rng(0)
    shape = (samples.SIDE, samples.SIDE, 3)
    return [rng.integers(40, 200, shape).astype(np.uint8) for _ in range(2)]


def test_patterns_have_their_period_and_strength(photos: list[samples.Pixels]):
    rng = np.random.default_rng(1)
    flat = np.full_like(photos[0], 128)
    for period in samples.PERIODS:
        made = samples.marked(flat, period, 3.0, rng)[..., 0].astype(float) - 128
        phases = made.reshape(-1, period, samples.SIDE // period, period).mean((0, 2))
        assert abs(np.sqrt((phases**2).mean()) - 3) < 0.1
        assert abs(phases.mean()) < 0.05


def test_clean_samples_are_images_of_every_kind(photos: list[samples.Pixels]):
    made = list(samples.clean(photos, np.random.default_rng(2), each=1))
    assert len({s.kind for s in made}) == 15 and not any(s.marked for s in made)
    for sample in made:
        assert sample.pixels.shape == photos[0].shape and sample.pixels.dtype == np.uint8, sample.kind


def test_generators_differ_in_what_doubles_the_size(tmp_path: Path):
    photos = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)
    operators = {
        "deconv-k3s2": "ConvTranspose",
        "deconv-k4s2": "ConvTranspose",
        "pixel-shuffle": "DepthToSpace",
    }
    for kind in generators.KINDS:
        path = tmp_path / "net.onnx"
        generators.export(generators.train(kind, photos, 1, 1), kind, 1, path)
        found = [n.op_type for n in onnx.load(str(path)).graph.node]
        assert found.count(operators.get(kind, "Resize")) == 2, kind


def test_curves_rise_from_nothing_to_all():
    curve = plots.roc([0.9, 0.5, 0.4], [0.45, 0.1])
    assert curve[0] == (0, 0) and curve[-1] == (1, 1)
    assert curve == sorted(curve)
    assert (0, 2 / 3) in curve and (0.5, 1) in curve
    assert plots.lines("a", "b", "c", {"one": curve}, right=1).count("<path") == 13


def test_the_strength_with_a_source_counts_only_what_is_new():
    score = Score("k", True, False, (0.5, 0.3, 0.3), (0.4, 0.1, 0.2), True, True)
    assert score.strength(None) == 0.5 and score.strength(2.0) == 0.3


def test_the_page_keeps_what_is_outside_its_marks():
    begin, end = "<!-- a: written by CMD -->", "<!-- a end -->"
    assert page.insert(f"x {begin} old {end} y", "a", "CMD", "new") == f"x {begin}\n\nnew\n\n{end} y"
    for text in ("x", f"x {begin} old"):
        with pytest.raises(ValueError, match="needs the lines"):
            page.insert(text, "a", "CMD", "new")
