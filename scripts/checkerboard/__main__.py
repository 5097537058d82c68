"""Measure gtx on labelled images and update docs/checkerboard.md.

    cd scripts && python -m checkerboard PHOTOS --train OTHER --out WORK --picture PHOTO

PHOTOS is a folder of some hundred photographs to score. OTHER is a folder of photographs to train
small generators on. That takes a few minutes on one processor; WORK keeps the generators for the
next run. PHOTO is the photograph that the page shows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from checkerboard import generators, page, samples, scores
from checkerboard.samples import SIDE, Sample
from measure import gtx
from measure.images import psnr, squares

SEEDS = (1, 2)
STEPS = 300
OF_EACH = 60  # photographs that each generator translates


def trained(folder: Path, photos: Path) -> list[Path]:
    """Two generators of each kind, trained unless the folder has them already."""
    folder.mkdir(parents=True, exist_ok=True)
    data = None
    paths = []
    for kind in generators.KINDS:
        for seed in SEEDS:
            path = folder / f"{kind}-{seed}.onnx"
            if not path.exists():
                data = generators.load(photos) if data is None else data
                generators.export(generators.train(kind, data, STEPS, seed), kind, seed, path)
            paths.append(path)
    return paths


def translate(binary: Path, network: Path, sources: Path, out: Path, mode: str) -> None:
    """Translate a folder. mode is the value of --checkerboard."""
    fixed = "-q --to cooler --size model --format png --existing redo --device cpu".split()
    paths = ["--model", str(network), "-o", str(out), str(sources)]
    gtx.run(binary, "translate", *fixed, "--checkerboard", mode, *paths)


def translated(
    binary: Path, networks: list[Path], photos: list[samples.Pixels], work: Path, rng: np.random.Generator
) -> Iterator[Sample]:
    """Samples made by the generators. Their files stay in WORK/in and WORK/out for `repairs`."""
    for network in networks:
        sources, out = work / "in" / network.stem, work / "out" / network.stem
        sources.mkdir(parents=True, exist_ok=True)
        chosen = [int(i) for i in rng.permutation(len(photos))[:OF_EACH]]
        for i in chosen:
            Image.fromarray(photos[i]).save(sources / f"{i:05}.png", compress_level=1)
        translate(binary, network, sources, out, "off")
        kind = generators.kind_of(network)
        for i in chosen:
            pixels = np.asarray(Image.open(out / f"{i:05}.png").convert("RGB"))
            yield Sample(f"{network.stem} {i}", kind, kind in generators.MARKING, pixels, photos[i])


def repairs(binary: Path, networks: list[Path], work: Path) -> list[page.Repair]:
    """The effect of each repair on each marking generator, on the photographs it translated."""
    rows = []
    for network in networks:
        if generators.kind_of(network) not in generators.MARKING:
            continue
        sources, before = work / "in" / network.stem, work / "out" / network.stem
        for method in ("phases", "hold", "notch"):
            name = f"{network.stem}-{method}"
            fixed, out = work / "fixed" / f"{name}.onnx", work / "after" / name
            options = ("-q", "--force", "--method", method)
            gtx.run(binary, "models", "repair", *options, str(network), str(fixed))
            translate(binary, fixed, sources, out, "off")
            flat = json.loads(gtx.run(binary, "models", "lint", "--json", str(fixed)))["flat"]
            rows.append(repair(binary, network, method, out, sources, before, max(flat.values())))
        out = work / "after" / f"{network.stem}-picture"
        translate(binary, network, sources, out, "repair")
        rows.append(repair(binary, network, "picture", out, sources, before, None))
    return rows


def repair(
    binary: Path, network: Path, method: str, out: Path, sources: Path, before: Path, flat: float | None
) -> page.Repair:
    """Compare the repaired translations in `out` with the unrepaired ones in `before`."""
    was, now = (gtx.check(binary, folder, sources) for folder in (before, out))
    amplitudes = [
        float(np.mean([max(s[level] for level in scores.LEVELS) for s in found])) for found in (was, now)
    ]
    names = sorted(path.name for path in before.iterdir())
    repaired, unrepaired = (
        np.stack([np.asarray(Image.open(folder / name).convert("RGB")) for name in names])
        for folder in (out, before)
    )
    flagged = scores.rate(s["flagged"] for s in now)
    kind = generators.kind_of(network)
    return page.Repair(kind, method, *amplitudes, flagged, flat, psnr(repaired, unrepaired))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m checkerboard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photos", type=Path, help="folder of photographs to score")
    parser.add_argument("--train", type=Path, required=True, help="folder of photographs to train on")
    parser.add_argument("--gtx", type=Path, default=gtx.BINARY, help="the gtx to measure")
    parser.add_argument("--out", type=Path, required=True, help="folder for temporary results")
    docs = Path(__file__).parents[2] / "docs"
    parser.add_argument("--docs", type=Path, default=docs, help="folder of checkerboard.md")
    parser.add_argument("--picture", type=Path, help="a free photograph: draw the picture of the page again")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    binary, work = options.gtx.resolve(), options.out
    rng = np.random.default_rng(1)
    photos = squares(options.photos, SIDE)
    networks = trained(work / "networks", options.train)
    for name in ("set", "in", "out", "after"):
        shutil.rmtree(work / name, ignore_errors=True)
    made = translated(binary, networks, photos, work, rng)
    every = itertools.chain(samples.clean(photos, rng), samples.synthetic(photos, rng), made)
    written = scores.write(every, work / "set")
    found = {e: scores.score(binary, written, work / "set", e) for e in scores.ENCODINGS}
    page.dump(work / "scores.json", found)
    page.update(options.docs, found, repairs(binary, networks, work))
    if options.picture:
        page.draw(options.docs, binary, options.picture, networks, work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
