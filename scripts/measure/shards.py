"""Measures what plans and shards cost: python -m measure.shards planning|first|sharing [--gtx GTX] [FOLDER].

planning  `gtx plan` of a folder, and of a list on standard input
first     how long a task on one shard takes to print its first result
sharing   one run over all pictures against tasks on two shards, one after the other, in alternation

FOLDER holds pictures; by default 100,000 of 64x64 are made for planning, and 5,000 of 256x256 otherwise.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from PIL import Image

from measure.gtx import BINARY


def pictures(folder: Path, count: int, side: int) -> None:
    """Writes JPEGs of one colour each, a thousand in a folder."""
    for number in range(count):
        path = folder / f"{number // 1000:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (side, side), (number % 251, number // 251 % 251, 90)).save(path)


def timed(command: list[str], **options: object) -> tuple[float, float]:
    """Wall time and processor time of a command, in seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def planning(gtx: str, work: Path, folder: Path) -> None:
    paths = sorted(map(str, folder.rglob("*.jpg")))
    for name, source, text in (("folder", [str(folder)], None), ("list", [], "\n".join(paths))):
        times = []
        for _ in range(3):
            shutil.rmtree(work / "plan", ignore_errors=True)
            times.append(
                timed([gtx, "plan", "-q", "-o", str(work / "plan"), *source], input=text, text=True)[0]
            )
        print(f"planning {len(paths)} pictures of a {name}: {statistics.median(times):.2f} s")


def first(gtx: str, work: Path, folder: Path) -> None:
    subprocess.run([gtx, "plan", "-q", "-o", "plan", str(folder)], cwd=work, check=True)
    times = []
    for _ in range(9):
        shutil.rmtree(work / "winter", ignore_errors=True)
        start = time.monotonic()
        task = [gtx, "translate", "-q", "--plan", "plan", "--shard", "0", "--to", "winter", "-o", "winter"]
        with subprocess.Popen(task, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            if not process.stdout.readline():
                raise SystemExit(f"{' '.join(task)} printed no result")
            times.append(time.monotonic() - start)
            process.kill()
    print(f"first result: {statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})")


def sharing(gtx: str, work: Path, folder: Path) -> None:
    options = [gtx, "translate", "-q", "--to", "winter", "-o", "winter"]
    count = sum(1 for _ in folder.rglob("*.jpg"))

    def whole() -> tuple[float, float]:
        return timed([*options, "--report", "report.jsonl", str(folder)], cwd=work)

    def parts() -> tuple[float, float]:
        plan = [gtx, "plan", "-q", "--per-shard", str(-(-count // 2)), "-o", "plan", str(folder)]
        times = [timed(plan, cwd=work)]
        times += [timed([*options, "--plan", "plan", "--shard", shard], cwd=work) for shard in "01"]
        return sum(t[0] for t in times), sum(t[1] for t in times)

    times: dict[str, list[tuple[float, float]]] = {"one run": [], "two shards": []}
    for name, run in (("one run", whole), ("two shards", parts), ("two shards", parts), ("one run", whole)):
        for old in ("winter", "plan"):
            shutil.rmtree(work / old, ignore_errors=True)
        (work / "report.jsonl").unlink(missing_ok=True)
        times[name].append(run())
    for name, both in times.items():
        wall, processor = (sum(column) / len(both) for column in zip(*both, strict=True))
        print(f"{name}, {count} pictures: {wall:.2f} s, {processor:.2f} s of processor")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["planning", "first", "sharing"])
    parser.add_argument("--gtx", default=str(BINARY))
    parser.add_argument("folder", nargs="?", type=Path)
    args = parser.parse_intermixed_args()  # options may come before FOLDER
    with tempfile.TemporaryDirectory() as work:
        folder = args.folder and Path(os.path.abspath(args.folder))
        if folder is None:
            folder = Path(work) / "photos"
            pictures(folder, *((100_000, 64) if args.what == "planning" else (5_000, 256)))
        {"planning": planning, "first": first, "sharing": sharing}[args.what](args.gtx, Path(work), folder)


if __name__ == "__main__":
    main()
