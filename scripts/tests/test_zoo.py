"""The zoo's criteria on tiny data and on the fixtures of the families, whose answers are known."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluate.zoo import __main__ as command
from evaluate.zoo import bench as benches
from evaluate.zoo import digits, faces, judges, models, page, paired, pictures, rows
from measure import gtx

FIXTURES = Path(__file__).parents[2] / "testdata" / "models"
QUICK = {
    name: {**recipe, "steps": 1, "batch": 4, **({"variant": "random"} if "variant" in recipe else {})}
    for name, recipe in {
        "digits": judges.DIGITS,
        "faces": judges.FACES,
        "identity": judges.IDENTITY,
        "facades": judges.SEGMENTS,
    }.items()
}


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the real layout with a few images of noise."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    colours = np.array(list(pictures.FACADES.values()))
    table = []
    for part in ("train", "validation"):
        for i in range(6):
            labels = rng.integers(0, 12, (8, 8)).repeat(32, 0).repeat(32, 1)
            write(root / f"facades/{part}/label/{i}.png", colours[labels])
            write(root / f"facades/{part}/photo/{i}.png", rng.integers(0, 256, (256, 256, 3)))
            for kind in ("photo", "edges"):
                write(root / f"shoes/{part}/{kind}/{i}.png", rng.integers(0, 256, (128, 128, 3)))
            for season in ("summer", "winter"):
                write(root / f"seasons/{part}/{season}/{i}.png", rng.integers(0, 256, (256, 256, 3)))
            write(root / f"snow/{part}/{i}.png", rng.integers(0, 256, (64, 64, 3)))
        for digit in range(10):
            for i in range(2):
                write(root / f"digits/{part}/{digit}/{i}.png", rng.integers(0, 256, (28, 28)))
        for i in range(24):
            write(root / f"faces/{part}/{i}.png", rng.integers(0, 256, (109, 89, 3)))
            values = {name: (i >> bit) & 1 for bit, name in enumerate(judges.ATTRIBUTES[:4])}
            values |= {"Young": i % 3 == 1, "Male": i % 3 == 0}
            values |= {name: i % 3 == k for k, name in enumerate(judges.HAIR)} | {"Gray_Hair": i == 23}
            table.append({"file": f"{part}/{i}.png", **{k: int(v) for k, v in values.items()}})
    with (root / "faces/attributes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return root


@pytest.fixture()
def bench(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> benches.Bench:
    monkeypatch.setattr(digits, "COUNT", 20)
    monkeypatch.setattr(faces, "EXEMPLARS", 3)
    monkeypatch.setattr(faces, "TAKEN", 3)
    monkeypatch.setattr(faces, "COUNT", 6)
    return benches.Bench(root, tmp_path / "zoo", gtx.BINARY, "random", QUICK)


def put(bench: benches.Bench, fixture: str, name: str) -> models.Model:
    """A fixture as a model of the zoo."""
    bench.models.mkdir(exist_ok=True)
    fixed = models.Model(FIXTURES / f"{fixture}.onnx")
    for path in {fixed.path, *fixed.files.values()}:
        shutil.copy(path, bench.models / (f"{name}.onnx" if path == fixed.path else path.name))
    found = bench.model(name)
    assert found
    return found


def values(verdict: benches.Verdict) -> dict[str, float]:
    return {figure.name: figure.value for figure in verdict.figures}


def test_gtx_gives_samples_suffixes_and_labels_in_order(bench: benches.Bench):
    grey = np.stack([np.full((32, 32, 3), level, np.uint8) for level in (100, 50)])
    gains, loses = put(bench, "genegan", "faces-smile").translate(grey, exemplar=np.full_like(grey[0], 80))
    assert gains[:, 0, 0, 0].tolist() == [140, 90] and loses[:, 0, 0, 0].tolist() == [40, 40]
    assert len(put(bench, "bicyclegan", "shoes").translate(grey, samples=3, seed=1)) == 3
    (blond,) = put(bench, "stargan", "star").translate(grey, to="blond", source="male")
    assert blond[0, 0, 0].tolist() == [126, 138, 100]
    assert put(bench, "pggan", "goods").generate(2, to="church").shape == (2, 16, 16, 3)
    with pytest.raises(RuntimeError, match="no domain"):
        bench.model("star").translate(grey, to="red", source="male")


def test_costs_count_every_graph_once(bench: benches.Bench, tmp_path: Path):
    # One-hot classes times levels: 35 * 3 products at each of 256² pixels.
    assert put(bench, "pix2pixhd", "streets").cost()["gmac"] == pytest.approx(35 * 3 * 256**2 / 1e9)
    lapgan = put(bench, "lapgan", "landscapes")
    assert lapgan.order() == ["coarse", "fine"]
    assert lapgan.size == sum(
        (bench.models / f).stat().st_size for f in ("landscapes.onnx", "lapgan-coarse.onnx")
    )


def test_classes_are_the_nearest_colours():
    maps = np.array([[[2, 130, 250], [0, 0, 222]]], np.uint8)
    assert pictures.classes(maps).tolist() == [[2, 0]]


def test_fcn_scores_by_hand():
    wanted = np.array([[[0, 0, 0, 1]]])
    found = np.array([[[0, 0, 1, 1]]])
    assert judges.scores(found, wanted) == pytest.approx({"pixels": 0.75, "classes": 5 / 6, "iou": 7 / 12})


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [("eyeglasses", ("Eyeglasses", True)), ("no-bangs", ("Bangs", False)), ("female", ("Male", False)),
     ("black-hair", ("Black_Hair", True)), ("photo", None)],
)  # fmt: skip
def test_domains_name_attributes(domain: str, wanted: tuple[str, bool] | None):
    assert faces.attribute_of(domain) == wanted


def test_of_two_domains_one_may_be_called_anything(bench: benches.Bench):
    fader = put(bench, "fader", "faces-coded")
    assert fader.domains == ["plain", "glasses"]
    assert faces.meanings(fader) == {"glasses": ("Eyeglasses", True), "plain": ("Eyeglasses", False)}


def test_labels_name_one_colour_of_hair(bench: benches.Bench):
    known = pictures.Faces(
        np.zeros((3, 4, 4, 3), np.uint8),
        {"Black_Hair": np.array([1, 0, 0]), "Blond_Hair": np.array([1, 1, 0]), "Brown_Hair": np.zeros(3),
         "Male": np.array([0, 1, 0]), "Young": np.array([0, 0, 0])},
    )  # fmt: skip
    assert faces.labels(put(bench, "stargan", "star"), known) == ["black", "blond,male", "none"]


def test_digits_are_judged_after_translation(bench: benches.Bench):
    found = values(digits.read(0.5)(bench, put(bench, "dtn", "digits-dtn")))
    assert 0 <= found["digits read right"] <= 1


def test_an_exemplar_of_the_own_colour_comes_nearer_than_a_draw(bench: benches.Bench):
    verdict = paired.shoes(bench, put(bench, "bicyclegan", "shoes"), draws=3, inputs=4)
    assert values(verdict)["draws differ, of real pictures' difference"] > 0
    # The fixture spreads the mean of z alone, so that the mean comes back and the rest does not.
    assert 0 < values(verdict)["drawn z regained, r"] < 0.9
    assert [title for title, _ in verdict.sheet][:3] == ["edges", "real", "with the real one as exemplar"]


@pytest.mark.parametrize(("fixture", "name"), [("genegan", "faces-smile"), ("dnagan", "faces-dna")])
def test_attributes_move_over(bench: benches.Bench, fixture: str, name: str):
    found = values(faces.exchange(bench, put(bench, fixture, name)))
    assert {"smiling after giving", "without smiling after taking"} <= set(found)
    assert found["difference between two exemplars, of the change, smiling"] > 0
    assert ("the other attribute kept" in found) == (fixture == "dnagan")


def test_labels_of_the_source_matter_to_stargan_and_to_no_other(bench: benches.Bench, monkeypatch):
    asked = [faces.Target("male", "Male", True), faces.Target("blond", "Blond_Hair", True)]
    monkeypatch.setattr(faces, "targets", lambda model, both=True: asked)
    star = values(faces.star(bench, put(bench, "stargan", "faces-star")))
    assert star["wrong labels change the result by, of the translation"] > 0.3
    shift = put(bench, "shift", "faces-coded")
    known = pictures.faces(bench.root, "validation", shift.side)
    assert not shift.needs_labels
    a, b = (shift.translate(known.pixels[:2], to="winter", source=s)[0] for s in ("summer", "any"))
    assert (a == b).all()


def test_an_alpha_that_only_brightens_moves_the_logit(bench: benches.Bench):
    found = values(faces.fader(bench, put(bench, "fader", "faces-fader")))
    assert found["PSNR, own attribute, dB"] == pytest.approx(25.9, abs=1)  # 12.75 levels
    assert "to eyeglasses" in found


def test_the_page_tells_what_is_missing_and_runs_once(
    bench: benches.Bench, tmp_path: Path, monkeypatch, capsys
):
    put(bench, "fader", "faces-fader")
    put(bench, "pix2pix", "facades")
    monkeypatch.setattr(command, "Bench", lambda *given: benches.Bench(*given, QUICK))
    out = tmp_path / "out"
    arguments = ["--data", str(bench.root), "--models", str(bench.models), "--features", "random"]
    arguments += ["--page", str(tmp_path / "zoo.md"), "--json", str(out / "zoo.json"), "--sheets", str(out)]
    assert command.main(arguments) == 0
    text = (tmp_path / "zoo.md").read_text()
    assert "| faces-fader | Fader Networks (Lample et al. 2017) | faces |" in text
    assert text.count("not trained yet") == len(rows.ROWS) - 2
    assert "`gtx translate --model faces-fader --to glasses face.jpg`" in text
    assert set(json.loads((out / "zoo.json").read_text())) == {"faces-fader", "facades"}
    assert "faces-fader-01.png" in (out / "index.html").read_text() and (out / "faces-fader-01.png").exists()
    assert "evaluate.zoo: faces-fader" in capsys.readouterr().err
    assert command.main(arguments) == 0
    assert "evaluate.zoo: faces-fader" not in capsys.readouterr().err
    assert (tmp_path / "zoo.md").read_text() == text
    other = text.replace("not trained yet", "to come").replace("FCN-score", "FCN").replace("- digits", "- d")
    (tmp_path / "zoo.md").write_text(other)
    assert command.main([*arguments, "--only", "facades"]) == 0
    assert (tmp_path / "zoo.md").read_text() == text.replace("not trained yet", "to come")


def test_what_was_tried_is_told_below_the_table():
    row = ["digits-unit", *["x"] * (len(page.COLUMNS) - 1)]
    text = page.document([row], {"digits-unit": "More steps."})
    assert text.endswith("\n\n## What was tried\n\n- digits-unit: More steps.\n")
    assert page.updated(text, [row], {}) == text.partition("\n## What")[0]


def test_a_missed_mark_is_said():
    kept, missed = page.Figure("flips", 0.9, 0.85), page.Figure("KID", 90, most=80, digits=0)
    assert str(kept) == "flips 0.90 (≥ 0.85)" and str(missed) == "KID 90 (≤ 80), missed"
    assert not benches.Verdict([kept, missed], "", "").met and benches.Verdict([kept], "", "").met


def test_make_zoo_trains_what_is_missing_and_judges_in_the_end(tmp_path: Path):
    here = Path(__file__).parents[1]
    scripts = tmp_path / "scripts"
    (scripts / "train/recipes").mkdir(parents=True)
    (tmp_path / "models/zoo").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    shutil.copy(here / "make-zoo", scripts)
    for name, text in (
        ("made", '{"method": "x"}'),
        ("new", '{"method": "x"}'),
        ("part", "{}"),
        ("bad", '{"method": "x"}'),
    ):
        (scripts / f"train/recipes/{name}.json").write_text(text)
    (tmp_path / "models/zoo/made.onnx").touch()
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "$2 $4" >> "$LOG"\ncase "$4" in *bad*) exit 1; esac\n')
    fake.chmod(0o755)
    surroundings = {"PATH": os.environ["PATH"], "ZOO_PYTHON": str(fake), "LOG": str(tmp_path / "log")}
    given = [scripts / "make-zoo", tmp_path / "data", tmp_path / "work"]
    done = subprocess.run(given, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "make-zoo: bad failed\n"
    assert (tmp_path / "log").read_text().splitlines() == [
        "train train/recipes/bad.json",
        "train train/recipes/new.json",
        "export --out",
        f"evaluate.zoo {tmp_path / 'data'}",
    ]
