"""The zoo's criteria on tiny data and on the fixtures of the families, whose answers are known."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluate.zoo import __main__ as command
from evaluate.zoo import bench as benches
from evaluate.zoo import digits, faces, judges, models, page, paired, pictures, rows, seasons
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
    found = values(digits.read(bench, put(bench, "dtn", "digits-dtn"), 0.5))
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
    assert found["difference of two exemplars at the mouth, of the change there, smiling"] > 0
    assert ("the other attribute kept" in found) == (fixture == "dnagan")


def test_two_exemplars_are_compared_where_the_attribute_is():
    faces_before = np.zeros((1, 64, 64, 3), np.uint8)
    one, two = faces_before.repeat(2, 0)
    one[30:34] = two[30:34] = 100  # the same glasses
    two[50:] = 200  # another collar
    assert faces.exemplars_matter("Eyeglasses", {0: [one, two]}, faces_before).value == 0
    two[30:32] = 0
    figure = faces.exemplars_matter("Eyeglasses", {0: [one, two]}, faces_before)
    assert str(figure) == "difference of two exemplars at the eyes, of the change there, eyeglasses 0.50"


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
    assert "to eyeglasses" in found and found["checkerboards, of results"] == 0


def test_the_page_tells_what_is_missing_and_runs_once(
    bench: benches.Bench, tmp_path: Path, monkeypatch, capsys
):
    put(bench, "fader", "faces-fader")
    put(bench, "pix2pix", "facades")
    monkeypatch.setattr(command, "Bench", lambda *given, others: benches.Bench(*given, QUICK))
    out = tmp_path / "out"
    arguments = ["--data", str(bench.root), "--models", str(bench.models), "--features", "random"]
    arguments += ["--page", str(tmp_path / "zoo.md"), "--json", str(out / "zoo.json"), "--sheets", str(out)]
    assert command.main(arguments) == 0
    text = (tmp_path / "zoo.md").read_text()
    assert "| faces-fader | Fader Networks (Lample et al. 2017) | faces |" in text
    assert text.count("not trained yet") == len(rows.ROWS) - 2
    assert "the nearest label's photograph, pixels, of the real" in text
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


def test_figures_are_measured_again_if_data_judge_or_mark_are_others(bench: benches.Bench):
    put(bench, "dtn", "digits-dtn")
    (row,) = (row for row in rows.ROWS if row.name == "digits-dtn")
    known = command.key_of(bench, row)
    assert known == command.key_of(dataclasses.replace(bench), row)
    assert known != command.key_of(bench, dataclasses.replace(row, marks={"least": 0.8}))
    bench.judges["digits"] = dataclasses.replace(bench.judge("digits"), digest="another")
    assert known != command.key_of(bench, row)
    image = bench.root / "digits/validation/3/0.png"
    before = image.stat()
    os.utime(image, (1, 1))
    assert known != command.key_of(dataclasses.replace(bench), row)
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_features_of_real_images_are_those_of_the_images_that_are_there(bench: benches.Bench, tmp_path: Path):
    write(tmp_path / "real/0.png", np.zeros((64, 64, 3)))
    before = bench.remembered([tmp_path / "real"], 64)
    write(tmp_path / "real/0.png", np.random.default_rng(0).integers(0, 256, (64, 64, 3)))
    assert not np.allclose(before, bench.remembered([tmp_path / "real"], 64))


def test_a_checkerboard_of_the_network_is_counted_and_texture_of_the_source_is_not(bench: benches.Bench):
    grey = np.full((3, 64, 64, 3), np.arange(64)[:, None, None] + 64, np.uint8)
    printed = grey.copy()
    printed[:, ::2, ::2] += 8
    made, real = bench.checkerboards(printed, grey, grey)
    assert (made.name, made.value) == ("checkerboards, of results", 1)
    assert (real.name, real.value) == ("of real images", 0)
    made, real = bench.checkerboards(printed, printed, printed)
    assert (made.value, real.value) == (0, 1)
    faint = grey.copy()
    faint[:, ::2, :32:2] += 1
    assert [f.value for f in bench.checkerboards(faint, faint, grey)] == [1, 1]
    assert [f.value for f in bench.checkerboards(printed, faint)] == [1, 0]
    assert bench.checkerboards(printed[:, :32, :32], grey) == []


def verdict(bench: benches.Bench, model: models.Model) -> benches.Verdict:
    grey = np.full((2, 8, 8, 3), 128, np.uint8)
    return benches.Verdict([page.Figure(f"figure of {model.name}", 0.5)], "", "", [("grey", grey)])


def failing(bench: benches.Bench, model: models.Model) -> benches.Verdict:
    raise ValueError("no verdict")


@pytest.fixture()
def evaluate(bench: benches.Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the command on rows "one" and "two", a criterion for each. Gives the exit code and the page."""
    out, text = tmp_path / "out", tmp_path / "zoo.md"
    given = ["--data", str(bench.root), "--models", str(bench.models), "--features", "random"]
    given += ["--page", str(text), "--json", str(out / "zoo.json"), "--sheets", str(out)]
    monkeypatch.setattr(command, "key_of", lambda bench, row: f"{row.criterion is verdict:024x}")

    def run(*criteria, more: tuple[str, ...] = ()) -> tuple[int, str]:
        listed = tuple(rows.Row(name, "m", "faces", c) for name, c in zip(("one", "two"), criteria))
        monkeypatch.setattr(rows, "ROWS", listed)
        return command.main([*given, *more]), text.read_text()

    return run


