"""Let gtx itself score the labelled pictures, and count."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from checkerboard.pictures import Sample

LEVELS = ("a2", "a4", "a8")
ENCODINGS = ("png", "95", "90")  # before encoding, and JPEG of two qualities


@dataclass(frozen=True)
class Score:
    """What gtx says of one picture in one encoding."""

    kind: str
    marked: bool
    tuned: bool  # of the half that thresholds may be chosen on
    alone: tuple[float, ...]  # amplitudes
    source: tuple[float, ...]
    flagged: bool  # by itself
    paired: bool  # beside its source

    def strength(self, ratio: float | None) -> float:
        """The level above which gtx flags it; with a ratio, beside its source."""
        if ratio is None:
            return max(self.alone)
        return max(a if a > ratio * b else 0.0 for a, b in zip(self.alone, self.source))


def run(gtx: Path, *arguments: str) -> str:
    return subprocess.run([gtx, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def write(samples: Iterable[Sample], folder: Path) -> list[Sample]:
    """Write each picture in each encoding, and its source, under a number."""
    written = []
    for name in (*ENCODINGS, "source"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples):
        picture = Image.fromarray(sample.picture)
        picture.save(folder / "png" / f"{number:05}.png", compress_level=1)
        for quality in ENCODINGS[1:]:
            picture.save(folder / quality / f"{number:05}.jpg", quality=int(quality))
        Image.fromarray(sample.source).save(folder / "source" / f"{number:05}.png", compress_level=1)
        written.append(sample)
    return written


def score(gtx: Path, samples: Sequence[Sample], folder: Path, encoding: str) -> list[Score]:
    """Two runs of gtx check over a folder: alone, and beside the sources."""

    def lines(*arguments: str) -> list[dict]:
        out = run(gtx, "check", "-q", "--json", *arguments, str(folder / encoding))
        return [json.loads(line) for line in out.splitlines()]

    alone, paired = lines(), lines("--against", str(folder / "source"))
    assert len(alone) == len(paired) == len(samples)
    return [
        Score(
            sample.kind,
            sample.marked,
            number % 2 == 0,
            tuple(one[level] for level in LEVELS),
            tuple(two["source"][level] for level in LEVELS),
            one["flagged"],
            two["flagged"],
        )
        for number, (sample, one, two) in enumerate(zip(samples, alone, paired))
    ]


def rate(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values) if values else 0.0


def psnr(one: Path, two: Path) -> float:
    """Of two folders of pictures of the same names, all together, in dB."""
    import numpy as np

    total, count = 0.0, 0
    for path in sorted(one.iterdir()):
        a, b = (np.asarray(Image.open(p).convert("RGB"), dtype=float) for p in (path, two / path.name))
        total, count = total + ((a - b) ** 2).sum(), count + a.size
    return float(10 * np.log10(255**2 * count / max(total, 1e-9)))
