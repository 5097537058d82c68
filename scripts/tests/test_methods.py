"""Every method trains, resumes to the step and exports graphs that agree with its networks."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from test_export import manifest_of
from test_train import losses

from export.__main__ import build, main
from train import __main__ as command
from train import config as configs
from train import loop
from train.data import Crop, DataError
from train.methods import METHODS, Method, method
from train.methods.cyclegan import Pool
from train.methods.distancegan import moved, unlike
from train.networks.coarse import halved
from train.sources import Domains, Pairs, classes, one_hot, read_table

SMALL = {"width": 4}
STAGES = [{"steps": 3, "size": 64, "batch": 2, "cover": [1.0, 1.0]}]
TINY = {
    "pix2pix": {"side": 64, "network": {**SMALL, "levels": 3, "most": 2}},
    "pix2pixhd": {
        "side": 64,
        "network": {**SMALL, "downs": 2, "most": 2, "blocks": 1, "enhancer": 1},
        "discriminator": {**SMALL, "scales": 3},
        "stages": [{**STAGES[0], "steps": 1, "size": 32}, {**STAGES[0], "steps": 2, "size": 64}],
    },
    "bicyclegan": {"side": 64, "network": {**SMALL, "levels": 3, "most": 2, "z": 8}},
    "dtn": {"weights": {**method("dtn")[1]["weights"], "pretrain": 1}, "network": SMALL},
    "stargan": {"network": {**SMALL, "blocks": 1}, "discriminator": {**SMALL, "levels": 4}},
    "fader": {"network": {**SMALL, "levels": 4, "most": 2}, "discriminator": SMALL},
    "genegan": {"network": {**SMALL, "levels": 3, "most": 2, "object": 4}},
    "dnagan": {"network": {**SMALL, "levels": 3, "most": 2, "part": 2}},
    "cyclegan": {"network": {**SMALL, "blocks": 1}},
    "lapgan": {"network": {"width": 4, "layers": 1, "z": 4, "coarse": 16, "levels": 2}},
    "pggan": {
        "network": {"z": 4, "widths": [4, 4, 4]},
        "discriminator": {},
        "stages": [{**STAGES[0], "steps": 1, "size": 8}, {**STAGES[0], "steps": 2, "size": 16}],
    },
    "pyramid": {"network": {**SMALL, "blocks": 1, "refine": 4, "informed": True}},
    "unit": {"network": {**SMALL, "drawer": 4, "levels": 2, "latent": 8, "private": 2}},
    "distancegan": {"network": {**SMALL, "blocks": 1}},
}
NAMES = {
    "stargan": ["black-hair", "brown-hair", "male"],
    "genegan": ["male"],
    "dnagan": ["black-hair", "male"],
    "fader": ["black-hair", "male"],
}


def noise(folder: Path, names: list[str], side: int = 64) -> str:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(len(folder.name))
    for name in names:
        Image.fromarray(rng.integers(0, 256, (side, side, 3)).astype(np.uint8)).save(folder / f"{name}.png")
    return str(folder)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """The data of each kind, as a recipe gives it."""
    root = tmp_path_factory.mktemp("data")
    names = [f"{i}" for i in range(6)]
    first, second = (noise(root / name, names) for name in ("inputs", "results"))
    columns = ["file", "Black_Hair", "Brown_Hair", "Male"]
    rows = [f"inputs/{name}.png,{i % 2},{(i + 1) % 2},{i // 3}" for i, name in enumerate(names)]
    table = root / "attributes.csv"
    table.write_text("\n".join([",".join(columns), *rows]) + "\n")
    for digit in range(10):
        noise(root / "digits" / str(digit), ["0", "1"], 28)
    return {
        "Pairs": {"a": [first], "b": [second]},
        "Maps": {"a": [first], "b": [second], "palette": [[0, 0, 0], [255, 0, 0], [0, 255, 255]]},
        "Domains": {"a": [first], "b": [second]},
        "Single": {"a": [first]},
        "Attributes": {"a": [first], "table": str(table)},
        "Digits": {"a": [str(root / "digits")], "b": [noise(root / "photographs", names, 256)]},
    }


def recipe(name: str, inputs: dict[str, dict]) -> dict:
    found, defaults = method(name)
    side = defaults.get("side", 256)
    given = {
        "method": name,
        **inputs[found.data.__name__],
        "stages": [{**STAGES[0], "size": min(64, side)}],
        "domains": NAMES.get(name, ["a", "b"]),
        "discriminator": SMALL,
        "log_every": 1,
        "save_every": 1,
        "sheet_every": 3,
    }
    return {**given, **TINY[name]}


def start(folder: Path, given: dict, *flags: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(given))
    arguments = ["--config", str(folder / "recipe.json"), "--out", str(folder / "run"), *flags]
    return command.main(arguments)


@pytest.mark.parametrize("name", TINY)
def test_a_method_resumes_and_exports(name: str, inputs: dict[str, dict], tmp_path: Path):
    given = recipe(name, inputs)
    assert start(tmp_path / "broken", given, "--until", "2") == 0
    assert start(tmp_path / "broken", given) == 0
    assert start(tmp_path / "unbroken", given) == 0
    broken, unbroken = tmp_path / "broken" / "run", tmp_path / "unbroken" / "run"
    assert losses(broken) == losses(unbroken)
    last = [loop.restore(run, loop.device())[1].state() for run in (broken, unbroken)]
    for part, state in last[0].items():
        if not part.endswith("optimiser"):
            assert all(torch.equal(v, last[1][part][k]) for k, v in state.items() if torch.is_tensor(v)), part
    assert (broken / "sheets" / "000003.png").stat().st_size > 0

    out = tmp_path / f"{name}.onnx"
    assert main([str(broken), "--out", str(out), "--half"]) == 0
    manifest = manifest_of(onnx.load(str(out)))
    assert manifest["training"]["steps"] == 3
    files = {graph["file"] for graph in manifest["graphs"].values() if "file" in graph}
    assert files == {path.name for path in tmp_path.glob("*.onnx")} - {out.name}
    assert {entry["graph"] for entry in manifest["inputs"]} == set(manifest["graphs"])


def test_every_method_says_what_it_needs(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as stopped:
        command.main(["--list"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    for name in METHODS:
        assert f"{name}\n    data   " in printed
        assert method(name)[0].paper in printed


def failing(folder: Path, given: dict, capsys: pytest.CaptureFixture) -> str:
    assert start(folder, given) == 2
    assert not (folder / "run").exists()
    return capsys.readouterr().err


def test_files_without_a_partner_are_named(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    given = recipe("pix2pix", inputs)
    given["b"] = [noise(tmp_path / "results", ["0", "1", "2", "3", "5", "left"])]
    message = failing(tmp_path, given, capsys)
    assert "2 files have no partner of the same name: 4, left" in message


def test_pairs_have_the_same_name(inputs: dict, tmp_path: Path):
    first, second = (noise(tmp_path / side, []) for side in ("a", "b"))
    for folder, names in ((first, ("a.jpg", "a.m.jpg")), (second, ("a.png", "a.m.png"))):
        for name, level in zip(names, (0, 255)):
            Image.new("L", (64, 64), level).save(Path(folder) / name)
    given = {**method("pix2pix")[1], **recipe("pix2pix", inputs), "a": [first], "b": [second]}
    pairs = Pairs(configs.from_dict(given))
    assert pairs.a.pixels[:, 0, 0].tolist() == pairs.b.pixels[:, 0, 0].tolist()


def test_a_name_that_a_folder_has_twice_is_an_error(inputs: dict, tmp_path: Path, capsys):
    names = [f"{i}" for i in range(6)]
    given = {**recipe("pix2pix", inputs), "b": [noise(tmp_path / "b", names)]}
    Image.new("L", (64, 64)).save(tmp_path / "b" / "3.jpg")
    assert f"{tmp_path / 'b'} has two images named 3" in failing(tmp_path, given, capsys)


def test_a_table_without_the_column_is_an_error(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    given = {**recipe("stargan", inputs), "domains": ["male", "eyeglasses"]}
    assert "has no column for eyeglasses" in failing(tmp_path, given, capsys)


def test_an_attribute_that_all_images_have_is_an_error(inputs: dict, tmp_path: Path, capsys):
    table = tmp_path / "all.csv"
    rows = [f"inputs/{i}.png,1" for i in range(6)]
    table.write_text("\n".join(["file,Male", *rows]) + "\n")
    given = {**recipe("genegan", inputs), "table": str(table)}
    assert "no image has male = 0" in failing(tmp_path, given, capsys)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([b"inputs/0.png,yes"], "line 2: Male is 'yes', not 0 or 1"),
        ([b"inputs/0.png,1", b"inputs/1.png,"], "line 3: Male is '', not 0 or 1"),
        ([b"inputs/0.png,1", b"inputs/1.png"], "line 3: 1 cells, and the header has 2"),
        ([b"inputs/0.png,1\xff"], "cannot be read as a table in UTF-8"),
    ],
)
def test_a_table_with_other_cells_is_an_error(
    rows: list[bytes], said: str, inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture
):
    table = tmp_path / "table.csv"
    table.write_bytes(b"\n".join([b"file,Male", *rows]))
    given = {**recipe("genegan", inputs), "table": str(table)}
    assert f"{table}" in (message := failing(tmp_path, given, capsys)) and said in message


def test_a_table_may_have_a_mark_and_minus_one(tmp_path: Path):
    table = tmp_path / "table.csv"
    table.write_text("\ufeffFile,Male\nx.png,-1\ny.png, 1\n", encoding="utf-8")
    assert read_table(str(table), ["a/y.png", "a/x.png"], ("male",)).tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("genegan", {"table": "gone.csv"}, "gone.csv cannot be read as a table"),
        ("genegan", {"domains": []}, "domains is empty"),
        ("pix2pix", {"drop": "gone.txt"}, "gone.txt cannot be read as a list"),
        ("pix2pix", {"learning_rate": 1}, "a recipe has no learning_rate"),
        ("pix2pix", {"network": {"widht": 4}}, "networks do not fit pix2pix: "),
        ("pix2pix", {"weights": {"adversarial": 1.0}}, "are adversarial, reconstruction: give all"),
        ("pix2pix", {"init": "gone"}, f"gone/{loop.CHECKPOINT} cannot be read: "),
        ("pix2pix", {"init": "gone.onnx"}, "gone.onnx cannot be read: No such file"),
    ],
)
def test_a_recipe_that_does_not_fit_is_one_sentence(
    name: str, changes: dict, said: str, inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture
):
    message = failing(tmp_path, {**recipe(name, inputs), **changes}, capsys)
    assert said in message and message.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), ("{,}", "is not JSON"), ("[]", "object")]
)
def test_a_recipe_that_is_none_is_one_sentence(content: str | None, said: str, tmp_path: Path, capsys):
    path = tmp_path / "recipe.json"
    if content:
        path.write_text(content)
    assert command.main(["--config", str(path), "--out", str(tmp_path / "run")]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"train: {path} ") and said in message and message.count("\n") == 1


def test_a_damaged_picture_is_named(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    given = {**recipe("lapgan", inputs), "a": [noise(tmp_path / "a", ["0", "1"])]}
    path = tmp_path / "a" / "1.png"
    whole = path.read_bytes()
    for content in (b"", whole[:40], whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert f"{path} cannot be read as a picture" in failing(tmp_path, given, capsys)


def test_a_run_starts_from_the_same_networks_only(inputs: dict, tmp_path: Path, capsys):
    tiny(tmp_path / "other", inputs)
    given = {**recipe("pix2pix", inputs), "network": {**SMALL, "levels": 4, "most": 2}}
    init = str(tmp_path / "other" / "run")
    assert "has other networks than pix2pix" in failing(tmp_path, {**given, "init": init}, capsys)
    assert start(tmp_path, given, "--until", "1") == 0  # nothing of the failed call is in its way


def test_an_exported_model_to_start_from_has_to_fit(inputs: dict, tmp_path: Path, capsys):
    given = recipe("pix2pix", inputs)
    other = tmp_path / "other.onnx"
    other.write_bytes(b"no model")
    assert f"{other} is no ONNX model" in failing(tmp_path, {**given, "init": str(other)}, capsys)
    classifier = str(Path(__file__).parents[2] / "models" / "builtin" / "seasons-classifier.onnx")
    assert "pix2pix starts from run folders only" in failing(tmp_path, {**given, "init": classifier}, capsys)
    given.update(method="opacity", network={"known": "random"}, discriminator={}, init=classifier)
    assert "has other networks than opacity" in failing(tmp_path, given, capsys)


def test_an_empty_domain_is_an_error(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "empty").mkdir()
    given = {**recipe("pix2pix", inputs), "b": [str(tmp_path / "empty")]}
    assert f"no images in {tmp_path / 'empty'}" in failing(tmp_path, given, capsys)


def test_images_smaller_than_the_crop_are_an_error(inputs: dict, tmp_path: Path, capsys):
    given = recipe("pix2pix", inputs)
    given.update(a=[noise(tmp_path / "a", ["x"], 40)], b=[noise(tmp_path / "b", ["x"], 64)])
    assert "1 images are smaller than the 64 pixels that crops need" in failing(tmp_path, given, capsys)


def test_a_side_below_the_crop_is_an_error_unless_it_is_meant(inputs: dict, tmp_path: Path, capsys):
    given = {**recipe("pix2pix", inputs), "side": 40}
    assert "decoded to 40 pixels and crops need 64" in failing(tmp_path, given, capsys)
    assert start(tmp_path, {**given, "enlarge": True}, "--until", "1") == 0


def test_small_photographs_behind_digits_are_an_error(inputs: dict, tmp_path: Path, capsys):
    given = {**recipe("dtn", inputs), "b": [noise(tmp_path / "b", ["x"], 200)]}
    assert "1 images are smaller than the 256 pixels that crops need" in failing(tmp_path, given, capsys)


def test_a_run_is_not_continued_by_another_recipe(inputs: dict, tmp_path: Path, capsys):
    given = recipe("pix2pix", inputs)
    assert start(tmp_path, given, "--until", "1") == 0
    assert start(tmp_path, {**given, "lr": 0.1}) == 2
    assert "was started with another lr:" in capsys.readouterr().err
    fewer = {key: value for key, value in given.items() if key not in ("network", "side", "sheet_every")}
    assert start(tmp_path, fewer) == 2
    assert "was started with another side, network, sheet_every:" in capsys.readouterr().err
    assert start(tmp_path, given, "--seed", "0") == 2
    assert "was started with another seed:" in capsys.readouterr().err
    assert start(tmp_path, {**given, "title": "New"}, "--until", "2") == 0
    assert command.main(["--out", str(tmp_path / "run")]) == 0


def test_a_table_parts_the_domains(inputs: dict[str, dict]):
    given = {"method": "domain-code", **inputs["Attributes"], "stages": STAGES, "domains": ["female", "male"]}
    source = Domains(configs.from_dict(given))
    assert [len(source.a), len(source.b)] == [3, 3]
    assert [Path(p).stem for p in source.b.folders[0].paths] == ["3", "4", "5"]


def tiny(folder: Path, inputs: dict) -> Path:
    assert start(folder, recipe("pix2pix", inputs), "--until", "1") == 0
    return folder / "run"


def test_nan_stops_and_keeps_the_checkpoint(inputs: dict, tmp_path: Path, capsys, monkeypatch):
    run = tiny(tmp_path, inputs)
    before = (run / loop.CHECKPOINT).read_bytes()
    monkeypatch.setattr(method("pix2pix")[0], "step", lambda *_: {"l1": float("nan")})
    assert command.main(["--out", str(run)]) == 1
    assert "step 2: l1 is not finite" in capsys.readouterr().err
    assert (run / loop.CHECKPOINT).read_bytes() == before


def test_weights_that_are_not_finite_are_not_saved(inputs: dict, tmp_path: Path, capsys, monkeypatch):
    run = tiny(tmp_path, inputs)
    before = (run / loop.CHECKPOINT).read_bytes()

    def leap(trainer: Method, *_: object) -> dict[str, float]:
        next(trainer.generator.parameters()).data.fill_(float("inf"))
        return {"l1": 0.0}

    monkeypatch.setattr(method("pix2pix")[0], "step", leap)
    assert command.main(["--out", str(run)]) == 1
    assert "step 2: generator is not finite" in capsys.readouterr().err
    assert (run / loop.CHECKPOINT).read_bytes() == before


def test_no_process_can_train_nothing(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    assert start(tmp_path, recipe("pix2pix", inputs), "--workers", "0") == 2
    assert "--workers 0: it must be 1 or more" in capsys.readouterr().err


def test_nan_in_one_of_two_processes_is_one_sentence(
    inputs: dict, tmp_path: Path, capfd: pytest.CaptureFixture
):
    run = tiny(tmp_path, inputs)
    checkpoint = torch.load(run / loop.CHECKPOINT)
    for weights in checkpoint["method"]["generator"].values():
        weights.fill_(float("nan"))
    torch.save(checkpoint, run / loop.CHECKPOINT)
    capfd.readouterr()
    assert command.main(["--out", str(run), "--workers", "2"]) == 1
    said = capfd.readouterr().err
    assert said.startswith("train: step 2: ") and "is not finite" in said and said.count("\n") == 1


@contextmanager
def room(most: int) -> Iterator[None]:
    """Let no file grow beyond `most` bytes."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_no_room_keeps_the_checkpoint(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    run = tiny(tmp_path, inputs)
    before = (run / loop.CHECKPOINT).read_bytes()
    with room(len(before) // 2):
        assert command.main(["--out", str(run)]) == 1
    assert capsys.readouterr().err == f"train: cannot write {run / loop.CHECKPOINT}: File too large\n"
    assert (run / loop.CHECKPOINT).read_bytes() == before
    assert not list(run.glob("*.partial"))


def test_no_room_for_a_file_is_one_sentence(inputs: dict, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr(loop, "save", lambda *_: None)
    given = tmp_path / "recipe.json"
    given.write_text(json.dumps({**recipe("pix2pix", inputs), "sheet_every": 1}))
    begun, new = tiny(tmp_path / "begun", inputs), tmp_path / "new"
    begin = ["--config", str(given), "--out", str(new)]
    for most, flags, path in (
        (10, ["--out", str(begun)], begun / loop.LOG),
        (10, begin, new / loop.CONFIG),
        (4000, begin, new / "sheets" / "000001.png"),
    ):
        with room(most):
            assert command.main(flags) == 1
        assert capsys.readouterr().err == f"train: cannot write {path}: File too large\n"


def test_half_a_line_of_the_log_does_not_end_a_run(inputs: dict, tmp_path: Path):
    run = tiny(tmp_path, inputs)
    with (run / loop.LOG).open("a") as log:
        log.write('{"step": 2, "seco')
    assert command.main(["--out", str(run)]) == 0
    assert [entry["step"] for entry in losses(run)] == [1, 2, 3]


def test_a_damaged_checkpoint_is_named(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    run = tiny(tmp_path, inputs)
    whole = (run / loop.CHECKPOINT).stat().st_size
    for length in (whole // 2, 0):
        os.truncate(run / loop.CHECKPOINT, length)
        assert command.main(["--out", str(run)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"train: {run / loop.CHECKPOINT} cannot be read: ") and said.count("\n") == 1


def test_maps_without_a_palette_are_an_error(inputs: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    given = {**recipe("pix2pixhd", inputs), "palette": []}
    assert "label maps need a palette" in failing(tmp_path, given, capsys)


def test_maps_become_classes_and_edges():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:, 2:] = (250, 10, 10)
    found = one_hot(classes(pixels, [[0, 0, 0], [255, 0, 0]])[None], 2)[0]
    assert found[:, 1].tolist() == [[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]]


def test_both_stages_see_the_same_map():
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 3, (12, 12)).repeat(3, 0).repeat(3, 1)
    for mirrored in (False, True):
        crop = Crop(1, 2, 32, mirrored)
        fine, coarse = (one_hot(crop.sample(blocks, size)[None], 3) for size in (32, 16))
        assert torch.equal(halved(fine), coarse)


def test_the_second_stage_starts_with_the_enhancer_alone(inputs: dict, tmp_path: Path):
    given = recipe("pix2pixhd", inputs)
    given["weights"] = {**method("pix2pixhd")[1]["weights"], "alone": 0.5}
    states = []
    for until in (1, 2, 3):
        assert start(tmp_path, given, "--until", str(until)) == 0
        states.append(loop.restore(tmp_path / "run", loop.device())[1].state()["generator"])

    def moved(first: dict, second: dict, coarse: bool) -> bool:
        mine = [name for name in first if name.startswith("coarse.") == coarse]
        return any(not torch.equal(first[name], second[name]) for name in mine)

    assert [moved(*states[:2], coarse) for coarse in (True, False)] == [False, True]
    assert [moved(*states[1:], coarse) for coarse in (True, False)] == [True, True]


def test_an_unknown_method_is_an_error():
    with pytest.raises(DataError, match="known: domain-code"):
        method("pix3pix")


def test_a_history_of_fakes_ends_with_their_size():
    pool, rng = Pool(4), np.random.default_rng(0)
    for side in (8, 16):
        for _ in range(9):
            assert pool.exchange(torch.rand(2, 3, side, side), rng).shape == (2, 3, side, side)
        assert {image.shape[1] for image in pool.images} == {side}


def test_a_code_reaches_the_result(inputs: dict, tmp_path: Path):
    """Instance normalisation cancels a constant: z and labels must enter after it."""
    given = recipe("bicyclegan", inputs)
    assert start(tmp_path, given) == 0
    _, generator = build(tmp_path / "run", "shoes", "Shoes").graphs
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        one, other = (generator.net(image, torch.full((1, 8), value)) for value in (-1.0, 1.0))
    assert (one - other).abs().mean() > 1e-4


def test_the_encoder_learns_from_drawn_codes_if_there_is_nothing_else(inputs: dict):
    given = {**method("bicyclegan")[1], **recipe("bicyclegan", inputs)}
    given["weights"] = {**method("bicyclegan")[1]["weights"], "vae": 0.0}
    config = configs.from_dict(given)
    trainer = method("bicyclegan")[0](config, torch.device("cpu"))
    before = [p.clone() for p in trainer.encoder.parameters()]
    trainer.step(trainer.data(config), np.random.default_rng(0), 0)
    assert any((p - q).abs().max() > 1e-5 for p, q in zip(trainer.encoder.parameters(), before))


def test_what_colours_keep_to_themselves_does_not_reach_grey_digits(inputs: dict):
    given = {**method("unit")[1], **recipe("unit", inputs)}
    unit = method("unit")[0](configs.from_dict(given), torch.device("cpu"))
    z, other = torch.randn(2, 2, 8, 1, 1)
    lent = unit.public.lent(z, other)
    colour, grey = ([unit.net["decode"][k](x) for x in (z, lent)] for k in (0, 1))
    assert torch.equal(*grey)
    assert (colour[0] - colour[1]).abs().mean() > 1e-4


def test_an_image_is_compared_with_itself_moved():
    image = torch.zeros(1, 3, 4, 5)
    image[..., 1, 2] = 1.0
    assert moved(image, 1, 0)[0].tolist() == [[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert moved(image, 0, -2)[0].tolist() == [[0, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert unlike(moved(image, 1, 0), moved(1 - 3 * image, 1, 0)) == pytest.approx(0, abs=1e-6)
    assert unlike(moved(image, 1, 0), moved(image.roll(2, 3), 1, 0)) > 1


@pytest.mark.parametrize("path", sorted((Path(configs.__file__).parent / "recipes").rglob("*.json")))
def test_a_recipe_fits_its_method(path: Path):
    given = configs.read(path)
    name = given.get("method", "domain-code" if "classifier" not in path.name else "classifier")
    _, defaults = method(name)
    config = configs.from_dict({**defaults, "method": name, **given})
    assert config.steps > 0