def test_a_line_with_figures_outlives_its_model_and_its_criterion(bench: benches.Bench, evaluate, capsys):
    one, two = put(bench, "dtn", "one"), put(bench, "dtn", "two")
    code, whole = evaluate(verdict, verdict)
    assert code == 0 and "figure of one 0.50" in whole and "figure of two 0.50" in whole
    one.path.unlink()
    assert evaluate(verdict, failing) == (1, whole)
    said = capsys.readouterr().err
    assert f"one is not in {bench.models}: the page keeps its old line" in said
    assert "two failed: the page keeps its old line" in said
    two.path.unlink()
    assert evaluate(verdict, verdict) == (0, whole)


def test_a_model_judged_alone_joins_the_others(bench: benches.Bench, evaluate, tmp_path: Path):
    put(bench, "dtn", "one"), put(bench, "dtn", "two")
    alone = ("--only", "two")
    code, text = evaluate(verdict, verdict, more=alone)
    assert code == 0 and "| two |" in text and "| one |" not in text
    _, text = evaluate(verdict, verdict, more=("--only", "one"))
    assert text.index("figure of one") < text.index("figure of two")
    for made in ("index.html", "zoo.json"):
        assert "figure of two" in (tmp_path / "out" / made).read_text()


def test_what_was_tried_is_told_below_the_table():
    line = page.line_of(["digits-unit", *["x"] * (len(page.COLUMNS) - 1)])
    text = page.document([line], {"digits-unit": "More steps."})
    assert text.endswith(f"|\n{line}\n\n## What was tried\n\n- digits-unit: More steps.\n")
    assert page.known(text) == {"digits-unit": line}


def test_seasons_are_judged_beside_the_built_in_ones(bench: benches.Bench, tmp_path: Path):
    model = put(bench, "shift", "seasons-cyclegan")
    put(dataclasses.replace(bench, models=tmp_path / "builtin"), "shift", "seasons")
    found = values(seasons.seasons(dataclasses.replace(bench, others=(tmp_path / "builtin",)), model))
    assert found["flips to winter"] == found["the built-in seasons: flips to winter"]


