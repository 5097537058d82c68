from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from conftest import TINY, new_run
from test_export import manifest_of, signature
from test_train import losses

from export.__main__ import build, main
from export.graph import OnBytes
from train import loop
from train.augmentation import augment, turned, widened
from train.data import load
from train.ground import (
    gained,
    masks,
    masks_of_turned,
    sharpened,
    unexplained,
    unfounded,
    unlike_earth,
    unlike_meadow,
    unlike_snow,
)
from train.methods import opacity
from train.methods.opacity import Task, ramp
from train.networks.bank import ROOM, Bank
from train.networks.efficientnet import RandomFeatures, padding_of_two
from train.networks.layers import multiply_accumulates
from train.networks.opacity import TINT, OpacityGenerator
from train.networks.projected import ProjectedDiscriminators

TINY_OPACITY = {
    **TINY,
    "network": {"known": "random", "width": 4, "context": 8},
    "discriminator": {"width": 4, "pixels": 4},
}


@pytest.fixture(scope="session")
def opacity_run(tmp_path_factory: pytest.TempPathFactory, folders: tuple[str, str]) -> Path:
    run = new_run(tmp_path_factory.mktemp("opacity"), "opacity", folders, TINY_OPACITY)
    loop.train(run)
    return run


def tiny() -> OpacityGenerator:
    torch.manual_seed(0)
    net = OpacityGenerator("random", width=4, context=8)
    for layer in (net.grade, net.opacity, net.cover):
        torch.nn.init.normal_(layer.weight, std=0.3)
    return net.eval()


def test_the_generator_keeps_to_its_budget():
    net = OpacityGenerator("random")
    frozen = 0.45e9  # what EfficientNet-Lite0 needs up to stride 32
    assert multiply_accumulates(net, torch.zeros(1, 3, 256, 256), torch.ones(1)) + frozen <= 3e9
    assert sum(p.numel() for p in net.parameters()) * 4 <= 12e6


def test_no_code_is_the_identity_and_strength_is_the_size_of_the_code():
    net, image = tiny(), torch.rand(2, 3, 64, 72) * 2 - 1
    with torch.no_grad():
        assert (net(image, torch.zeros(2)) - image).abs().max() < 1e-5
        whole, half = (net.layers(image, torch.full((2,), code)) for code in (1.0, 0.5))
    assert torch.allclose(half.opacity, whole.opacity / 2, atol=1e-6)
    assert torch.allclose(half.cover, whole.cover, atol=1e-6)


def test_green_does_not_become_red_towards_winter():
    net = tiny()
    image = torch.tensor([-0.5, -0.2, -0.6])[:, None, None] + 0.05 * torch.randn(1, 1, 64, 64)
    torch.nn.init.constant_(net.grade.bias[3], 2.0)  # much red
    with torch.no_grad():
        winter, summer = (net.layers(image, torch.full((1,), code)).graded for code in (1.0, -1.0))
    red = [x[:, 0] - x.mean(1) for x in (winter, summer)]
    assert red[0].max() < 0.12 and red[1].min() > 0.5


def test_fine_contrast_counts_above_its_share():
    flat, rough = torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32)
    rough[..., ::2] = 0.5
    assert sharpened(rough, flat, 0.6).mean() > 0.2
    assert sharpened(flat, rough, 0.6).max() < 1e-3
    assert sharpened(rough, rough, 1.0).max() == 0
    assert 0.09 < sharpened(rough, rough, 0.6).mean() < 0.11
    varied = torch.rand(1, 3, 32, 32, requires_grad=True)
    sharpened(varied * 0, flat, 1.0).sum().backward()
    assert torch.isfinite(varied.grad).all()


def test_opacity_may_change_where_the_image_does():
    image, opacity = torch.full((1, 3, 32, 32), -0.5), torch.zeros(1, 1, 32, 32)
    opacity[..., 16:] = 1
    nowhere = unfounded(opacity, image)
    image[..., 16:] = 0.5
    assert nowhere > 0.1  # of 7 changes from block to block in each of 8 rows, one
    assert unfounded(opacity, image) < nowhere / 1000
    assert unfounded(opacity, image.flip(3).roll(8, 3)) > 0.9 * nowhere


def test_what_a_local_affine_map_explains():
    torch.manual_seed(0)
    image, other = torch.rand(2, 1, 3, 64, 64) - 0.5
    assert unexplained(0.4 * image + 0.3, image).mean() < 0.01
    assert unexplained(torch.full_like(image, 0.8), image).max() < 1e-5
    assert unexplained(0.4 * image + 0.4 * other, image).mean() > 0.06


