"""The rows of docs/zoo.md: which criterion judges which model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evaluate.zoo import digits, faces, noise, paired, seasons
from evaluate.zoo.bench import Bench, Verdict
from evaluate.zoo.models import Model

Criterion = Callable[[Bench, Model], Verdict]


@dataclass(frozen=True)
class Row:
    """A model of the zoo. beside: models that its figures are compared with. tried: for the page."""

    name: str
    method: str
    data: str
    criterion: Criterion
    beside: tuple[str, ...] = ()
    tried: str = ""


GOODS = noise.of_noise("shoes/{part}/photo")
LANDSCAPES = noise.of_noise("seasons/{part}/summer", "seasons/{part}/winter")

SHOES_TRIED = (
    "the two cycles alone, at 64 pixels, 900 steps each of 8 pairs. Both: draws differ by .74, exemplar .50, "
    "z regained .24, KID 893. cVAE-GAN alone (`weights.regress` 0): .61, .58, .24, KID 1,169. cLR-GAN alone "
    "(`weights.vae` 0): .65, .89, .32, KID 1,778. The last one fails: an exemplar hardly steers it, and "
    "its shapes do not keep to the edges."
)

UNIT_TRIED = (
    "without classes, 3,600 steps of the first recipe read .57 to .62. Bright photographs came out inverted, "
    "because it drew colour digits on dark photographs only. Layer normalisation instead of instance "
    "normalisation and a private part of the latent gave them photographs of all kinds, and .61 after 800 "
    "steps. The paper's adaptation knows the classes of the colour digits, and so does this model now."
)
DISTANCE_TRIED = (
    "with the paper's distances, between pairs of images and between their halves, 3,600 steps read .33. "
    "Distances between an image and itself moved by up to 3 pixels say where strokes are, whether "
    "they are bright or dark: .70 after 200 steps, .92 after 1,000."
)
STAR_TRIED = (
    "labels as 0 and 1 entered with weights that hardly moved: .15 of the changes were seen after 400 steps. "
    "Labels times 4, and three real images for each that is made, gave .50 after 500 steps. 2,600 steps gave "
    ".47 and smears beside the hair, so more of the same does not help."
)
GOODS_TRIED = (
    "trained at 64 pixels at once, 400 steps in less than half of the processor time, the same network has "
    "KID 1,454, and the grown one 1,217. The mark is a quarter, which this does not come near. Still to be "
    "compared: the same time for both. An average of the weights over all steps had wrong colours, because "
    "it remembered layers that were fading in. It begins anew in the last twentieth of the run now."
)

ROWS = (
    Row("facades", "pix2pix (Isola et al. 2017)", "facades", paired.facades),
    Row("facades-hd", "pix2pixHD (Wang et al. 2018)", "facades", paired.facades_hd, ("facades",)),
    Row("shoes", "BicycleGAN (Zhu et al. 2017)", "shoes", paired.shoes, tried=SHOES_TRIED),
    Row("seasons-cyclegan", "CycleGAN (Zhu et al. 2017)", "seasons", seasons.seasons),
    Row("digits-unit", "UNIT (Liu et al. 2017)", "digits, seasons", digits.read(0.85), tried=UNIT_TRIED),
    Row(
        "digits-distance",
        "DistanceGAN (Benaim & Wolf 2017)",
        "digits, seasons",
        digits.read(0.75),
        tried=DISTANCE_TRIED,
    ),
    Row("digits-dtn", "DTN (Taigman et al. 2017)", "digits, seasons", digits.read(0.90)),
    Row("faces-fader", "Fader Networks (Lample et al. 2017)", "faces", faces.fader),
    Row("faces-glasses", "GeneGAN (Zhou et al. 2017)", "faces", faces.exchange),
    Row("faces-bangs", "GeneGAN (Zhou et al. 2017)", "faces", faces.exchange),
    Row("faces-dna", "DNA-GAN (Xiao et al. 2018)", "faces", faces.exchange),
    Row("faces-star", "StarGAN (Choi et al. 2018)", "faces", faces.star, tried=STAR_TRIED),
    Row("goods", "PGGAN (Karras et al. 2018)", "shoes", GOODS, ("goods-direct",), GOODS_TRIED),
    Row("landscapes", "LAPGAN (Denton et al. 2015)", "seasons", LANDSCAPES, ("landscapes-direct",)),
)


def further(model: Model) -> Row | None:
    """The row of a model that is not listed, by its domains: variants that are compared with each other."""
    domains = set(model.domains)
    if domains == set(seasons.NAMES):
        return Row(model.name, model.manifest["family"], "seasons", seasons.seasons)
    if domains and faces.attributes(model):
        return Row(model.name, model.manifest["family"], "faces", faces.coded)
    return None


def rows(bench: Bench) -> list[Row]:
    """All rows: those listed, then one for each other model in the folder."""
    listed = {row.name for row in ROWS}
    found = list(ROWS)
    for path in sorted(bench.models.glob("*.onnx")):
        model = bench.model(path.stem)
        if model and path.stem not in listed and not is_part(bench, path.name):
            row = further(model)
            if row:
                found.append(row)
    return found


def is_part(bench: Bench, file: str) -> bool:
    """Whether a file is a further graph of another model: it has no manifest of its own."""
    try:
        model = Model(bench.models / file, bench.gtx)
        return not model.manifest
    except StopIteration:
        return True