PAGE = (FIXTURES.parents[1] / "docs" / "zoo.md").read_text()
COMMANDS = [line.split("`")[-2] for line in page.known(PAGE).values()]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_runs(line: str, tmp_path: Path):
    rng = np.random.default_rng(0)
    for name in re.findall(r"[\w-]+\.(?:jpg|png)", line):
        write(tmp_path / name, rng.integers(0, 256, (128, 128, 3)))
    zoo = FIXTURES.parents[1] / "models" / "zoo"
    program, *arguments = shlex.split(re.sub(r"--model (\S+)", rf"--model {zoo}/\1.onnx", line))
    assert program == "gtx"
    done = subprocess.run([gtx.BINARY, *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = done.stdout.split()
    assert made and all((tmp_path / path).exists() for path in made)


def test_a_model_over_the_limit_is_marked():
    assert page.megabytes(1_499_000) == "1.50" and page.megabytes(2_130_000) == "2.13 (over 1.5)"
    sizes = [float(line.split("|")[6].split()[0]) for line in page.known(PAGE).values()]
    assert PAGE.count("(over 1.5) |") == sum(size > 1.5 for size in sizes)


def test_a_missed_mark_is_said():
    kept, missed = page.Figure("flips", 0.9, 0.85), page.Figure("KID", 90, most=80, digits=0)
    assert str(kept) == "flips 0.90 (≥ 0.85)" and str(missed) == "KID 90 (≤ 80), missed"
    assert not benches.Verdict([kept, missed], "", "").met and benches.Verdict([kept], "", "").met


FAKE = """#!/bin/sh
case "$*" in *--missing) printf '%s\\n' "$ROOT/models/zoo/bad.onnx" "$ROOT/work/new.onnx"; exit; esac
echo "$2 $4" >> "$LOG"
case "$4" in *bad*) exit 1; esac
"""


@pytest.fixture()
def make_zoo(tmp_path: Path):
    """Runs make-zoo where a fake Python lacks the models "bad" and "new"."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(Path(__file__).parents[1] / "make-zoo", tmp_path / "scripts")
    for part in ("digits", "facades", "faces", "seasons", "shoes", "snow"):
        (tmp_path / "data" / part).mkdir(parents=True)
    fake = tmp_path / "python"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    settings = {"ZOO_PYTHON": str(fake), "LOG": str(tmp_path / "log"), "ROOT": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess:
        given = [tmp_path / "scripts/make-zoo", *arguments]
        env = {"PATH": os.environ["PATH"], **settings}
        return subprocess.run(given, cwd=tmp_path, env=env, capture_output=True, text=True)

    return run


def test_make_zoo_trains_what_is_missing_and_judges_in_the_end(make_zoo, tmp_path: Path):
    done = make_zoo("data", "work")
    assert done.returncode == 1
    assert done.stderr == "make-zoo: bad failed\nmake-zoo: failed: bad\n"
    assert (tmp_path / "log").read_text().splitlines() == [
        "train train/recipes/bad.json",
        "train train/recipes/new.json",
        "export --out",
        f"evaluate.zoo {tmp_path / 'data'}",
    ]


def test_make_zoo_begins_nothing_if_data_is_missing(make_zoo, tmp_path: Path):
    assert make_zoo("--check", "data").returncode == 0
    (tmp_path / "data/snow").rmdir()
    for arguments in (("data", "work"), ("--check", "data")):
        done = make_zoo(*arguments)
        assert done.returncode == 2
        assert done.stderr == 'make-zoo: the data folder "data" has no snow\n'
    assert not (tmp_path / "log").exists() and not (tmp_path / "work").exists()


def test_a_model_that_lacks_a_part_is_missing(bench: benches.Bench, tmp_path: Path):
    for row in rows.ROWS:
        put(bench, "dtn", row.name)
    whole = put(bench, "lapgan", "landscapes")
    others = tmp_path / "others"
    wanted = [others / f"{name}.onnx" for name in ("seasons", "goods-direct", "landscapes-direct")]
    assert rows.missing(bench, others) == wanted
    whole.files["coarse"].unlink()
    assert rows.missing(bench, others) == [bench.models / "landscapes.onnx", *wanted]
    shutil.copytree(bench.models, others)
    shutil.copy(others / "goods.onnx", others / "goods-direct.onnx")
    beside = dataclasses.replace(bench, others=(others,))
    assert others / "goods-direct.onnx" not in rows.missing(beside, others)


def test_every_model_of_the_zoo_has_a_recipe():
    recipes = Path(__file__).parents[1] / "train" / "recipes"
    for name in {name for row in rows.ROWS for name in (row.name, *row.beside)} - {"seasons"}:
        assert "method" in json.loads((recipes / f"{name}.json").read_text()), name
