"""Let gtx score the labelled samples, and count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from checkerboard.samples import Sample
from measure import gtx

LEVELS = ("a2", "a4", "a8")
ENCODINGS = ("png", "95", "90")  # as translated, and as JPEG of two qualities


@dataclass(frozen=True)
class Score:
    """The answer of gtx for one sample in one encoding."""

    kind: str
    marked: bool
    tuned: bool  # in the half of the samples that thresholds may be chosen on
    alone: tuple[float, ...]  # amplitudes
    source: tuple[float, ...]
    flagged: bool  # by itself
    paired: bool  # compared with its source

    def strength(self, ratio: float | None) -> float:
        """The largest amplitude. Any threshold below it flags the sample.

        With a ratio, amplitudes count only if they exceed this many times the source's.
        """
        if ratio is None:
            return max(self.alone)
        return max(a if a > ratio * b else 0.0 for a, b in zip(self.alone, self.source))


def write(samples: Iterable[Sample], folder: Path) -> list[Sample]:
    """Write each sample in each encoding, and its source, under its number."""
    written = []
    for name in (*ENCODINGS, "source"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples):
        image = Image.fromarray(sample.pixels)
        image.save(folder / "png" / f"{number:05}.png", compress_level=1)
        for quality in ENCODINGS[1:]:
            image.save(folder / quality / f"{number:05}.jpg", quality=int(quality))
        Image.fromarray(sample.source).save(folder / "source" / f"{number:05}.png", compress_level=1)
        written.append(sample)
    return written


def score(binary: Path, samples: Sequence[Sample], folder: Path, encoding: str) -> list[Score]:
    """Run gtx check twice over a folder that `write` filled: alone, and against the sources."""
    alone = gtx.check(binary, folder / encoding)
    paired = gtx.check(binary, folder / encoding, folder / "source")
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
