"""Compare an exported generator with baselines, and measure a classifier."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from evaluate import directions, judges, metrics, sessions, tables, translators, validation
from evaluate.directions import Domain
from evaluate.judges import Judge
from measure import gtx, page
from measure.page import table
from train.program import telling

# By target domain: the kernel distance to reach, as a share of the identity's.
KID_SHARE = (0.50, 0.27)


def accuracies(what: str, scores: list[np.ndarray], domains: list[Domain]) -> list[list[str]]:
    """Rows with the accuracy on real images: all, those whose season can be seen, and the rest."""
    right = [metrics.towards(s, label) > 0 for label, s in enumerate(scores)]
    rows = []
    for title, hits in (
        ("as labelled", right),
        ("season visible", [h[d.clear] for h, d in zip(right, domains)]),
        ("season not visible or not the label's", [h[~d.clear] for h, d in zip(right, domains)]),
    ):
        cells = [f"{100 * h.mean():.1f} % of {len(h)}" for h in (*hits, np.concatenate(hits))]
        rows.append([f"{what}, {title}", *cells])
    return rows


def compare(
    methods: dict[str, translators.Translator], domains: list[Domain], jury: list[Judge], flag: gtx.Flagger
) -> str:
    """The tables for both directions. flag finds checkerboards."""
    a, b = domains
    ran = {}
    for name, translate in methods.items():
        ran[name] = [directions.run(translate, d.pixels, t, jury, flag) for d, t in ((b, 0), (a, 1))]
        print(f"evaluate: {name} done", file=sys.stderr)
    blocks = []
    for label, source, target in ((1, a, b), (0, b, a)):
        whole, clear = {}, {}
        for name, by_target in ran.items():
            there, back = by_target[label], by_target[1 - label]
            whole[name] = directions.figures(there, back, source, target, label)
            parts = there.part(source.clear), back.part(target.clear)
            clear[name] = directions.figures(*parts, source.only_clear(), target.only_clear(), label)
        title = f"{source.name} to {target.name}"
        blocks.append(tables.direction(title, whole, clear, len(jury), KID_SHARE[label]))
    return "\n\n".join(blocks)


def write_sheet(run: translators.Translator, domain: Domain, path: Path, first: int, count: int) -> None:
    """Draw a contact sheet. A row shows one image: the input, then codes -1, -0.5, 0, 0.5 and 1."""
    x = domain.pixels[domain.clear][first : first + count]
    settings = ((0, 1.0), (0, 0.5), (0, 0.0), (1, 0.5), (1, 1.0))
    columns = [x, *(run(x, target, strength) for target, strength in settings)]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([np.concatenate(row, axis=1) for row in zip(*columns)])).save(path)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluate", description=__doc__)
    parser.add_argument("--generator", type=Path, required=True, help="the exported generator (.onnx)")
    parser.add_argument("--classifier", type=Path, required=True, help="the exported classifier (.onnx)")
    validation.add_options(parser)
    parser.add_argument("--sheets", type=Path, help="folder to draw contact sheets into")
    parser.add_argument("--only-sheets", action="store_true", help="draw the contact sheets and stop")
    return parser.parse_args(argv)


@telling("evaluate")
def main(argv: list[str]) -> int:
    options = parse(argv)
    jury = [judges.read(run) for run in options.judge]
    domains = validation.read(options, jury)
    generator = sessions.open_model(options.generator)
    translate = translators.by_code(lambda x, code: sessions.translate(generator, x, code))
    if options.sheets:
        for domain in domains:
            for first in range(0, int(domain.clear.sum()), 8):
                path = options.sheets / f"{domain.name}-{first // 8}.png"
                write_sheet(translate, domain, path, first, 8)
    if options.only_sheets:
        return 0
    rows = []
    for i in range(len(jury)):
        rows += accuracies(f"judge {i + 1}", [d.seen[i][0] for d in domains], domains)
    real = table(["accuracy on real images", *(d.name for d in domains), "all"], rows)
    classifier = sessions.open_model(options.classifier)
    rows = []
    for path, session in ((options.generator, generator), (options.classifier, classifier)):
        time = f"{sessions.milliseconds(session):.1f} ms"
        rows.append([path.stem, time, f"{path.stat().st_size / 1e6:.2f} MB"])
    cost = table(["model", "256×256, one thread", "file"], rows)
    pixels = [d.pixels for d in domains]
    methods: dict[str, translators.Translator] = {
        "gtx": translate,
        "identity": translators.identity,
        "global transfer": translators.global_transfer(pixels),
        "per-image transfer": translators.image_transfer(pixels),
    }
    block = "\n\n".join([real, compare(methods, domains, jury, gtx.flagger(options.gtx)), cost])
    print(block)
    if options.card:
        page.update(options.card, "figures", "python -m evaluate", block)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
