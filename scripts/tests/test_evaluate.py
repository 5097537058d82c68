from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from evaluate import ablation, colour, directions, judges, metrics, sets, structure, tables, translators
from evaluate.validation import read_domain
from measure import gtx, page


def flat(value: int, side: int = 4) -> np.ndarray:
    return np.full((2, side, side, 3), value, np.uint8)


def noise(seed: int, low: int = 0, high: int = 256, n: int = 3, side: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (n, side, side, 3), dtype=np.uint8)


def test_psnr_of_one_level_is_48_decibels():
    assert metrics.psnrs(flat(10), flat(11)) == pytest.approx([48.13, 48.13], abs=0.01)


def test_psnr_of_a_copy_is_60_decibels():
    assert metrics.psnrs(flat(10), flat(10)) == pytest.approx([60, 60])


def test_distance_does_not_wrap_round():
    assert metrics.distances(flat(0), flat(255)).tolist() == [255, 255]


def test_accuracy_goes_by_the_side_of_zero():
    scores = np.array([-2.0, -1.0, 3.0, 0.0])
    assert metrics.accuracy(scores, 0) == 0.5 and metrics.accuracy(scores, 1) == 0.25


def test_flip_rate_counts_only_what_was_elsewhere():
    before, after = np.array([-1.0, -1.0, 2.0]), np.array([1.0, -1.0, 2.0])
    assert metrics.flip_rate(before, after, target=1) == 0.5
    assert np.isnan(metrics.flip_rate(before[2:], after[2:], target=1))


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [([1, 2, 3], [10, 20, 90], 1.0), ([1, 2, 3], [3, 2, 1], -1.0), ([1, 2, 3, 4], [1, 1, 2, 2], 0.894427)],
)
def test_spearman_goes_by_rank_alone(x: list[float], y: list[float], wanted: float):
    assert metrics.spearman(np.array(x), np.array(y)) == pytest.approx(wanted)


def test_response_of_a_straight_line_has_even_steps():
    scores = np.linspace(1, -1, 9)[:, None].repeat(2, axis=1)
    assert metrics.response(scores, target=0) == pytest.approx((1.0, 0.25, 2.0))


def test_response_of_a_switch_is_one_step():
    scores = np.array([[-1.0]] * 4 + [[1.0]] * 5)
    assert metrics.response(scores, target=1)[1:] == pytest.approx((1.0, 2.0))


def test_response_of_nothing_is_no_number():
    spearman, step, span = metrics.response(np.zeros((9, 2)), target=1)
    assert np.isnan(spearman) and np.isnan(step) and span == 0


def test_auc_counts_pairs_and_half_of_ties():
    assert metrics.auc(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == pytest.approx(3.5 / 4)


def test_edges_are_kept_by_light_and_lost_by_noise():
    image = noise(0, 50, 100)[0]
    assert structure.edges_kept(image + 20, image) == pytest.approx(1)
    assert structure.edges_kept(noise(1)[0], image) < 0.1


@pytest.mark.parametrize("period", [2, 4, 8])
def test_gtx_flags_a_pattern_that_the_source_does_not_have(period: int):
    source = np.full((1, 64, 64, 3), 100, np.uint8)
    marked = source.copy()
    marked[:, ::period, ::period] += 4
    flag = gtx.flagger(gtx.BINARY)
    images, sources = np.concatenate([marked, source, marked]), np.concatenate([source, source, marked])
    # Dithering of few tones is not flagged, so some noise makes the tones many.
    grain = noise(0, 0, 20, n=1)
    assert flag(images + grain, sources + grain).tolist() == [True, False, False]


def test_gtx_does_not_flag_noise():
    grey = np.full((3, 256, 256, 3), 100, np.uint8)
    assert not gtx.flagger(gtx.BINARY)(noise(0, 90, 110, side=256), grey).any()


def test_kid_of_unit_vectors_by_hand():
    # Features of one dimension: k(1, 1) = 8, k(1, 0) = k(0, 0) = 1; so 8 + 1 - 2 * 1.
    ones, zeros = np.ones((4, 1)), np.zeros((3, 1))
    assert sets.kid(ones, zeros) == pytest.approx(7)
    assert sets.kid(ones, ones) == pytest.approx(0)


def test_laplacian_levels_add_up_to_the_image():
    image = noise(0).astype(np.float32)
    fine, *rest = sets.laplacian(image, levels=3)
    total = rest[1].repeat(2, 1).repeat(2, 2) + rest[0]
    assert np.abs(total.repeat(2, 1).repeat(2, 2) + fine - image).max() < 1e-3


def test_sliced_wasserstein_is_small_for_the_same_set_and_grows_with_a_cast():
    images = noise(0, 50, 100)
    same, light, lighter = (sets.sliced_wasserstein(images + d, images, 256, 16) for d in (0, 20, 60))
    assert same < 0.2 and 5 * same < light < lighter


def test_colour_transfer_gives_mean_and_covariance():
    mixing = np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 1]])
    source = np.clip(np.random.default_rng(0).normal(0, 12, (1, 64, 64, 3)) @ mixing + 120, 0, 255)
    target = np.clip(np.random.default_rng(1).normal(0, 20, (1, 64, 64, 3)) + 90, 0, 255)
    wanted = colour.colours(target)
    got = colour.colours(colour.transfer(source, colour.colours(source), wanted))
    assert np.abs(got.mean - wanted.mean).max() < 0.5
    assert np.abs(got.covariance - wanted.covariance).max() < 0.02 * wanted.covariance[0, 0]


