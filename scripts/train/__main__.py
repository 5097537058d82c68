"""Train an image translator, a generator or a classifier on folders of images."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from train import config as configs
from train import loop, parallel
from train.data import DataError
from train.methods import METHODS, method
from train.program import EXPECTED, telling


class ListMethods(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for name in METHODS:
            found, _ = method(name)
            print(f"{name}\n    data   {found.data.takes}\n    paper  {found.paper}")
        parser.exit()


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument(
        "--list", action=ListMethods, nargs=0, help="print the methods, their data and their papers"
    )
    parser.add_argument("--method", help="what to train by, see --list")
    parser.add_argument("--a", action="append", default=[], help="first image folder; repeatable")
    parser.add_argument("--b", action="append", default=[], help="second image folder; repeatable")
    parser.add_argument("--table", help="CSV file with an attribute per column")
    parser.add_argument("--data", type=Path, help="folder that the recipe's folders are in")
    parser.add_argument("--drop", help="text file of images to leave out, one path per line")
    parser.add_argument("--out", type=Path, required=True, help="run folder; an existing run continues")
    parser.add_argument("--config", type=Path, help="recipe: JSON file with changes to the method's defaults")
    parser.add_argument("--init", help="run folder or exported .onnx to start from")
    parser.add_argument("--seed", type=int, help="seed of all random numbers")
    parser.add_argument("--until", type=int, help="stop after this step")
    parser.add_argument(
        "--workers", type=int, default=1, help="number of processes that share each batch (CPU)"
    )
    return parser.parse_args(argv)


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The values of the recipe, overridden by the flags. The recipe's folders and table are below --data."""
    values = configs.read(options.config) if options.config else {}
    if options.data:
        for key in ("a", "b"):
            values[key] = [str(options.data / folder) for folder in values.get(key, [])]
        if values.get("table"):
            values["table"] = str(options.data / values["table"])
    flags = {key: getattr(options, key) for key in ("method", "a", "b", "table", "drop", "init", "seed")}
    values.update({key: value for key, value in flags.items() if value not in (None, [])})
    return values


SAID = ("title", "license")  # what an export says, and training does not depend on


def differing(old: dict[str, Any], values: dict[str, Any], whole: bool) -> list[str]:
    """The keys in which a request differs from the configuration that a run was started with.

    whole: compare all keys, and take the method's defaults for those that the request leaves out. Otherwise
    only the keys of the request are compared.
    """
    name = values.get("method", old["method"])
    if name != old["method"]:
        return ["method"]
    asked = {**method(name)[1], "method": name, **values}
    ours, theirs = (dataclasses.asdict(configs.from_dict(each)) for each in (asked, old))
    ours, theirs = json.loads(json.dumps([ours, theirs]))  # tuples become lists
    return [key for key in (ours if whole else values) if key not in SAID and ours[key] != theirs[key]]


def start(options: argparse.Namespace) -> None:
    """Write the configuration of a new run, or check that the request fits the one of an existing run."""
    path = options.out / loop.CONFIG
    values = given(options)
    if path.exists():
        changed = differing(configs.read(path), values, whole=options.config is not None)
        if changed:
            raise DataError(
                f"{options.out} was started with another {', '.join(changed)}: continue it without, "
                "or give another --out"
            )
        return
    missing = [key for key in ("method", "a") if not values.get(key)]
    if missing:
        raise DataError(f"a new run needs --{', --'.join(missing)}")
    found, defaults = method(values["method"])
    config = configs.from_dict({**defaults, **values})
    weights = defaults.get("weights", {})
    if config.weights.keys() != weights.keys():
        raise DataError(f"the weights of {config.method} are {', '.join(weights)}: give all of them or none")
    # Open the data and build the networks once, so that what does not fit fails before there is a run.
    found.data(config)
    try:
        loop.start(config, loop.device())
    except (KeyError, TypeError) as error:
        raise DataError(f"the recipe's networks do not fit {config.method}: {error}") from error
    configs.write(config, path)


@telling("train")
def main(argv: list[str]) -> int:
    options = parse(argv)
    if options.workers < 1:
        raise DataError(f"--workers {options.workers}: it must be 1 or more")
    start(options)
    parallel.launch(loop.train, options.workers, options.out, options.until, expected=EXPECTED)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
