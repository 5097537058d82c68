"""Rank training images by how plainly they show their season: `python -m train.rank --help`.

Labels that go by date say little, and collected sets hold watermarks, people and night. A summer is
plain if it is green. A winter is plain if it is white and shows no cars, houses, people or vivid red:
generators would learn to make such things of trees and rocks. Both must be lit, and must look like a
landscape to pretrained features. The least plain are listed in OUT for the trainer's --drop. The same
images give the same list.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from train import data
from train.colourspace import lab
from train.networks.efficientnet import features
from train.program import telling

# Classes of ImageNet-1k by index. First what landscapes are taken for: alp, cliff, geyser, lakeside,
# promontory, sandbar, seashore, valley, volcano, then barns, bridges, fences, piers, skis and the like.
LANDSCAPES = (
    *(970, 972, 974, 975, 976, 977, 978, 979, 980, 425, 449, 460, 497, 500, 525, 536, 537, 663, 682),
    *(703, 716, 718, 795, 802, 803, 821, 825, 839, 863, 888, 912, 919, 958, 984),
)
# Print, packets and screens, which watermarks and drawings are taken for, then what people wear.
OTHERS = (
    *(446, 549, 664, 681, 692, 782, 851, 916, 917, 918, 921, 922),
    *(399, 400, 433, 445, 451, 474, 515, 568, 578, 601, 608, 610, 614, 617, 630, 638, 639, 643, 655),
    *(667, 678, 697, 735, 768, 774, 775, 785, 793, 796, 801, 806, 824, 834, 836, 837, 841, 842, 869),
    *(887, 903, 906, 981, 982, 983),
)
# Cars, trains and snow ploughs, then houses: barns, churches, palaces and shops, say.
BUILT = (
    *(407, 408, 436, 466, 468, 479, 511, 547, 555, 565, 569, 595, 609, 627, 654, 656, 661, 675, 705, 717),
    *(734, 751, 757, 779, 803, 817, 820, 829, 864, 866, 867, 874, 920),
    *(425, 449, 483, 497, 538, 580, 624, 634, 660, 663, 668, 698, 743, 762, 832, 853, 860),
)
# What people wear, carry and ride in the snow, and large animals. Landscapes have a bit of each of them.
PEOPLE = (
    *(294, 295, 296, 297, 345, 388),
    *(444, 450, 491, 523, 568, 612, 652, 671, 735, 787, 792, 795, 796, 822, 830, 870, 879, 880),
)
KINDS = {"landscape": LANDSCAPES, "other": OTHERS, "built": BUILT, "people": PEOPLE}
FOLDS = 5
RIDGE = 0.1  # of the mean variance of the features
NIGHT = 28.0  # mean lightness L*


@dataclass(frozen=True)
class Facts:
    """What is known of one image: shares are of its pixels, own is the ridge's score for its label."""

    white: float
    green: float
    light: float
    landscape: float  # probability of a class of landscapes
    other: float  # probability of print or clothes
    built: float  # probability of cars or houses
    people: float  # probability of what goes with people, or of large animals
    red: float  # share of the whole image: jackets, umbrellas and print, say
    own: float  # positive on its own domain's side, by features of images that were held out


