"""Write docs/zoo.md from the results, and the sheets for the screen."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from evaluate.zoo.bench import CHECKED, Figure
from evaluate.zoo.models import RUNS
from measure.page import table

COMMAND = "python -m evaluate.zoo"
LIMIT = 1.5  # MB that a model should have at most
HEAD = f"""# The zoo

Small models of the families that gtx runs, trained with this project's own trainer on two processor cores and
judged on validation images. `make zoo DATA=FOLDER` trains what is missing. `{COMMAND}`
writes this page. Each figure is measured on what `gtx translate` or `gtx generate` makes with the exported
model. A judge is a network that was trained on real images only and takes part in no loss. A figure in
brackets is the mark that the model had to reach.

`make install` puts the models where gtx finds them by name. In a checkout, write
`--model models/zoo/NAME.onnx`. The weights are for research use only: see each model's licence with
`gtx models show NAME`.

GMAC and milliseconds are for one image at the model's own size. The time is for one thread of ONNX
Runtime, the fastest of {RUNS} runs. MB counts all files of a model, and should be {LIMIT} at most.

`checkerboards, of results` is the share of {CHECKED} results in which `gtx check` finds a pattern that
repeats every 2, 4 or 8 pixels and that the source lacks. `of real images` is the share of real images in
which it finds one by the same threshold: texture and noise are enough for some. All networks here upsample
by nearest neighbour followed by a convolution, which gives no pattern on flat areas. Even so, the patterns
of `facades-hd`, `facades` and `goods` come from the networks themselves: they are at the same pixels in
every result, 0.1 to 0.2 grey levels strong on average, too weak to be seen. Those of `landscapes` differ from
result to result, as texture does.
"""
Entry = dict[str, Any]


def figure_of(entry: Entry) -> Figure:
    return Figure(**entry)


def megabytes(size: int) -> str:
    text = f"{size / 1e6:.2f}"
    return text if size <= LIMIT * 1e6 else f"{text} (over {LIMIT})"


def cells(name: str, method: str, data: str, entry: Entry | None) -> list[str]:
    if entry is None:
        return [name, method, data, *["–"] * 4, UNTRAINED, "–", "–"]
    figures = "<br>".join(str(figure_of(f)) for f in entry["figures"])
    size = f"{entry['side']}²" if entry["side"] else "–"
    cost = [f"{entry['gmac']:.2f}", size, megabytes(entry["bytes"]), f"{entry['ms']:.1f}"]
    return [name, method, data, *cost, figures, entry["judge"], f"`{entry['command']}`"]


UNTRAINED = "not trained yet"
TRIED = "\n## What was tried\n"
COLUMNS = (
    "model", "method", "data", "GMAC", "size", "MB", "ms", "figures", "judge on real images", "try it",
)  # fmt: skip


def line_of(cells: list[str]) -> str:
    """A row as the line of the table that it becomes."""
    return table(COLUMNS, [cells], left=len(COLUMNS)).splitlines()[-1]


def known(text: str) -> dict[str, str]:
    """The lines of a page's table that have figures, by model."""
    lines = [line for line in text.partition(TRIED)[0].splitlines() if line.startswith("| ")]
    found = {line[1:].partition("|")[0].strip(): line for line in lines}
    return {name: line for name, line in found.items() if name != COLUMNS[0] and UNTRAINED not in line}


def document(lines: Iterable[str], tried: dict[str, str]) -> str:
    """The whole of docs/zoo.md. tried: what was tried, by model."""
    return "\n".join([HEAD, table(COLUMNS, [], left=len(COLUMNS)), *lines]) + "\n" + section(tried)


def section(tried: dict[str, str]) -> str:
    if not tried:
        return ""
    return TRIED + "\n" + "".join(f"- {name}: {what}\n" for name, what in tried.items())


def write_sheet(folder: Path, name: str, sheet: list[tuple[str, np.ndarray]]) -> None:
    """One strip of images for each title, NAME-KK.png, and their titles in NAME.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{name}-[0-9][0-9].png"):
        old.unlink()
    for k, (_, images) in enumerate(sheet):
        Image.fromarray(np.concatenate(list(images[:24]), axis=1)).save(folder / f"{name}-{k:02}.png")
    (folder / f"{name}.txt").write_text("".join(f"{title}\n" for title, _ in sheet))


def write_index(folder: Path, entries: dict[str, Entry]) -> None:
    """index.html with the strips of all models that have some."""
    parts = ["<!doctype html><meta charset=utf-8><title>gtx: the zoo</title>"]
    parts.append("<style>body{font:16px sans-serif;margin:2em}p{margin:.3em 0}img{display:block}</style>")
    parts.append("<h1>The zoo</h1><p>Translations of validation images. Not for publication.")
    for name, entry in entries.items():
        titles = folder / f"{name}.txt"
        if not titles.exists():
            continue
        parts.append(f"<h2>{html.escape(name)}</h2>")
        parts += [f"<p>{html.escape(str(figure_of(f)))}" for f in entry["figures"]]
        for k, title in enumerate(titles.read_text().splitlines()):
            parts.append(f"<p><b>{html.escape(title)}</b><img src='{name}-{k:02}.png' alt=''>")
    (folder / "index.html").write_text("\n".join(parts) + "\n")
