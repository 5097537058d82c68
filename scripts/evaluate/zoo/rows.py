"""The rows of docs/zoo.md: which criterion judges which model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluate.zoo import digits, faces, noise, paired, seasons
from evaluate.zoo.bench import Bench, Verdict
from evaluate.zoo.models import Model

Criterion = Callable[..., Verdict]  # of a bench, a model and marks


@dataclass(frozen=True)
class Row:
    """A model of the zoo.

    data: folders of the data, with commas. beside: models that its figures are compared with. tried: for
    the page. marks: arguments of the criterion. judges: those it asks.
    """

    name: str
    method: str
    data: str
    criterion: Criterion
    beside: tuple[str, ...] = ()
    tried: str = ""
    marks: dict[str, Any] = field(default_factory=dict)
    judges: tuple[str, ...] = ()

    def judge(self, bench: Bench, model: Model) -> Verdict:
        return self.criterion(bench, model, **self.marks)


SHOES_TRIED = (
    "the two cycles, together and each alone, at 64 pixels, 900 steps of 8 pairs each. Both: draws differ by "
    ".74, exemplar .50, z regained .24, KID 893. cVAE-GAN alone (`weights.regress` 0): .61, .58, .24, KID "
    "1,169. cLR-GAN alone (`weights.vae` 0): .65, .89, .32, KID 1,778. The last one fails: an exemplar "
    "hardly steers it, and its shapes do not keep to the edges. At 128 pixels the paper's encoder, which "
    "does not learn from the drawn z, regained .22 of it, KID 699. Ten times the weight on z gave .32, and "
    "KID 1,631. An encoder that sees only the means of 4×4 pixels cannot be deceived by fine detail, so it "
    "may learn from the drawn z, too. This model took 2,000 steps and 11 minutes."
)

UNIT_TRIED = (
    "without classes, 3,600 steps of the first recipe gave .57 to .62 of the digits read right. Digits on "
    "bright photographs came out inverted, because the network itself drew colour digits on dark photographs "
    "only. With layer normalisation instead of instance normalisation and a private part of the latent, it "
    "drew them on photographs of all kinds, and .61 were read right after 800 steps. The paper's adaptation "
    "knows the classes of the colour digits, and so does this model now."
)
DISTANCE_TRIED = (
    "with the paper's distances, between pairs of images and between their halves, 3,600 steps gave .33 of "
    "the digits read right. Distances between an image and the same image moved by up to 3 pixels show where "
    "strokes are, whether they are bright or dark: .70 after 200 steps, .92 after 1,000."
)
STAR_TRIED = (
    "with labels of 0 and 1 the weights that take them in hardly moved: .15 of the changes were seen after "
    "400 steps. Labels times 4, and three real images for each generated one, gave .50 after 500 steps. "
    "2,600 steps gave .47 and smears beside the hair, so training longer did not help: the critic saw the "
    "changes, and no other judge did. A critic that looks through the frozen features of EfficientNet-Lite0 "
    "gave .44 after 1,100 steps, and stripes over faces. From 2,600 steps on, the critic now sees all images "
    "shifted and with noise. After 3,800 steps .54 of the changes are seen, .91 of the other attributes are "
    "kept, and .93 of the results are nearest to their own face; after 7,200 steps .63, .89 and .85. Going "
    "beyond the wanted label does better than more steps. The model is the one after 3,800 steps, and it "
    "goes 1.2 times as far; 1.4 times gives .65, .91 and .88."
)
HD_TRIED = (
    "1,800 steps at 128 pixels and 3,600 at 256, 29 minutes. The feature matching loss is averaged over "
    "layers and scales, so it counted for little with the paper's weight of 10: FCN-score .71, KID 375 after "
    "600 steps at 256. A weight of 60 gave .75 and 285. 1,800 more steps gave .85 and 215, and another 1,200 "
    "gave .87 and 201."
)
GOODS_TRIED = (
    "it starts at 8 pixels, not at the paper's 4. Growing did not pay off here. The same network trained at "
    "64 pixels from the start has KID 976 after 900 steps and 36 minutes; the 2,000 steps with growing took "
    "51. Other programs used the machine both times, and processor time was not measured. An average of the "
    "weights over all steps had wrong colours, because it remembered layers that were fading in. So the "
    "average now starts anew in the last twentieth of the run."
)
CYCLE_TRIED = (
    "1,900 steps, 14 minutes. Its weights are below the paper's (cycle 5, not 10; identity 1, not 5), and "
    "some of its winters are from the snow set. Nearly all summers become winters, but textures tear. The "
    "built-in seasons, given for comparison, is a larger network, trained for hours on cleaned data. After "
    "the change from 64 to 128 pixels the discriminators still saw older results of 64 pixels. Trained again "
    "without them, on cleaned data, it flips .98 to winter and .19 to summer, with a KID of 703 and 782. "
    "That network is no better at its task, and was not kept."
)
FADER_TRIED = (
    "10,500 steps, 44 minutes on a loaded machine. The adversary's weight was 0.02 for 6,500 of them "
    "(attributes seen in .85 to .99, PSNR 21.8 dB), then 0.01 for 1,400 (.82 to .98, 21.9 dB), then 0.006. "
    "At each change the learning rate had fallen to zero and started again. The recipe trains all steps with "
    "0.01, which was not tried. With an α of 1, as in training, most attributes are not seen: after 2,400 "
    "steps with an adversary's weight of 0.05, .47 of the eyeglasses and .08 of the smiles are, and .93 and "
    ".55 with an α of 3. The less the adversary weighs, the larger α must be: after the last steps .73 of "
    "the eyeglasses are seen with an α of 3, .84 with 4, which is full strength now, and .89 with 4.5. The "
    "mean of the weights after 6,500 and 7,900 steps is worse than both: 19.8 dB. There is no discriminator "
    "of images, so results are blurred."
)
GLASSES_TRIED = (
    "with instance normalisation the object of a face without glasses could not become zero, and faces came "
    "back blurred: .73 of the faces got glasses after 800 steps. With layer normalisation .82 got them after "
    "2,200 steps, and 4 of 10 exemplars lost theirs. This model went on from there for 1,200 steps, with an "
    "adversarial weight of 2 instead of 1 and with real faces of the other side counted as wrong, and for "
    "1,600 more at the full learning rate: 43 minutes in all. The recipe trains all 5,000 steps this way, "
    "which was not tried from the start. After 3,400 steps .68 of the exemplars lost their glasses. The "
    "model gives and takes 1.25 times the object: without this factor .80 lose their glasses, with it .93 "
    "(of 40 each)."
)
BANGS_TRIED = (
    "1,600 steps, and 1,800 more at the full learning rate: 30 minutes on a loaded machine. After 1,600 "
    "steps, .91 of the faces got bangs and .83 lost them."
)
DNA_TRIED = (
    "6,800 steps, 35 minutes on a loaded machine. In training the decoder gets zeros for absent attributes. "
    "In the exported network it got what the encoder gave. So after 3,400 steps .76 of the eyeglasses were "
    "given and .57 taken, .79 and .27 of the bangs, and the other attribute was kept in .71 and .48. "
    "GeneGAN's nulling changed these figures to .78, .75, .85, .57, .77 and .62, and 2,000 more steps hardly "
    "improved them: all parts shrank alike, and the judge saw eyeglasses in half of the faces without them, "
    "after encoding and decoding alone. With zeros set by the true labels it saw them in .03. So a small "
    "network now reads the labels from the code, instead of nulling. It was added at 5,400 steps, and the "
    "figures became .89, .93, .93, .78, .91 and .92. With 1.25 times a part given and taken, bangs are lost "
    "in .90, and the other attribute is kept in .89 and .86."
)
LANDSCAPES_TRIED = (
    "3,200 steps, 2,500 of them at 16 pixels alone, take 3 minutes. A network trained at 64 pixels from the "
    "start has KID 1,426 after 3.7 minutes. So the levels pay off, but the mark, a quarter of that KID, is "
    "far off."
)

STUDIES = {
    "residuals for translation": (
        "at 32, 64 and 128 pixels, each level adding to the enlarged result of the one below (`--method "
        "pyramid`), compared with the single network of domain-code with as many multiply-accumulates (0.20 "
        "GMAC), 450 steps and 6 minutes each, by two judges trained on the same data. In winter .95 and .79 "
        "(single network), .96 and .82 (levels), .98 and .90 (levels that also see the enlarged image of the "
        "level below); in summer .97 and .95, .94 and .95, .98 and 1.00. Edges kept are .99, .79 and .69, "
        "and 0, 52 and 27 of 99 results have a checkerboard. So the extra input is not redundant, but the "
        "single network is better: levels flip a little more and damage what should stay."
    ),
    "multi-scale or not": (
        "more scales help. GeneGAN for bangs, 1,600 steps of 8 images at 64 pixels, 15 minutes, one seed "
        "each: with discriminators of one scale bangs are given in .87 and taken in .67 of the faces, two "
        "exemplars differ by .16 of the change, and .72 of the results have checkerboards; with three scales "
        ".95, .93, .38 and .47. With domain-code the comparison shows nothing, at 128 pixels on faces "
        "enlarged from 88, for bangs and for eyeglasses, 600 steps of 3 images each (4 to 8 minutes). None "
        "of the four networks learns its attribute: it is seen in .05 and .06 of the faces (bangs), .03 and "
        ".03 (eyeglasses). The discriminators stay at chance, even with four times the adversarial weight "
        "and after 760 steps of 16 images at 64 pixels. With this method, wrong, missing and right labels of "
        "the source give the same bytes."
    ),
    "pixel shuffle or not": (
        "domain-code of width 8 at 64 pixels, 600 steps and 3 minutes each, one seed. Checkerboards in the "
        "results of 99 summers and of 63 winters: 2 and 3 with nearest upsampling and convolution, 16 and 17 "
        "with transposed convolutions, 17 and 21 with pixel shuffle, 7 and 18 with pixel shuffle and ICNR. "
        "In winter, in the same order and by two judges trained on the same data, .72 and .49, .77 and .48, "
        ".66 and .52, .66 and .44; in summer .98 and .92, .97 and .89, .98 and .90, .97 and .92; all keep "
        ".98 or .99 of the edges. So they translate about as well as one another, and nearest upsampling is "
        "the one with hardly any checkerboards. With ICNR there are none at first, and training brings them "
        "back."
    ),
}

READER, READERS = ("faces",), ("faces", "identity")
SHOWN, SEASONS = ("shoes/{part}/photo",), ("seasons/{part}/summer", "seasons/{part}/winter")
ROWS = (
    Row("facades", "pix2pix (Isola et al. 2017)", "facades", paired.facades, judges=("facades",)),
    Row(
        "facades-hd", "pix2pixHD (Wang et al. 2018)", "facades", paired.facades_hd,
        beside=("facades",), tried=HD_TRIED, judges=("facades",),
    ),
    Row("shoes", "BicycleGAN (Zhu et al. 2017)", "shoes", paired.shoes, tried=SHOES_TRIED),
    Row(
        "seasons-cyclegan", "CycleGAN (Zhu et al. 2017)", "seasons", seasons.seasons,
        beside=("seasons",), tried=CYCLE_TRIED,
    ),
    Row(
        "digits-unit", "UNIT (Liu et al. 2017)", "digits, seasons", digits.read,
        tried=UNIT_TRIED, marks={"least": 0.85}, judges=("digits",),
    ),
    Row(
        "digits-distance", "DistanceGAN (Benaim & Wolf 2017)", "digits, seasons", digits.read,
        tried=DISTANCE_TRIED, marks={"least": 0.75}, judges=("digits",),
    ),
    Row(
        "digits-dtn", "DTN (Taigman et al. 2017)", "digits, seasons", digits.read,
        marks={"least": 0.90}, judges=("digits",),
    ),
    Row(
        "faces-fader", "Fader Networks (Lample et al. 2017)", "faces", faces.fader,
        tried=FADER_TRIED, judges=READER,
    ),
    Row(
        "faces-glasses", "GeneGAN (Zhou et al. 2017)", "faces", faces.exchange,
        tried=GLASSES_TRIED, judges=READER,
    ),
    Row(
        "faces-bangs", "GeneGAN (Zhou et al. 2017)", "faces", faces.exchange,
        tried=BANGS_TRIED, judges=READER,
    ),
    Row("faces-dna", "DNA-GAN (Xiao et al. 2018)", "faces", faces.exchange, tried=DNA_TRIED, judges=READER),
    Row("faces-star", "StarGAN (Choi et al. 2018)", "faces", faces.star, tried=STAR_TRIED, judges=READERS),
    Row(
        "goods", "PGGAN (Karras et al. 2018)", "shoes", noise.of_noise,
        beside=("goods-direct",), tried=GOODS_TRIED, marks={"folders": SHOWN},
    ),
    Row(
        "landscapes", "LAPGAN (Denton et al. 2015)", "seasons", noise.of_noise,
        beside=("landscapes-direct",), tried=LANDSCAPES_TRIED, marks={"folders": SEASONS},
    ),
)  # fmt: skip


def missing(bench: Bench, beside: Path) -> list[Path]:
    """The models listed, and those they are compared with, that lack a file.

    beside: the folder for those that are only compared with.
    """
    names = [row.name for row in ROWS]
    wanted = [bench.models / f"{name}.onnx" for name in names]
    wanted += [beside / f"{name}.onnx" for row in ROWS for name in row.beside if name not in names]
    there = {path: bench.model(path.stem) for path in wanted}
    return [path for path, model in there.items() if not model or not model.whole]


def further(model: Model) -> Row | None:
    """The row of a model that is not listed, by its domains: variants that are compared with each other."""
    domains = set(model.domains)
    if domains == set(seasons.NAMES):
        return Row(model.name, model.manifest["family"], "seasons", seasons.seasons)
    if domains and faces.attributes(model):
        return Row(model.name, model.manifest["family"], "faces", faces.coded, judges=READERS)
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
