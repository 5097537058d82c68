"""Make the photographs of the benchmark: crops of a few photographs, scaled to one size.

PYTHONPATH=build/bench/peers/python python3 inputs.py PHOTOS OUT WIDTHxHEIGHT COUNT

Each crop has the aspect of the size and lies elsewhere in its photograph. The same photographs give the
same files. A folder that is complete is left alone.
"""

import argparse
import os
import random
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps

SUFFIXES = {".jpg", ".jpeg", ".png"}


def crop(photo: Image.Image, width: int, height: int, draw: random.Random) -> Image.Image:
    """Scale a random part of a photograph to the size.

    The part has the aspect of the size. It is nearly as large as the photograph allows, or down to half of
    that if the photograph is more than twice as large as the size.
    """
    most = min(photo.width / width, photo.height / height)
    scale = most * draw.uniform(0.5, 1) if most > 2 else most * draw.uniform(0.9, 1)
    across, down = int(width * scale), int(height * scale)
    left, top = draw.randint(0, photo.width - across), draw.randint(0, photo.height - down)
    return photo.resize((width, height), Image.Resampling.LANCZOS, (left, top, left + across, top + down))


def make(job: tuple[int, Path, Path, int, int]) -> None:
    """Write one input, as a camera would: quality 92, chroma at half the resolution, no metadata."""
    number, source, folder, width, height = job
    with Image.open(source) as opened:
        photo = ImageOps.exif_transpose(opened).convert("RGB")
    small = crop(photo, width, height, random.Random(number))
    small.save(folder / f"{number:05}.jpg", quality=92, subsampling=2)


def usable(photos: Path, width: int, height: int) -> list[Path]:
    """List the photographs that need not be enlarged by more than two."""
    found = []
    for path in sorted(photos.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            with Image.open(path) as photo:
                if min(photo.width / width, photo.height / height) >= 0.5:
                    found.append(path)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("size", help="WIDTHxHEIGHT")
    parser.add_argument("count", type=int)
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    stamp = f"{args.photos.resolve()} {args.size} {args.count}\n"
    done = args.out.with_name(args.out.name + ".done")
    if done.exists() and done.read_text() == stamp:
        return 0
    sources = usable(args.photos, width, height)
    if not sources:
        print(f"inputs: no photograph below {args.photos} is large enough for {args.size}", file=sys.stderr)
        return 1
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.mkdir(parents=True)
    jobs = [(i, sources[i % len(sources)], args.out, width, height) for i in range(args.count)]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(make, jobs, chunksize=4))
    done.write_text(stamp)
    return 0


if __name__ == "__main__":
    sys.exit(main())
