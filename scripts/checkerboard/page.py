"""Put plots, tables and pictures into docs/checkerboard.md, between marks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from checkerboard import generators, measure
from checkerboard.measure import Score
from checkerboard.plots import lines, roc

PAGE = "checkerboard.md"
RATIO = 2.0  # flagRatio of stages/check.go
NAMES = {"png": "before encoding", "95": "JPEG 95", "90": "JPEG 90"}
Rows = Sequence[Sequence[str]]


def table(head: Sequence[str], rows: Rows) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def insert(text: str, name: str, block: str) -> str:
    """The page with what stands between the marks of a name replaced."""
    begin, end = f"<!-- {name}: python -m checkerboard writes this -->", f"<!-- {name} ends -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no marks of {name!r}")
    return f"{head}{begin}\n\n{block}\n\n{end}{tail}"


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def rates(scores: dict[str, list[Score]]) -> str:
    """Per kind of picture, on the half that no threshold was chosen on: flagged alone and paired."""
    half = {e: [s for s in found if not s.tuned] for e, found in scores.items()}
    rows = []

    def row(name: str, of: list[list[Score]]) -> None:
        cells = [
            " / ".join(
                percent(measure.rate(flags))
                for flags in ([s.flagged for s in part], [s.paired for s in part])
            )
            for part in of
        ]
        rows.append([name, str(len(of[0])), *cells])

    for marked, title in ((False, "**all clean ones**"), (True, "**all marked ones**")):
        for kind in dict.fromkeys(s.kind for s in half["png"] if s.marked == marked):
            row(kind, [[s for s in half[e] if s.kind == kind] for e in measure.ENCODINGS])
        row(title, [[s for s in half[e] if s.marked == marked] for e in measure.ENCODINGS])
    return table(["picture", "n", *(f"{NAMES[e]}: alone / paired" for e in measure.ENCODINGS)], rows)


def curves(scores: dict[str, list[Score]], ratio: float | None, title: str) -> str:
    found, marks = {}, {}
    for encoding in measure.ENCODINGS:
        part = [s for s in scores[encoding] if not s.tuned]
        positive = [s.strength(ratio) for s in part if s.marked]
        negative = [s.strength(ratio) for s in part if not s.marked]
        found[NAMES[encoding]] = roc(positive, negative)
        flagged = (lambda s: s.flagged) if ratio is None else (lambda s: s.paired)
        marks[NAMES[encoding]] = (
            measure.rate(flagged(s) for s in part if not s.marked),
            measure.rate(flagged(s) for s in part if s.marked),
        )
    return lines(title, "false alarms", "found", found, right=0.1, low=0.5, marks=marks)


def repair_table(rows: list[dict]) -> str:
    names = {
        "phases": "`models repair --method phases`",
        "hold": "`models repair --method hold`",
        "notch": "`models repair --method notch`",
        "picture": "`translate --checkerboard repair`",
    }
    cells = []
    for kind in generators.MARKING:
        for method, name in names.items():
            of = [r for r in rows if r["method"] == method and r["network"].stem.rsplit("-", 1)[0] == kind]
            if not of:
                continue
            was, now, flagged, psnr = (
                float(np.mean([r[k] for r in of])) for k in ("was", "now", "flagged", "psnr")
            )
            flat = "" if method == "picture" else f"{max(r['flat'] for r in of):.2f}"
            cells.append([kind, name, f"{was:.2f} → {now:.2f}", percent(flagged), flat, f"{psnr:.1f} dB"])
    return table(["generator", "repair", "amplitude", "still flagged", "flat grey", "to the original"], cells)


def update(docs: Path, scores: dict[str, list[Score]], repairs: list[dict]) -> None:
    folder = docs / "checkerboard"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roc-paired.svg").write_text(curves(scores, RATIO, "beside the source"))
    (folder / "roc-alone.svg").write_text(curves(scores, None, "the picture alone"))
    page = docs / PAGE
    text = insert(page.read_text(), "rates", rates(scores))
    page.write_text(insert(text, "repairs", repair_table(repairs)))


def crop(picture: Image.Image, at: tuple[int, int], side: int, scale: int) -> Image.Image:
    box = (at[0], at[1], at[0] + side, at[1] + side)
    return picture.convert("RGB").crop(box).resize((side * scale,) * 2, Image.NEAREST)


def picture(docs: Path, gtx: Path, photo: Path, networks: list[Path], work: Path) -> None:
    """One detail of a photograph: translated, by the repaired network, the repaired picture; and the map."""
    network = next(n for n in networks if n.stem == "deconv-k3s2-1")
    fixed = work / "fixed" / "picture.onnx"
    common = ["translate", "-q", "--to", "cooler", "--size", "model", "--format", "png", "--existing", "redo"]
    tiles = work / "map.png"
    measure.run(gtx, "models", "repair", "-q", "--force", str(network), str(fixed))
    results = []
    for name, model, mode in (
        ("was", network, "off"),
        ("network", fixed, "off"),
        ("picture", network, "repair"),
    ):
        out = work / f"picture-{name}.png"
        options = ["--model", str(model), "--checkerboard", mode, "--name", out.name, "-o", str(work)]
        measure.run(gtx, *common, *options, str(photo))
        results.append(Image.open(out))
    measure.run(gtx, "check", "-q", "--map", str(tiles), str(work / "picture-was.png"))
    results.append(Image.open(tiles))
    width, height = results[0].size
    side = 64
    at = ((width - side) // 2, height // 16)
    panels = [crop(r, at, side, 3) for r in results[:3]]
    panels.append(
        results[3].convert("RGB").resize((side * 3, round(side * 3 * height / width)), Image.LANCZOS)
    )
    sheet = Image.new("RGB", (4 * side * 3 + 18, side * 3), "white")
    for i, panel in enumerate(panels):
        sheet.paste(panel, (i * (side * 3 + 6), 0))
    sheet.save(docs / "checkerboard" / "repair.png", optimize=True)


def dump(path: Path, scores: dict[str, list[Score]]) -> None:
    """Keep the scores, for whoever wants to look closer."""
    path.write_text(json.dumps({e: [vars(s) for s in found] for e, found in scores.items()}))