def shares(pixels: np.ndarray) -> dict[str, float]:
    """What the colours of an image tell, uint8 [h, w, 3]; white and green count below the sky only."""
    ground = lab(pixels[len(pixels) // 3 :: 2, ::2])
    lightness, red, yellow = np.moveaxis(ground, -1, 0)
    white = (lightness >= 72) & (np.hypot(red, yellow) <= 12)
    green = (red <= -6) & (yellow >= 5)
    whole = lab(pixels[::2, ::2])
    vivid = (whole[..., 1] > 30) & (whole[..., 1] > 0.8 * whole[..., 2])
    return {
        "white": float(white.mean()),
        "green": float(green.mean()),
        "light": float(whole[::2, ::2, 0].mean()),
        "red": float(vivid.mean()),
    }


def look(net: nn.Module, pixels: np.ndarray, batch: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Pooled features [n, d] and class probabilities [n, 1000], none of the latter for other features."""
    found, classes = [], []
    with torch.no_grad():
        for start in range(0, len(pixels), batch):
            pooled = net.pooled(data.to_float(pixels[start : start + batch]))
            found.append(pooled)
            if hasattr(net, "logits"):
                classes.append(net.logits(pooled).softmax(1))
    return torch.cat(found).numpy(), torch.cat(classes).numpy() if classes else np.zeros((len(pixels), 1000))


def held_out_scores(seen: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A ridge regression's score of every image's own label, fitted without its fold."""
    order = np.random.default_rng(0).permutation(len(seen))
    scores = np.zeros(len(seen))
    for fold in range(FOLDS):
        held = np.zeros(len(seen), bool)
        held[order[fold::FOLDS]] = True
        scores[held] = ridge(seen[~held], labels[~held])(seen[held])
    return scores * labels


def ridge(seen: np.ndarray, labels: np.ndarray, penalty: float = RIDGE) -> Callable[[np.ndarray], np.ndarray]:
    """A linear score of features [n, d] fitted to labels -1 and 1, both domains weighing the same."""
    x = seen.astype(np.float64)
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    x = (x - mean) / deviation
    weight = np.where(labels > 0, 0.5 / (labels > 0).mean(), 0.5 / (labels < 0).mean())
    centre = float((weight * labels).mean())
    matrix = (x * weight[:, None]).T @ x / len(x) + penalty * np.eye(x.shape[1])
    slope = np.linalg.solve(matrix, (x * (weight * (labels - centre))[:, None]).mean(0))
    return lambda other: (other - mean) / deviation @ slope + centre


def gather(a: list[str], b: list[str], net: nn.Module) -> dict[str, tuple[int, Facts]]:
    """path -> (label, facts) of every image."""
    folders = [(label, data.load(folder)) for label, side in ((-1, a), (1, b)) for folder in side]
    looks = [look(net, folder.pixels) for _, folder in folders]
    labels = np.concatenate([np.full(len(folder.paths), label) for label, folder in folders])
    scores = iter(held_out_scores(np.concatenate([seen for seen, _ in looks]), labels))
    found = {}
    for (label, folder), (_, classes) in zip(folders, looks):
        for path, pixels, sure in zip(folder.paths, folder.pixels, classes):
            likely = {name: float(sure[list(kind)].sum()) for name, kind in KINDS.items()}
            found[path] = label, Facts(**shares(pixels), **likely, own=float(next(scores)))
    return found


def reason(label: int, facts: Facts, options: argparse.Namespace) -> str:
    """Why an image is left out, empty if it stays."""
    if facts.light < NIGHT * (0.8 if label < 0 else 1):
        return "dark"
    if facts.other > options.other and facts.other > facts.landscape:
        return "print or people"
    if label > 0 and facts.built > options.built:
        return "cars or houses"
    if label > 0 and facts.people > options.people:
        return "people or animals"
    if label > 0 and facts.red > options.red:
        return "vivid red"
    if label < 0:
        if facts.white > options.white_summer and facts.own < 0.5:
            return "white summer"
        return "not green" if facts.green < options.green and facts.own < options.own else ""
    return "not white" if facts.white < options.white else ""


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train.rank", description=__doc__)
    parser.add_argument("--a", action="append", required=True, help="folder of summers; repeatable")
    parser.add_argument("--b", action="append", required=True, help="folder of winters; repeatable")
    parser.add_argument(
        "--out", type=Path, required=True, help="list for --drop; the facts go beside it as JSON"
    )
    parser.add_argument("--features", default="lite0", help="lite0, lite2 or random")
    parser.add_argument("--white", type=float, default=0.1, help="a winter with less is dropped")
    parser.add_argument("--green", type=float, default=0.12, help="a summer with less may be dropped")
    parser.add_argument("--white-summer", type=float, default=0.15, help="a summer with more may go")
    parser.add_argument("--own", type=float, default=0.4, help="features surer than this keep a summer")
    parser.add_argument(
        "--other", type=float, default=0.15, help="drop at this probability of print or clothes"
    )
    parser.add_argument(
        "--built", type=float, default=0.2, help="drop a winter at this probability of cars or houses"
    )
    parser.add_argument(
        "--people", type=float, default=0.045, help="drop a winter at this probability of people or animals"
    )
    parser.add_argument("--red", type=float, default=0.004, help="a winter with more vivid red is dropped")
    return parser.parse_args(argv)


@telling("train.rank")
def main(argv: list[str]) -> int:
    options = parse(argv)
    found = gather(options.a, options.b, features(options.features))
    reasons = {path: reason(label, facts, options) for path, (label, facts) in found.items()}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("".join(f"{path}\n" for path, why in sorted(reasons.items()) if why))
    facts = {path: {"why": reasons[path], **asdict(entry)} for path, (_, entry) in found.items()}
    options.out.with_suffix(".json").write_text(json.dumps(facts, indent=0))
    for folder in (*options.a, *options.b):
        whys = [why for path, why in reasons.items() if Path(path).parent == Path(folder)]
        counts = {why: whys.count(why) for why in sorted(set(whys)) if why}
        print(f"{folder}: {sum(counts.values())} of {len(whys)} dropped: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
