from __future__ import annotations

import pytest
import torch

from train.methods.domain_code import coarse_luma, level_of
from train.networks.classifier import Classifier
from train.networks.discriminator import Discriminators
from train.networks.generator import Generator, apply_residual
from train.networks.judge import Judge
from train.networks.layers import UPSAMPLINGS, Double, multiply_accumulates


def test_generator_costs_at_most_three_billion_multiply_accumulates():
    image, code = torch.zeros(1, 3, 256, 256), torch.ones(1)
    assert multiply_accumulates(Generator(), image, code) <= 3e9


def test_classifier_is_small():
    net = Classifier().eval()
    assert multiply_accumulates(net, torch.zeros(1, 3, 256, 256)) <= 0.2e9
    assert sum(p.numel() for p in net.parameters()) * 4 < 4e6


def test_zero_residual_is_the_identity():
    image = torch.rand(2, 3, 8, 8) * 2 - 1
    assert (apply_residual(image, torch.zeros_like(image)) - image).abs().max() < 1e-5


def test_black_and_white_stay_finite():
    image = torch.tensor([-1.0, 1.0]).view(1, 1, 1, 2).expand(1, 3, 8, 2)
    assert torch.isfinite(apply_residual(image, torch.full_like(image, 9.0))).all()


def test_code_matters_from_the_start():
    torch.manual_seed(0)
    net = Generator(width=4, blocks=1)
    image = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        difference = net(image, torch.ones(1)) - net(image, -torch.ones(1))
    assert difference.abs().mean() > 1e-5


def test_an_image_does_not_depend_on_its_batch():
    torch.manual_seed(0)
    net = Generator(width=4, blocks=1)
    images, codes = torch.rand(3, 3, 64, 72) * 2 - 1, torch.tensor([-1.0, 0.3, 1.0])
    with torch.no_grad():
        together = net(images, codes)
        alone = net(images[1:2], codes[1:2])
    assert (together[1:2] - alone).abs().max() < 1e-5


@pytest.mark.parametrize("size", [(64, 64), (64, 128), (72, 200)])
def test_sizes_are_kept(size: tuple[int, int]):
    image = torch.zeros(1, 3, *size)
    assert Generator(width=4, blocks=1)(image, torch.ones(1)).shape == image.shape


@pytest.mark.parametrize("side", [32, 40, 256])
def test_classifier_takes_any_size(side: int):
    assert Classifier(width=4).eval()(torch.zeros(2, 3, side, side)).shape == (2, 2)


@pytest.mark.parametrize("judge", [Judge, Classifier])
def test_judges_give_two_logits_of_their_features(judge: type):
    net, images = judge(width=8).eval(), torch.rand(2, 3, 64, 72) * 2 - 1
    assert net(images).shape == (2, 2)
    assert torch.equal(net.head(net.features(images)), net(images))


def test_nearest_upsampling_and_icnr_keep_a_flat_image_flat_and_the_others_do_not():
    torch.manual_seed(0)
    flat = torch.ones(1, 4, 8, 8)
    inner = {kind: Double(4, kind)(flat)[..., 2:-2, 2:-2] for kind in UPSAMPLINGS}
    spread = {kind: (x - x.mean((2, 3), keepdim=True)).abs().max() for kind, x in inner.items()}
    assert spread["nearest"] == 0 and spread["transposed"] > 0.01
    assert spread["icnr"] < 1e-6 and spread["shuffle"] > 0.01


def test_unknown_upsampling_is_an_error():
    with pytest.raises(ValueError, match="bicubic"):
        Generator(width=4, blocks=1, upsample="bicubic")


def test_coarse_luma_forgets_hue_and_detail():
    image = torch.rand(1, 3, 8, 8)
    light = (image * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    assert torch.allclose(coarse_luma(image)[0, 0, 1, 0], light[0, 0, 4:, :4].mean())


@pytest.mark.parametrize(
    ("size", "cover", "level"),
    [(64, (0.8, 1.0), 1), (128, (0.8, 1.0), 2), (128, (0.5, 0.6), 3), (32, (1.0, 1.0), 0)],
)
def test_levels_go_by_the_size_of_the_whole_image(size: int, cover: tuple[float, float], level: int):
    assert level_of(size, cover) == level


def test_a_new_discriminator_starts_as_its_coarser_neighbour():
    nets = Discriminators(width=4, levels=2, scales=1)
    nets.grow(1)
    image = torch.rand(1, 3, 32, 32)
    nets.eval()
    assert torch.equal(nets(image, 0)[0], nets(image, 1)[0])