def test_an_opacity_never_exceeds_one():
    net, image = tiny(), torch.rand(1, 3, 64, 64) * 2 - 1
    torch.nn.init.constant_(net.opacity.bias, 9.0)
    with torch.no_grad():
        assert net.layers(image, torch.full((1,), 1.5)).opacity.max() == 1


def test_snow_may_lie_on_what_is_lighter():
    net, image = tiny(), torch.full((1, 3, 64, 64), -0.2)
    image[..., ::4] = 0.4
    torch.nn.init.zeros_(net.opacity.weight)
    with torch.no_grad():
        net.opacity.bias.copy_(torch.tensor([0.0, 1.0]))
        opacity = net.layers(image, torch.ones(1)).opacity[..., 4:-4]
    assert opacity[..., ::4].min() > 0.9 and opacity[..., 2::4].max() < 0.4


def test_the_cover_sees_the_coarse_features_alone():
    net, image, code = tiny(), torch.rand(1, 3, 64, 64) * 2 - 1, torch.ones(1)
    with torch.no_grad():
        seen = net.see(image)
        fine = [x + 1 if i < 2 else x for i, x in enumerate(seen)]
        coarse = [x + 1 if i == 2 else x for i, x in enumerate(seen)]
        one, other, third = (net.layers(image, code, found) for found in (seen, fine, coarse))
    assert torch.equal(one.cover, other.cover) and not torch.equal(one.cover, third.cover)
    assert not torch.equal(one.opacity, other.opacity)


def test_the_sign_of_the_code_steers():
    net, image = tiny(), torch.rand(1, 3, 64, 64) * 2 - 1
    torch.nn.init.normal_(net.cover.weight, std=0.01)  # as at the start of a training
    with torch.no_grad():
        a, b = (net.layers(image, torch.full((1,), code)) for code in (-1.0, 1.0))
    assert not torch.equal(a.opacity, b.opacity)
    assert b.cover.mean() > 0.3 > 0 > a.cover.mean()


def test_what_looks_white_has_no_colour():
    net, image = tiny(), torch.rand(1, 3, 64, 64) * 2 - 1
    torch.nn.init.normal_(net.cover.weight, std=3)
    with torch.no_grad():
        spreads = [
            (cover - cover.mean(1, keepdim=True)).abs().max()
            for cover in (net.layers(image, torch.full((1,), code)).cover for code in (-1.0, 1.0))
        ]
    assert spreads[1] <= TINT[1] * 4 / 3 + 1e-5 and spreads[0] > 0.3


def test_an_image_does_not_depend_on_its_batch():
    net, images, codes = tiny(), torch.rand(3, 3, 64, 72) * 2 - 1, torch.tensor([-1.0, 0.3, 1.0])
    with torch.no_grad():
        assert (net(images, codes)[1:2] - net(images[1:2], codes[1:2])).abs().max() < 1e-5


def test_a_resumed_run_repeats_the_unbroken_one(opacity_run: Path, tmp_path: Path):
    unbroken = tmp_path / "unbroken"
    unbroken.mkdir()
    shutil.copy(opacity_run / loop.CONFIG, unbroken)
    loop.train(unbroken)
    assert losses(unbroken) == losses(opacity_run)
    last = [loop.restore(run, loop.device())[1].network().state_dict() for run in (opacity_run, unbroken)]
    assert all(torch.equal(a, b) for a, b in zip(last[0].values(), last[1].values()))
    assert (opacity_run / "sheets" / "000004.png").stat().st_size > 0


def test_frozen_features_are_not_trained(opacity_run: Path):
    _, trainer, _ = loop.restore(opacity_run, loop.device())
    state = trainer.state()
    assert not any("features" in key for key in state["discriminators"])
    untrained = OpacityGenerator("random").known  # rounded to bfloat16
    assert all(torch.equal(a, b) for a, b in zip(trainer.features.buffers(), untrained.buffers()))


def test_every_head_judges_both_domains():
    features = RandomFeatures()
    net, images = ProjectedDiscriminators(features.channels[1:], 4, 4), torch.rand(2, 3, 64, 64)
    assert [out.shape[:2] for out in net(images, features(images)[1:])] == [(2, 2)] * 5


