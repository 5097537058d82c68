"""Train an image translator or a classifier from two folders of images, one per domain."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from train import config as configs
from train import loop, parallel
from train.methods import method


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("--method", help="domain-code, opacity, classifier or judge")
    parser.add_argument("--a", action="append", default=[], help="image folder of domain a; repeatable")
    parser.add_argument("--b", action="append", default=[], help="image folder of domain b; repeatable")
    parser.add_argument("--drop", help="text file of images to leave out, one path per line")
    parser.add_argument("--out", type=Path, required=True, help="run folder; an existing run continues")
    parser.add_argument("--config", type=Path, help="JSON file with changes to the method's defaults")
    parser.add_argument("--init", help="run folder to start from instead of random weights")
    parser.add_argument("--seed", type=int, help="seed of all random numbers")
    parser.add_argument("--until", type=int, help="stop after this step")
    parser.add_argument(
        "--workers", type=int, default=1, help="number of processes that share each batch (CPU)"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    path = options.out / loop.CONFIG
    if not path.exists():
        given = configs.read(options.config) if options.config else {}
        flags = {"method": options.method, "a": options.a, "b": options.b}
        flags.update(drop=options.drop, init=options.init, seed=options.seed)
        given.update({key: value for key, value in flags.items() if value})
        missing = [key for key in ("method", "a", "b") if not given.get(key)]
        if missing:
            print(f"train: a new run needs --{', --'.join(missing)}", file=sys.stderr)
            return 2
        _, defaults = method(given["method"])
        options.out.mkdir(parents=True, exist_ok=True)
        configs.write(configs.from_dict({**defaults, **given}), path)
    parallel.launch(loop.train, options.workers, options.out, options.until)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
