"""Run gtx and read its answers, so that a measure of gtx is computed by gtx alone."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

BINARY = Path(__file__).parents[2] / "build" / "bin" / "gtx"

# Maps results and their sources, both uint8 [n, h, w, 3], to one flag per image, [n].
Flagger = Callable[[np.ndarray, np.ndarray | None], np.ndarray]


def run(binary: Path, *arguments: str) -> str:
    """Standard output of gtx. A failed run raises CalledProcessError."""
    return subprocess.run([binary, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def check(binary: Path, folder: Path, against: Path | None = None) -> list[dict]:
    """Checkerboard scores of the images in a folder, ordered by path. See `gtx check --help`."""
    paired = [] if against is None else ["--against", str(against)]
    found = run(binary, "check", "-q", "--json", *paired, str(folder))
    return [json.loads(line) for line in found.splitlines()]


def flagger(binary: Path) -> Flagger:
    """Flag the images in which `gtx check --against` finds a checkerboard that the source lacks.

    Without sources it is `gtx check`, with a higher threshold.
    """

    def flag(images: np.ndarray, sources: np.ndarray | None) -> np.ndarray:
        with tempfile.TemporaryDirectory() as work:
            results, originals = Path(work, "results"), Path(work, "sources")
            for folder, pixels in ((results, images), (originals, sources)):
                folder.mkdir()
                for number, x in enumerate([] if pixels is None else pixels):
                    Image.fromarray(x).save(folder / f"{number:05}.png", compress_level=1)
            scores = check(binary, results, None if sources is None else originals)
        if len(scores) != len(images):
            raise ValueError(f"gtx check scored {len(scores)} of {len(images)} images")
        return np.array([score["flagged"] for score in scores])

    return flag
