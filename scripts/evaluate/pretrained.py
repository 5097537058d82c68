"""Judge translations by pretrained features and by colours: `python -m evaluate.pretrained --help`.

The features had no part in training, unlike judges trained on the same images. A ridge regression on
them, fitted to the training folders, says which season an image shows. The kernel distance (KID, here
on these features, so not comparable with others) says how far a set is from real images. Every image
goes through the same JPEG first, for the features see compression. The colour measures are at the
image's own size.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from torch import nn

from evaluate import metrics, sets, tables, translators
from measure import page
from train import data
from train.colourspace import lab
from train.networks.efficientnet import features
from train.program import telling
from train.rank import look, ridge

QUALITY = 90
PENALTIES = (0.3, 10.0)  # of the two probes, in mean variances of the features
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
FINE = 5  # side in pixels of the box whose mean is subtracted to get fine contrast
SPLITS = 20  # random halves for the noise of the kernel distance
Row = dict[str, float]


def recompress(pictures: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w, 3] through JPEG at one quality."""
    results = []
    for pixels in pictures:
        held = io.BytesIO()
        Image.fromarray(pixels).save(held, "JPEG", quality=QUALITY)
        results.append(np.asarray(Image.open(held).convert("RGB")))
    return np.stack(results)


class Eyes:
    """A feature network that sees images after JPEG, and remembers folders between runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.net: nn.Module = features(name)

    def see(self, pictures: np.ndarray) -> np.ndarray:
        return look(self.net, recompress(pictures))[0]

    def folder(self, path: str) -> np.ndarray:
        loaded = data.load(path)
        key = hashlib.sha256(f"{self.name} {QUALITY}".encode())
        key.update(loaded.pixels)
        return data.remembered(f"{key.hexdigest()[:24]}-seen.npy", lambda: self.see(loaded.pixels))


def noise(seen: np.ndarray) -> float:
    """The mean size of the kernel distance between random halves of one set."""
    rng, found = np.random.default_rng(0), []
    for _ in range(SPLITS):
        order = rng.permutation(len(seen))
        found.append(abs(sets.kid(seen[order[::2]], seen[order[1::2]])))
    return float(np.mean(found))


def box(grey: np.ndarray) -> np.ndarray:
    """The mean over FINE x FINE pixels, edges repeated."""
    reach = FINE // 2
    padded = np.pad(grey, reach, mode="edge")
    h, w = grey.shape
    return sum(padded[i : i + h, j : j + w] for i in range(FINE) for j in range(FINE)) / FINE**2


def fine(lightness: np.ndarray) -> np.ndarray:
    """Squared difference of lightness from its surroundings'."""
    return (lightness - box(lightness)) ** 2


