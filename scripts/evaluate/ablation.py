"""Compare small runs that differ in one setting: `python -m evaluate.ablation --run NAME=RUN ...`.

The networks see images shrunk to the size they were trained at. The judges see the results enlarged.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from evaluate import directions, judges, tables, translators, validation
from measure import gtx, page
from measure.page import table
from train import data, loop
from train.program import telling

COLUMNS = (
    ("flips 0", "judge 1", 2),
    ("flips 1", "judge 2", 2),
    ("kid 0", "KID 1", 0),
    ("kid 1", "KID 2", 0),
    ("own", "own L1", 2),
    ("back psnr", "back, dB", 1),
    ("edges", "edges", 2),
    ("flagged", "flagged", 0),
)


def translator(run: Path) -> translators.Translator:
    """The averaged network of a run, as a translator of bytes."""
    _, trainer, _ = loop.restore(run, torch.device("cpu"))
    net = trainer.network()

    @torch.no_grad()
    def translate(images: np.ndarray, code: float) -> np.ndarray:
        parts = []
        for start in range(0, len(images), 16):
            batch = data.to_float(images[start : start + 16])
            moved = net(batch, torch.full((len(batch),), code))
            parts.append(((moved + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).movedim(1, -1))
        return torch.cat(parts).numpy()

    return translators.by_code(translate)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluate.ablation", description=__doc__)
    validation.add_options(parser)
    parser.add_argument(
        "--run",
        action="append",
        required=True,
        metavar="NAME=RUN",
        help="name in the table and run folder; repeatable",
    )
    parser.add_argument(
        "--halvings", type=int, default=2, help="of the sides of 256 pixels: 2, the default, for runs at 64"
    )
    return parser.parse_args(argv)


@telling("evaluate.ablation")
def main(argv: list[str]) -> int:
    options = parse(argv)
    flag = gtx.flagger(options.gtx)
    jury = [judges.read(run, data.SIDE) for run in options.judge]
    a, b = (domain.only_clear() for domain in validation.read(options, jury, options.halvings))
    methods = {"identity": translators.identity}
    methods.update({name: translator(Path(run)) for name, run in (r.split("=", 1) for r in options.run)})
    rows: dict[int, list[list[str]]] = {0: [], 1: []}
    for name, translate in methods.items():
        ran = [directions.run(translate, d.pixels, t, jury, flag) for d, t in ((b, 0), (a, 1))]
        for label, source, target in ((1, a, b), (0, b, a)):
            found = directions.figures(ran[label], ran[1 - label], source, target, label)
            cells = [tables.number(found[key], digits) for key, _, digits in COLUMNS if key in found]
            rows[label].append([name, *cells])
    names = [title for key, title, _ in COLUMNS if key in found]
    blocks = [
        table([f"{source.name} to {target.name}", *names], rows[label])
        for label, source, target in ((1, a, b), (0, b, a))
    ]
    print("\n\n".join(blocks))
    if options.card:
        page.update(options.card, "ablation", "python -m evaluate.ablation", "\n\n".join(blocks))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
