"""The options and the validation images that `evaluate` and `evaluate.ablation` share."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from evaluate import sets
from evaluate.directions import Domain
from evaluate.judges import Judge
from measure import gtx
from train import data


def add_options(parser: argparse.ArgumentParser) -> None:
    judge = {"type": Path, "action": "append", "default": [], "metavar": "RUN"}
    parser.add_argument("--judge", **judge, help="run folder of a judge; repeatable")
    parser.add_argument("--a", type=Path, required=True, help="validation folder of domain a")
    parser.add_argument("--b", type=Path, required=True, help="validation folder of domain b")
    parser.add_argument(
        "--unclear",
        type=Path,
        default=Path(__file__).with_name("unclear.txt"),
        help="list of images whose season cannot be seen, one FOLDER/NAME per line",
    )
    parser.add_argument("--gtx", type=Path, default=gtx.BINARY, help="the gtx that finds checkerboards")
    parser.add_argument("--card", type=Path, help="model card to write the figures into")


def read(options: argparse.Namespace, jury: list[Judge], shrink: int = 0) -> list[Domain]:
    """Read domains a and b, their sides halved `shrink` times."""
    unclear = frozenset(options.unclear.read_text().splitlines())
    return [read_domain(folder, unclear, jury, shrink) for folder in (options.a, options.b)]


def read_domain(folder: Path, unclear: frozenset[str], jury: list[Judge], shrink: int = 0) -> Domain:
    """Read a validation folder and let the judges look at it."""
    loaded = data.load(str(folder))
    pixels = loaded.pixels
    for _ in range(shrink):
        pixels = np.round(sets.halve(pixels.astype(np.float32))).astype(np.uint8)
    clear = np.array([f"{folder.name}/{Path(p).name}" not in unclear for p in loaded.paths])
    return Domain(folder.name, pixels, clear, [judge.look(pixels) for judge in jury])
