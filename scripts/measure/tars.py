"""Measures tars beside folders: python -m measure.tars [--gtx GTX] [--count N] [--rounds N].

N samples, each a picture of 256x256 and a text, are translated from folder to folder, from tar to tar and
from the folder into tars, in turn. The network returns its input, so that gtx's own cost shows. Files lie in
memory if TMPDIR does. Medians of wall time, processor time and peak memory are printed. A tar and a folder
of ten times as many samples are translated once, for their memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from measure.gtx import BINARY
from measure.shards import pictures

MODEL = Path(__file__).parents[2] / "testdata" / "models" / "identity.onnx"
LONGER = 10


def run(command: list[str], work: Path) -> tuple[float, float, float]:
    """Wall time and processor time in seconds, peak memory in MB, into an empty folder out."""
    shutil.rmtree(work / "out", ignore_errors=True)
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=work, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: status {status}")
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def samples(work: Path, count: int) -> None:
    """The folder photos and the tar photos.tar."""
    shutil.rmtree(work / "photos", ignore_errors=True)
    pictures(work / "photos", count, 256)
    for path in sorted((work / "photos").rglob("*.jpg")):
        path.with_suffix(".txt").write_text(path.stem + "\n")
    subprocess.run(["tar", "--sort=name", "-cf", "photos.tar", "photos"], cwd=work, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gtx", default=str(BINARY))
    parser.add_argument("--count", type=int, default=2000, help="samples")
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    translate = [args.gtx, "translate", "-q", "--model", str(MODEL), "--to", "winter", "-o", "out"]
    ways = {
        "folder to folder": ["photos"],
        "tar to tar": ["--tar", "photos.tar"],
        "folder to tars": ["--shards", "out-%05d.tar", "photos"],
    }
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        samples(work, args.count)
        found = {name: [] for name in ways}
        for round in range(args.rounds):
            for name in ways if round % 2 == 0 else reversed(ways):
                found[name].append(run([*translate, *ways[name]], work))
        for name, times in found.items():
            wall, processor, memory = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"{name}: {wall:.2f} s, {processor:.2f} s of processor, {memory:.0f} MB")
        samples(work, LONGER * args.count)
        for name in ("folder to folder", "tar to tar"):
            print(f"{name}, {LONGER} times as many: {run([*translate, *ways[name]], work)[2]:.0f} MB")


if __name__ == "__main__":
    main()
