"""The evaluation's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from evaluate import card, metrics, sessions
from train import data, loop

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
CODES = (-1.0, 1.0)

Scorer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Domain:
    """The validation pictures of one domain and which of them have a season one can see."""

    name: str
    pixels: np.ndarray
    clear: np.ndarray


def read_domain(folder: Path, unclear: frozenset[str]) -> Domain:
    loaded = data.load(str(folder))
    names = [f"{folder.name}/{Path(p).name}" for p in loaded.paths]
    return Domain(folder.name, loaded.pixels, np.array([name not in unclear for name in names]))


def judge_of(run: Path) -> Scorer:
    """The judge lives in a run folder: it is used here only and never exported."""
    _, trainer, _ = loop.restore(run, torch.device("cpu"))
    net = trainer.network().eval()

    def score(pictures: np.ndarray) -> np.ndarray:
        parts = []
        with torch.no_grad():
            for start in range(0, len(pictures), 16):
                logits = net(data.to_float(pictures[start : start + 16]))
                parts.append(logits[:, 1] - logits[:, 0])
        return torch.cat(parts).numpy()

    return score


def accuracies(what: str, score: Scorer, domains: list[Domain]) -> card.Rows:
    rows, right, clear_right = [], [], []
    for label, domain in enumerate(domains):
        hits = (score(domain.pixels) > 0) == bool(label)
        right.append(hits)
        clear_right.append(hits[domain.clear])
    for title, hits in (("as labelled", right), ("season visible", clear_right)):
        parts = [f"{d.name} {100 * h.mean():.1f} % of {len(h)}" for d, h in zip(domains, hits)]
        total = np.concatenate(hits)
        rows.append((f"{what}, {title}", f"{', '.join(parts)}, all {100 * total.mean():.1f} %"))
    return rows


def translation(generator: object, judge: Scorer, domains: list[Domain]) -> card.Rows:
    """Figures of both directions, on the pictures whose season can be seen."""
    rows: card.Rows = []
    pixels = [domain.pixels[domain.clear] for domain in domains]
    for source, target in ((0, 1), (1, 0)):
        name = f"{domains[source].name} to {domains[target].name}"
        x, code = pixels[source], CODES[target]
        by_strength = [sessions.translate(generator, x, s * code) for s in STRENGTHS]
        scores = np.stack([judge(pictures) for pictures in by_strength])
        there = by_strength[-1]
        back = sessions.translate(generator, there, -code)
        own = sessions.translate(generator, x, -code)
        before = judge(x)
        colour = judge(metrics.transfer_colour(x, pixels[target]))
        moved, kept = metrics.distance(there, x), metrics.distance(own, x)
        flips = metrics.flip_rate(before, scores[-1], target)
        plain = metrics.flip_rate(before, colour, target)
        towards = 1 if target else -1
        shift = towards * (scores[-1] - before).mean()
        colour_shift = towards * (colour - before).mean()
        means = ", ".join(f"{m:+.2f}" for m in scores.mean(axis=1))
        rows += [
            (f"{name}: flip rate by the judge", f"{flips:.2f} (colour transfer {plain:.2f})"),
            (f"{name}: judge's logit moved by", f"{shift:.2f} (colour transfer {colour_shift:.2f})"),
            (f"{name}: mean logit at strength 0, ¼, ½, ¾, 1", means),
            (f"{name}: steps of strength in the right direction", f"{metrics.monotone(scores, target):.2f}"),
            (f"{name}: change in levels, translated", f"{moved:.1f}"),
            (f"{name}: change in levels, own domain", f"{kept:.1f} (ratio {kept / moved:.2f})"),
            (f"{name}: own domain PSNR", f"{metrics.psnr(own, x):.1f} dB"),
            (f"{name}: there and back PSNR", f"{metrics.psnr(back, x):.1f} dB"),
            (f"{name}: strength 0 PSNR", f"{metrics.psnr(by_strength[0], x):.1f} dB"),
        ]
    return rows


def write_sheet(generator: object, domain: Domain, path: Path, first: int, count: int) -> None:
    """Rows: pictures; columns: the input, then codes -1, -0.5, 0, 0.5, 1. For the eye, not the repository."""
    x = domain.pixels[domain.clear][first : first + count]
    columns = [x, *(sessions.translate(generator, x, c) for c in (-1, -0.5, 0, 0.5, 1))]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([np.concatenate(row, axis=1) for row in zip(*columns)])).save(path)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluate", description=__doc__)
    parser.add_argument("--generator", type=Path, required=True, help="exported generator")
    parser.add_argument("--classifier", type=Path, required=True, help="exported classifier")
    parser.add_argument("--judge", type=Path, required=True, help="run folder of --method judge")
    parser.add_argument("--a", type=Path, required=True, help="validation folder of domain a")
    parser.add_argument("--b", type=Path, required=True, help="validation folder of domain b")
    parser.add_argument("--unclear", type=Path, default=Path(__file__).with_name("unclear.txt"))
    parser.add_argument("--card", type=Path, help="model card to put the figures into")
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    unclear = frozenset(options.unclear.read_text().splitlines())
    domains = [read_domain(folder, unclear) for folder in (options.a, options.b)]
    generator = sessions.open_model(options.generator)
    classifier = sessions.open_model(options.classifier)
    judge = judge_of(options.judge)
    rows = accuracies("classifier", lambda x: sessions.classify(classifier, x), domains)
    rows += accuracies("judge", judge, domains)
    rows += translation(generator, judge, domains)
    for name, path, session in (
        ("generator", options.generator, generator),
        ("classifier", options.classifier, classifier),
    ):
        time = sessions.milliseconds(session)
        rows.append((f"{name}: time at 256x256, one thread", f"{time:.1f} ms, {1000 / time:.0f} a second"))
        rows.append((f"{name}: file size", f"{path.stat().st_size / 1e6:.2f} MB"))
    print(card.table(rows))
    if options.card:
        card.update(options.card, rows)
    if options.sheets:
        for domain in domains:
            for first in range(0, int(domain.clear.sum()), 8):
                path = options.sheets / f"{domain.name}-{first // 8}.png"
                write_sheet(generator, domain, path, first, 8)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
