"""The mean of the exported networks of two runs: `python -m train.mean --help`.

If one run went on from the other, their mean is often better than either (Wortsman et al. 2022, "Model
soups"). The new run can be exported. It is not for further training.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from train import config as configs
from train import loop
from train.data import DataError
from train.methods import Method
from train.program import telling


def mean(first: Method, second: Method, keep: tuple[str, ...] = (), share: float = 0.5) -> None:
    """Set the second method's exported network to the mean of both. share: the weight of the second. keep:
    parts that are taken from the first alone."""
    theirs, ours = (method.network().state_dict() for method in (first, second))
    shapes = [{name: value.shape for name, value in state.items()} for state in (theirs, ours)]
    if shapes[0] != shapes[1]:
        raise DataError("the runs have different networks")
    unknown = [part for part in keep if not any(name.startswith(part + ".") for name in ours)]
    if unknown:
        raise DataError(f"the network has no part {unknown[0]}")
    for name, value in ours.items():  # the network's own tensors
        of_ours = 0.0 if name.startswith(tuple(part + "." for part in keep)) else share
        if value.is_floating_point():
            value.copy_(of_ours * value + (1 - of_ours) * theirs[name])


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train.mean", description=__doc__)
    parser.add_argument("runs", nargs=2, type=Path, metavar="RUN", help="a run, and one that went on from it")
    parser.add_argument(
        "--keep", action="append", default=[], metavar="PART", help="a part that stays the first run's"
    )
    parser.add_argument("--share", type=float, default=0.5, help="of the second run in the mean, 0 to 1")
    parser.add_argument("--out", required=True, type=Path, help="the new run, with the second one's recipe")
    return parser.parse_args(argv)


@telling("train.mean")
def main(argv: list[str]) -> int:
    options = parse(argv)
    if not 0 <= options.share <= 1:
        raise DataError(f"--share {options.share:g}: it must be 0 to 1")
    (_, first, _), (config, second, facts) = (loop.restore(run, loop.device()) for run in options.runs)
    mean(first, second, tuple(options.keep), options.share)
    loop.save(options.out, second, facts["step"], facts["seconds"])
    configs.write(config, options.out / loop.CONFIG)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