def test_augmentation_repeats_and_lets_gradients_through():
    images = (torch.rand(2, 3, 32, 32) * 2 - 1).requires_grad_()
    first, second = (augment(images, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(first, second) and first.shape == images.shape
    first.sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0


def test_plants_turn_and_rock_and_sky_stay():
    colours = ([-0.2, 0.2, -0.4], [0.1, 0.1, 0.2], [-0.6, 0.5, 0.6])  # grass, rock, sky
    stripes = torch.tensor(colours).T[None, :, None].repeat_interleave(16, 3)
    images = stripes.expand(20, 3, 32, 48)
    after = turned(images, np.random.default_rng(1), 0.5)
    assert torch.equal(after[..., 16:], images[..., 16:])
    grass, before = after[..., :16], images[..., :16]
    turns = (grass - before).abs().amax((1, 2, 3)) > 0.1
    assert torch.equal(grass[~turns], before[~turns]) and 5 <= turns.sum() <= 15
    redder = (grass - before)[turns].mean((2, 3)) @ torch.tensor([1.0, -1.0, 0.0])
    lighter = (grass - before)[turns].mean((1, 2, 3))
    assert redder.min() > 0 and lighter.min() < -0.05 and lighter.max() > 0.05 and after.abs().max() <= 1
    assert torch.equal(turned(images, np.random.default_rng(1), 0.5), after)


def test_turned_plants_are_to_give_the_winter_of_green_ones(opacity_run: Path):
    _, trainer, _ = loop.restore(opacity_run, loop.device())
    images = torch.rand(4, 3, 32, 32) * 2 - 1
    made = trainer.generator.layers(images, torch.tensor([1.0, 1.0, -1.0, -1.0]))
    winters = made.compose()[:2].detach()
    tasks = (Task(images, masks(images), x, torch.ones(4)) for x in (winters, winters.flip(0)))
    same, other = (trainer.hints(task, made, made.compose())["turned"] for task in tasks)
    assert same == 0 and torch.isclose(other, (winters - winters.flip(0)).abs().mean())
    other.backward()
    assert trainer.generator.opacity.weight.grad is not None
    assert 0 < min(entry["turned"] for entry in losses(opacity_run))


def test_dropped_images_are_translated_but_are_no_examples(
    opacity_run: Path, folders: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(opacity, "UNPLAIN", (0.0, 1.0))
    dropped = [path for folder in folders for path in load(folder).paths[:2]]
    (tmp_path / "drop.txt").write_text("\n".join(dropped))
    given = {**TINY_OPACITY, "drop": str(tmp_path / "drop.txt")}
    loop.train(run := new_run(tmp_path, "opacity", folders, given))
    assert max(entry["own_dropped"] for entry in losses(run)) > 0
    assert max(entry["own_b"] for entry in losses(run)) == 0
    assert max(entry["own_dropped"] for entry in losses(opacity_run)) == 0
    _, trainer, _ = loop.restore(run, loop.device())
    source, rng, stage = trainer.data(trainer.config), np.random.default_rng(0), trainer.config.stages[0]
    assert [len(sampler) for sampler in source.dropped] == [2, 2]
    real = torch.cat(source.batches(rng, 2, stage))
    for shares, kept in ((0.0, 1.0), [True, True, False, False]), ((1.0, 0.0), [False, False, True, True]):
        monkeypatch.setattr(opacity, "UNPLAIN", shares)
        before = real.clone()
        mixed, plain = trainer.mixed(real, source, rng, stage)
        assert plain.tolist() == kept and torch.equal(real, before)
        assert torch.equal((mixed != real).flatten(1).any(1), ~plain)
        assert mixed[2:].mean() > mixed[:2].mean() + 0.5  # each from its own side
        assert np.isfinite(list(trainer.step(source, rng, 5).values())).all()


def test_plants_are_known_by_what_they_were():
    before = torch.tensor([-0.2, 0.2, -0.4]).view(1, 3, 1, 1).expand(1, 3, 40, 40).clone()
    before[..., 20:] = -0.8  # shade, which turns as well
    after = before + torch.tensor([0.9, 0.0, 0.0]).view(1, 3, 1, 1)
    found, alone = masks_of_turned(after, before), masks(after)
    assert found.meadow[..., 16:, :14].all() and not alone.meadow[..., :14].any()
    assert found.leaves[..., :16, :14].all() and not (found.leaves * found.meadow).any()
    assert masks(before).dark[..., 20:].all() and not found.dark.any()  # it is lit by its new colour


def test_squares_become_as_many_pixels_of_three_to_two():
    across = torch.arange(256.0).expand(1, 3, 256, 256) / 127.5 - 1
    wide = widened(across)
    assert wide.shape == (1, 3, 208, 312)
    assert (wide[0, 0].diff(dim=1)[:, 2:-2] * 312 / 256 * 127.5 - 1).abs().max() < 0.1
    assert widened(across[..., :96, :96]).shape == (1, 3, 80, 120)


def test_meadows_leaves_snow_and_the_dark_are_found():
    images = torch.zeros(2, 3, 48, 48)
    grass = torch.tensor([-0.2, 0.2, -0.4])[:, None, None]
    images[..., :24] = grass
    images[1, :, :, :24:4] = images[1, :, :, 1:24:4] = grass - 0.5  # every second block is darker
    images[..., 24:] = 0.9  # snow, and above the middle the sky
    images[..., 36:, :24] = -0.9
    meadow, leaves, white, dark, sky = (mask[:, 0] for mask in masks(images))
    for mask, other in ((meadow[0], leaves[0]), (leaves[1], meadow[1])):
        assert mask[20:32, 2:18].float().mean() > 0.45 and other[20:32, 2:18].sum() == 0
    assert leaves[0, :16, :20].all() and not meadow[0, :16].any()  # smooth green up there may be forest
    assert white[0, 28:, 24:].all() and not white[0, :28, 30:].any()  # higher up it may be mist
    assert not white[0, :, :24].any()
    assert dark[0, 36:, :24].all() and not dark[0, :, 24:].any()
    assert sky[0, :16, 30:].all() and not sky[0, 30:].any() and not sky[0, :, :20].any()


def test_dry_grass_is_meadow_in_the_lower_half_alone():
    dry = torch.tensor([-0.25, -0.35, -0.7]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    assert masks(dry).meadow[0, 0].mean(1).tolist() == [0] * 16 + [1] * 16


def test_snow_and_grass_are_what_covers_should_be_like():
    snow, grass = torch.full((1, 3, 2, 2), 0.8), torch.tensor([-0.2, 0.2, -0.4]).view(1, 3, 1, 1)
    assert unlike_snow(snow).max() == 0 and unlike_snow(grass).min() > 0.5
    assert unlike_snow(snow - torch.tensor([0.0, 0.05, 0.1]).view(1, 3, 1, 1)).min() > 0.09  # yellow
    assert unlike_earth(grass).max() == 0 and unlike_earth(snow).min() > 0.5
    assert unlike_meadow(grass).max() == 0 and unlike_meadow(snow).min() > 0.5
    assert unlike_meadow(grass.flip(1)).min() > 0.2  # turquoise


def test_colour_is_gained_where_the_channels_move_apart():
    grey, stain = torch.zeros(1, 3, 2, 2), torch.tensor([0.3, 0.1, -0.2]).view(1, 3, 1, 1)
    assert gained(grey + stain, grey).min() == pytest.approx(0.5)
    assert gained(grey, grey + stain).max() == 0


def test_what_keeps_an_image_grows_to_its_weight():
    assert [ramp(step, 100) for step in (0, 50, 100, 500)] == [0.02, 0.5, 1, 1] and ramp(0, 0) == 1


@pytest.mark.parametrize("size", [3, 5])
def test_padding_is_tensorflows_for_even_sides_and_rounds_odd_ones_up(size: int):
    before, after = padding_of_two(size)
    x = torch.arange(16.0).view(1, 1, 1, 16)
    flat = torch.ones(1, 1, 1, size)
    ours = F.conv2d(F.pad(x, (before, after)), flat, stride=2)
    total = (8 - 1) * 2 + size - 16  # as TensorFlow counts
    assert torch.equal(ours, F.conv2d(F.pad(x, (total // 2, total - total // 2)), flat, stride=2))
    assert F.conv2d(F.pad(x[..., :15], (before, after)), flat, stride=2).shape[-1] == 8


def test_a_bank_tells_how_far_features_are_from_the_real_ones():
    torch.manual_seed(0)
    bank, near, far = Bank(16), torch.rand(2, 40, 16), torch.rand(2, 40, 16) + 1
    assert bank.distance(far[0], 0) == 0  # nothing is known yet
    bank.remember(near, far)
    assert bank.distance(far[0], 0) > 0 > bank.distance(-near[0], 0)
    for _ in range(ROOM // 40 + 1):
        bank.remember(far, near)
    assert bank.distance(far[0], 0) < 0 and bank.count > ROOM


def test_layers_are_exported_with_their_roles(opacity_run: Path):
    made = build(opacity_run, "seasons", "Summer and winter", composed=False)
    model, (graph,) = made.model, made.graphs
    outputs = signature(model.graph.output)
    assert list(outputs) == ["graded", "opacity", "cover"]
    assert all(kind == onnx.TensorProto.UINT8 for kind, *_ in outputs.values())
    manifest = manifest_of(model)
    assert [output["role"] for output in manifest["outputs"]] == ["image", "opacity", "cover"]
    assert manifest["stages"] == [{"graph": "main", "combine": "over"}]
    assert not [node for node in model.graph.node if node.op_type == "Pad"]
    image = torch.randint(0, 256, (1, 64, 72, 3), dtype=torch.uint8)
    with torch.no_grad():
        graded, opacity, cover = (x.float() for x in OnBytes(graph)(image, torch.ones(1)))
        composed = replace(graph, net=graph.net.net, outputs=graph.outputs[:1])
        translation = OnBytes(composed)(image, torch.ones(1))[0].float()
    alpha = opacity / 255
    assert ((1 - alpha) * graded + alpha * cover - translation).abs().max() <= 2


@pytest.mark.parametrize("flags", [[], ["--composed"], ["--composed", "--half"], ["--half"]])
def test_the_graph_agrees_with_the_network(opacity_run: Path, tmp_path: Path, flags: list[str]):
    assert main([str(opacity_run), "--out", str(tmp_path / "seasons.onnx"), *flags]) == 0


def test_half_of_the_weights_is_half_of_the_file(opacity_run: Path):
    sizes = [build(opacity_run, "s", "S", half=half).model.ByteSize() for half in (False, True)]
    assert sizes[1] < sizes[0]


def test_layers_are_not_judged_one_by_one(opacity_run: Path, tmp_path: Path):
    from evaluate.pretrained import exported
    from export.__main__ import main

    model = tmp_path / "layers.onnx"
    assert main([str(opacity_run), "--out", str(model)]) == 0
    with pytest.raises(SystemExit, match="--composed"):
        exported(model)


def test_a_composed_model_looks_like_any_other(opacity_run: Path):
    model = build(opacity_run, "seasons", "Summer and winter").model
    assert list(signature(model.graph.output)) == ["translation"]
    assert json.dumps(manifest_of(model)).count('"role": "opacity"') == 0


@pytest.mark.parametrize("flags", [[], ["--half", "--composed"]])
def test_a_run_starts_from_an_exported_model(
    flags: list[str], opacity_run: Path, folders: tuple[str, str], tmp_path: Path
):
    model = tmp_path / "model.onnx"
    assert main([str(opacity_run), *flags, "--out", str(model)]) == 0
    run = new_run(tmp_path, "opacity", folders, {**TINY_OPACITY, "init": str(model)})
    _, trainer, _ = loop.restore(run, loop.device())  # after a step in which the discriminators learn alone
    _, given, _ = loop.restore(opacity_run, loop.device())
    image, code = torch.rand(2, 3, 64, 64) * 2 - 1, torch.tensor([-1.0, 1.0])
    with torch.no_grad():
        wanted = given.network()(image, code)
        for net in (trainer.generator, trainer.network()):
            assert torch.allclose(net(image, code), wanted, atol=5e-3 if flags else 1e-4)


def test_after_an_exported_model_the_discriminators_learn_first(
    opacity_run: Path, folders: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = tmp_path / "model.onnx"
    assert main([str(opacity_run), "--out", str(model)]) == 0
    monkeypatch.setattr(opacity, "ALONE", 1)
    run = new_run(tmp_path, "opacity", folders, {**TINY_OPACITY, "init": str(model)})
    config, after_one, _ = loop.restore(run, loop.device())
    before = loop.start(config, loop.device())
    loop.train(run, 2)
    _, after_two, _ = loop.restore(run, loop.device())
    films = [t.generator.films.weight for t in (before, after_one, after_two)]
    heads = [t.discriminators.heads[0].head.weight for t in (before, after_one)]
    assert torch.equal(films[0], films[1]) and not torch.equal(films[1], films[2])
    assert not torch.equal(*heads)
