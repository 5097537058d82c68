"""Measure gtx on a labelled set of pictures, and keep docs/checkerboard.md true.

    cd scripts && python -m checkerboard PHOTOS --train PHOTOS --gtx ../build/bin/gtx --out WORK

PHOTOS are folders of photographs: some hundred to be scored, and others to train small generators on,
which takes some minutes on one processor, once. --picture is the photograph that the page shows.
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

from checkerboard import generators, measure, page, pictures
from checkerboard.pictures import Sample

SEEDS = (1, 2)
STEPS = 300
OF_EACH = 60  # photographs that each generator translates


def trained(folder: Path, photos: Path) -> list[Path]:
    """Generators of each kind, trained unless they lie there already."""
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


def kind_of(network: Path) -> str:
    return network.stem.rsplit("-", 1)[0]


def translate(gtx: Path, network: Path, sources: Path, out: Path, *options: str) -> None:
    fixed = "-q --to cooler --size model --format png --existing redo --device cpu".split()
    paths = ["--model", str(network), "-o", str(out), str(sources)]
    measure.run(gtx, "translate", *fixed, *options, *paths)


def of_generators(
    gtx: Path, networks: list[Path], photos: list[pictures.Picture], work: Path, rng: np.random.Generator
) -> Iterator[Sample]:
    for network in networks:
        sources, out = work / "in" / network.stem, work / "out" / network.stem
        sources.mkdir(parents=True, exist_ok=True)
        chosen = [int(i) for i in rng.permutation(len(photos))[:OF_EACH]]
        for i in chosen:
            Image.fromarray(photos[i]).save(sources / f"{i:05}.png", compress_level=1)
        translate(gtx, network, sources, out, "--checkerboard", "off")
        kind = kind_of(network)
        for i in chosen:
            picture = np.asarray(Image.open(out / f"{i:05}.png").convert("RGB"))
            yield Sample(f"{network.stem} {i}", kind, kind in generators.MARKING, picture, photos[i])


def repairs(gtx: Path, networks: list[Path], work: Path) -> list[dict]:
    """What becomes of each marking generator by each method, on the photographs it has translated."""
    rows = []
    for network in networks:
        if kind_of(network) not in generators.MARKING:
            continue
        sources, before = work / "in" / network.stem, work / "out" / network.stem
        for method in ("phases", "hold", "notch"):
            fixed, out = (
                work / "fixed" / f"{network.stem}-{method}.onnx",
                work / "after" / f"{network.stem}-{method}",
            )
            measure.run(
                gtx, "models", "repair", "-q", "--force", "--method", method, str(network), str(fixed)
            )
            translate(gtx, fixed, sources, out, "--checkerboard", "off")
            flat = json.loads(measure.run(gtx, "models", "lint", "--json", str(fixed)))["flat"]
            rows.append(
                {
                    "network": network,
                    "method": method,
                    "flat": max(flat.values()),
                    **of_folder(gtx, out, sources, before),
                }
            )
        out = work / "after" / f"{network.stem}-picture"
        translate(gtx, network, sources, out, "--checkerboard", "repair")
        rows.append(
            {"network": network, "method": "picture", "flat": None, **of_folder(gtx, out, sources, before)}
        )
    return rows


def of_folder(gtx: Path, out: Path, sources: Path, before: Path) -> dict:
    """The share that is flagged, the mean amplitude before and after, and the distance to what it was."""

    def scores(folder: Path) -> list[dict]:
        found = measure.run(gtx, "check", "-q", "--json", "--against", str(sources), str(folder))
        return [json.loads(line) for line in found.splitlines()]

    was, now = scores(before), scores(out)
    amplitude = [
        float(np.mean([max(s[level] for level in measure.LEVELS) for s in found])) for found in (was, now)
    ]
    flagged = measure.rate(s["flagged"] for s in now)
    return {"was": amplitude[0], "now": amplitude[1], "flagged": flagged, "psnr": measure.psnr(before, out)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="checkerboard", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="photographs to be scored")
    parser.add_argument("--train", type=Path, required=True, help="photographs to train the generators on")
    parser.add_argument("--gtx", type=Path, default=Path("../build/bin/gtx"))
    parser.add_argument("--out", type=Path, required=True, help="folder for what is made, to be thrown away")
    parser.add_argument("--docs", type=Path, default=Path("../docs"), help="where checkerboard.md lies")
    parser.add_argument(
        "--picture", type=Path, help="a free photograph for the page; default: none is made anew"
    )
    given = parser.parse_args(arguments)
    gtx, work = given.gtx.resolve(), given.out
    rng = np.random.default_rng(1)
    photos = pictures.photographs(given.photos)
    networks = trained(work / "networks", given.train)
    for name in ("set", "in", "out", "after"):
        shutil.rmtree(work / name, ignore_errors=True)
    made = of_generators(gtx, networks, photos, work, rng)
    every = itertools.chain(pictures.clean(photos, rng), pictures.synthetic(photos, rng), made)
    samples = measure.write(every, work / "set")
    scores = {e: measure.score(gtx, samples, work / "set", e) for e in measure.ENCODINGS}
    page.dump(work / "scores.json", scores)
    page.update(given.docs, scores, repairs(gtx, networks, work))
    if given.picture:
        page.picture(given.docs, gtx, given.picture, networks, work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