def ground(pictures: np.ndarray, results: np.ndarray) -> Row:
    """Of green ground: the share that is white afterwards, and its fine contrast after over before.

    Green ground: a* <= -8 and b* >= 5 in the lower 80 %. White: L* >= 72 and chroma <= 12.
    """
    total = white = before = after = 0.0
    for picture, result in zip(pictures, results):
        x, y = lab(picture), lab(result)
        green = (x[..., 1] <= -8) & (x[..., 2] >= 5)
        green[: len(green) // 5] = False
        total += green.sum()
        white += (green & (y[..., 0] >= 72) & (np.hypot(y[..., 1], y[..., 2]) <= 12)).sum()
        before += fine(x[..., 0])[green].sum()
        after += fine(y[..., 0])[green].sum()
    if not total:
        return {"white": float("nan"), "fine": float("nan")}
    return {"white": float(white / total), "fine": float(np.sqrt(after / before))}


def sky(pictures: np.ndarray, results: np.ndarray) -> float:
    """Mean colour difference (CIE 1976) where the upper third is light, blue or grey, and smooth."""
    changes = []
    for picture, result in zip(pictures, results):
        third = len(picture) // 3
        x, y = lab(picture[:third]), lab(result[:third])
        smooth = box(fine(x[..., 0])) < 1
        mask = smooth & (x[..., 0] >= 50) & (x[..., 2] <= 2)
        if mask.mean() > 0.1:
            changes.append(np.linalg.norm(x - y, axis=-1)[mask].mean())
    return float(np.mean(changes)) if changes else float("nan")


class Judging:
    """The two validation folders, the probes and the real sets that translations are compared with."""

    def __init__(self, eyes: Eyes, a: str, b: str, train_a: list[str], train_b: list[str], snow: str) -> None:
        self.eyes = eyes
        self.pictures = [data.load(a).pixels, data.load(b).pixels]
        self.real = [eyes.folder(a), eyes.folder(b)]
        summers = np.concatenate([eyes.folder(f) for f in train_a])
        self.snow = eyes.folder(snow) if snow else None
        winters = np.concatenate([eyes.folder(f) for f in train_b])
        labels = np.concatenate([-np.ones(len(summers)), np.ones(len(winters))])
        both = np.concatenate([summers, winters])
        self.probes = [ridge(both, labels, penalty) for penalty in PENALTIES]

    def facts(self) -> Row:
        """What bounds the figures: accuracies of the probes on real images, noise of the distances."""
        found: Row = {}
        for i, probe in enumerate(self.probes, 1):
            for name, seen, label in zip("ab", self.real, (0, 1)):
                found[f"probe {i} on real {name}"] = metrics.accuracy(probe(seen), label)
        for name, seen in zip("ab", self.real):
            found[f"kid noise {name}"] = 1e3 * noise(seen)
        return found

    def row(self, translate: translators.Translator) -> tuple[Row, list[np.ndarray]]:
        """A translator's figures, and what it makes of both folders at full strength."""
        row: Row = {}
        results = []
        for target in (1, 0):
            name, source = "ab"[target], self.pictures[1 - target]
            scores = []
            for strength in STRENGTHS:
                full = translate(source, target, strength)
                seen = self.eyes.see(full)
                scores.append([probe(seen) for probe in self.probes])
            results.append(full)
            for i in range(1, len(self.probes) + 1):
                row[f"in {name}, probe {i}"] = metrics.accuracy(scores[-1][i - 1], target)
            row[f"kid to {name}"] = 1e3 * sets.kid(seen, self.real[target])
            if target and self.snow is not None:
                row["kid to snow"] = 1e3 * sets.kid(seen, self.snow)
            if target:
                row.update({f"{key} on green": value for key, value in ground(source, full).items()})
            row[f"sky to {name}"] = sky(source, full)
            start = self.probes[0](self.real[1 - target])
            path = np.stack([start, *(s[0] for s in scores)])
            row[f"spearman to {name}"] = metrics.response(path, target, 1)[0]
            moved = metrics.distances(full, source).mean()
            own = metrics.distances(translate(source, 1 - target, 1.0), source).mean()
            row[f"moved to {name}"] = float(moved)
            row[f"own {'ab'[1 - target]}"] = float(own)
        return row, results


def bounds(facts: Row) -> str:
    return page.table(["real images", ""], [[key, tables.number(value, 2)] for key, value in facts.items()])


def table(rows: dict[str, Row]) -> str:
    """Figures down, methods across."""
    names = list(next(iter(rows.values())))
    cells = [[key, *(tables.number(rows[m][key], 1 if "kid" in key else 2) for m in rows)] for key in names]
    return page.table(["", *rows], cells)


def sheet(pictures: np.ndarray, methods: list[np.ndarray], count: int) -> np.ndarray:
    """Rows of a source and what each method made of it, spread over the folder; two rows side by side."""
    chosen = np.linspace(0, len(pictures) - 1, count).astype(int)
    rows = [np.concatenate([pictures[i], *(m[i] for m in methods)], axis=1) for i in chosen]
    half = len(rows) // 2
    return np.concatenate([np.concatenate(rows[:half]), np.concatenate(rows[half : 2 * half])], axis=1)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluate.pretrained", description=__doc__)
    parser.add_argument("--a", required=True, help="validation folder of domain a")
    parser.add_argument("--b", required=True, help="validation folder of domain b")
    parser.add_argument("--train-a", action="append", required=True, help="for the probes; repeatable")
    parser.add_argument("--train-b", action="append", required=True, help="for the probes; repeatable")
    parser.add_argument("--snow", default="", help="a further real set of domain b to compare with")
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME=FILE", help="exported, composed"
    )
    parser.add_argument("--features", default="lite2", help="lite0, lite2 or random")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--card", type=Path, help="model card to write the figures into")
    parser.add_argument("--sheet", type=Path, help="where to draw sources and results, not for publication")
    return parser.parse_args(argv)


@telling("evaluate.pretrained")
def main(argv: list[str]) -> int:
    options = parse(argv)
    judging = Judging(
        Eyes(options.features), options.a, options.b, options.train_a, options.train_b, options.snow
    )
    methods: dict[str, translators.Translator] = {"untouched": translators.identity}
    methods["per-image transfer"] = translators.image_transfer(judging.pictures)
    for name, path in (given.split("=", 1) for given in options.model):
        methods[name] = exported(Path(path))
    facts = judging.facts()
    rows, made = {}, {}
    for name, translate in methods.items():
        rows[name], made[name] = judging.row(translate)
        print(f"{name} done", file=sys.stderr)
    block = "\n\n".join([bounds(facts), table(rows)])
    print(block)
    if options.card:
        page.update(options.card, "pretrained", "python -m evaluate.pretrained", block)
    if options.json:
        options.json.write_text(json.dumps({"facts": facts, "rows": rows}, indent=1) + "\n")
    if options.sheet:
        shown = [made[name] for name in methods if name not in ("untouched", "per-image transfer")]
        sheets = [sheet(judging.pictures[i], [m[i] for m in shown], 16) for i in (0, 1)]
        Image.fromarray(np.concatenate(sheets)).save(options.sheet)
    return 0


def exported(path: Path) -> translators.Translator:
    from evaluate import sessions  # needs ONNX Runtime, which the other measures do not

    session = sessions.open_model(path)
    if len(session.get_outputs()) > 1:
        raise SystemExit(f"{path} gives layers: export it with --composed")
    return translators.by_code(lambda pictures, code: sessions.translate(session, pictures, code))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