def test_grey_images_survive_colour_transfer():
    grey = noise(0)[:1, :, :, :1].repeat(3, axis=3)
    moved = colour.transfer(grey, colour.colours(grey), colour.colours(noise(1)))
    assert moved.mean() == pytest.approx(noise(1).mean(), abs=5)


@pytest.mark.parametrize("make", [translators.global_transfer, translators.image_transfer])
def test_baselines_move_to_the_target_in_proportion_to_the_strength(make):
    domains = [noise(0, 20, 80), noise(1, 150, 250)]
    translate = make(domains)
    none, half, full = (translate(domains[0], 1, strength).mean() for strength in (0.0, 0.5, 1.0))
    assert none == domains[0].mean()
    assert full == pytest.approx(domains[1].mean(), abs=2)
    assert half == pytest.approx((none + full) / 2, abs=1)


class Brightness(torch.nn.Module):
    """A judge for which light is winter."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(1, 2, bias=False)
        torch.nn.init.constant_(self.head.weight, 1.0)
        self.head.weight.data[0] = -1

    def features(self, image: torch.Tensor) -> torch.Tensor:
        return image.mean((1, 2, 3))[:, None]


def domain_of(name: str, pixels: np.ndarray, jury: list[judges.Judge]) -> directions.Domain:
    clear = np.array([True] * (len(pixels) - 1) + [False])
    return directions.Domain(name, pixels, clear, [judge.look(pixels) for judge in jury])


def never(images: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Stands in for gtx where checkerboards are not what is tested."""
    return np.zeros(len(images), bool)


def test_a_perfect_translator_gets_perfect_figures():
    jury = [judges.Judge(Brightness())]
    a, b = (domain_of(n, p, jury) for n, p in (("a", noise(0, 0, 50)), ("b", noise(1, 200, 256))))

    def perfect(images: np.ndarray, target: int, strength: float) -> np.ndarray:
        if (images.mean() > 128) == bool(target):
            return images
        shift = strength * 205
        return (images + (shift if target else -shift)).clip(0, 255).astype(np.uint8)

    there, back = (
        directions.run(perfect, a.pixels, 1, jury, never),
        directions.run(perfect, b.pixels, 0, jury, never),
    )
    found = directions.figures(there, back, a, b, label=1)
    wanted = {"flips 0": 1, "flipped 0": 1, "response 0": 1, "spearman 0": 1, "step 0": 0.25}
    wanted.update({"own": 0, "own psnr": 60, "again": 0, "auc": 1, "edges": 1, "flagged": 0, "moved": 205})
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=0.02)
    parts = there.part(a.clear), back.part(b.clear)
    part = directions.figures(*parts, a.only_clear(), b.only_clear(), label=1)
    assert part["flips 0"] == 1 and len(parts[0].translated) == 2


def test_the_identity_has_no_share_of_nothing():
    jury = [judges.Judge(Brightness())]
    a, b = (domain_of(n, p, jury) for n, p in (("a", noise(0, 0, 50)), ("b", noise(1, 200, 256))))
    runs = [directions.run(translators.identity, d.pixels, t, jury, never) for d, t in ((b, 0), (a, 1))]
    found = directions.figures(runs[1], runs[0], a, b, label=1)
    assert found["flips 0"] == 0 and found["response 0"] == 0 and found["auc"] == 0.5
    assert np.isnan(found["own"]) and np.isnan(found["spearman 0"])
    text = tables.direction("a to b", {"identity": found}, {"identity": found}, 1, 0.5)
    assert "| L1 asked for its own season, of that | ≤ 0.40 | – |" in text
    assert "| in the target season, judge 1 | ≥ 0.90 | 0.00 (0.00) |" in text


def test_enlarged_images_are_judged_as_they_are():
    small = flat(200, side=64)
    plain, enlarged = judges.Judge(Brightness()), judges.Judge(Brightness(), side=128)
    assert enlarged.look(small)[0] == pytest.approx(plain.look(small)[0])


def test_domains_are_read_shrunk_with_their_unclear_images(folders: tuple[str, str]):
    folder = Path(folders[0])
    domain = read_domain(folder, frozenset([f"{folder.name}/2.png"]), [], shrink=2)
    assert domain.pixels.shape == (6, 64, 64, 3) and domain.clear.tolist() == [1, 1, 0, 1, 1, 1]


def test_ablation_measures_the_averaged_network(generator_run):
    images = noise(0)
    moved = ablation.translator(generator_run)(images, 1, 1.0)
    assert moved.shape == images.shape and moved.dtype == np.uint8


def test_the_card_keeps_its_prose_and_its_other_blocks():
    marks = "".join(f"<!-- {name}: written by CMD -->old<!-- {name} end -->\n" for name in ("a", "b"))
    once = page.insert(f"# Card\n\nProse.\n{marks}", "a", "CMD", "six")
    twice = page.insert(page.insert(once, "b", "CMD", "one"), "a", "CMD", "seven")
    assert twice.startswith("# Card\n\nProse.\n") and "seven" in twice and "six" not in twice
    assert twice.count("<!-- b") == 2 and "one" in twice and "old" not in twice
    with pytest.raises(ValueError):
        page.insert(twice.replace("<!-- a end -->", ""), "a", "CMD", "eight")
