"""Write the plots, the tables and the picture of docs/checkerboard.md."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from checkerboard import generators, scores
from checkerboard.plots import lines, roc
from checkerboard.scores import Score
from measure import gtx
from measure.page import insert, table

PAGE = "checkerboard.md"
COMMAND = "python -m checkerboard"
RATIO = 2.0  # a pattern counts if it is this many times its source's: flagRatio of stages/raster/score.go
NAMES = {"png": "before encoding", "95": "JPEG 95", "90": "JPEG 90"}
REPAIRS = {
    "phases": "`models repair --method phases`",
    "hold": "`models repair --method hold`",
    "notch": "`models repair --method notch`",
    "picture": "`translate --checkerboard repair`",
}


@dataclass(frozen=True)
class Repair:
    """The effect of one repair on the translations of one generator."""

    kind: str
    method: str  # a key of REPAIRS
    was: float  # mean of the largest amplitude, in grey levels
    now: float
    flagged: float  # share of the repaired translations
    flat: float | None  # largest amplitude on flat grey, for repaired networks
    psnr: float  # to the unrepaired translations, in dB


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def rates(found: dict[str, list[Score]]) -> str:
    """Shares flagged alone and paired, by kind, in the half that no threshold was chosen on."""
    half = {e: [s for s in part if not s.tuned] for e, part in found.items()}
    rows = []

    def row(name: str, by_encoding: list[list[Score]]) -> None:
        cells = []
        for part in by_encoding:
            alone, paired = scores.rate(s.flagged for s in part), scores.rate(s.paired for s in part)
            cells.append(f"{percent(alone)} / {percent(paired)}")
        rows.append([name, str(len(by_encoding[0])), *cells])

    for marked, title in ((False, "**all clean ones**"), (True, "**all marked ones**")):
        for kind in dict.fromkeys(s.kind for s in half["png"] if s.marked == marked):
            row(kind, [[s for s in half[e] if s.kind == kind] for e in scores.ENCODINGS])
        row(title, [[s for s in half[e] if s.marked == marked] for e in scores.ENCODINGS])
    return table(["image", "n", *(f"{NAMES[e]}: alone / paired" for e in scores.ENCODINGS)], rows)


def curves(found: dict[str, list[Score]], ratio: float | None, title: str) -> str:
    """The ROC curve of each encoding; a dot marks the threshold of gtx."""
    shown, marks = {}, {}
    for encoding in scores.ENCODINGS:
        part = [s for s in found[encoding] if not s.tuned]
        positive = [s.strength(ratio) for s in part if s.marked]
        negative = [s.strength(ratio) for s in part if not s.marked]
        shown[NAMES[encoding]] = roc(positive, negative)
        flagged = (lambda s: s.flagged) if ratio is None else (lambda s: s.paired)
        marks[NAMES[encoding]] = (
            scores.rate(flagged(s) for s in part if not s.marked),
            scores.rate(flagged(s) for s in part if s.marked),
        )
    return lines(title, "false alarms", "found", shown, right=0.1, low=0.5, marks=marks)


def repair_table(repairs: list[Repair]) -> str:
    """One row per kind of generator and repair: means over the generators of that kind."""
    rows = []
    for kind in generators.MARKING:
        for method, name in REPAIRS.items():
            part = [r for r in repairs if (r.kind, r.method) == (kind, method)]
            if not part:
                continue
            was, now, flagged, psnr = np.mean([(r.was, r.now, r.flagged, r.psnr) for r in part], axis=0)
            flat = "" if part[0].flat is None else f"{max(r.flat for r in part):.2f}"
            rows.append([kind, name, f"{was:.2f} → {now:.2f}", percent(flagged), flat, f"{psnr:.1f} dB"])
    head = ["generator", "repair", "amplitude", "still flagged", "flat grey", "to the original"]
    return table(head, rows, left=2)


def update(docs: Path, found: dict[str, list[Score]], repairs: list[Repair]) -> None:
    folder = docs / "checkerboard"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roc-paired.svg").write_text(curves(found, RATIO, "compared with the source"))
    (folder / "roc-alone.svg").write_text(curves(found, None, "the image alone"))
    path = docs / PAGE
    text = insert(path.read_text(), "rates", COMMAND, rates(found))
    path.write_text(insert(text, "repairs", COMMAND, repair_table(repairs)))


def crop(image: Image.Image, at: tuple[int, int], side: int, scale: int) -> Image.Image:
    """A square of the image, enlarged by repeating its pixels."""
    box = (at[0], at[1], at[0] + side, at[1] + side)
    return image.convert("RGB").crop(box).resize((side * scale,) * 2, Image.NEAREST)


def draw(docs: Path, binary: Path, photo: Path, networks: list[Path], work: Path) -> None:
    """Four panels: a detail of a translation, the same from a repaired network and as a repaired picture, and
    the map of the patterns."""
    network = next(n for n in networks if n.stem == "deconv-k3s2-1")
    fixed = work / "fixed" / "picture.onnx"
    common = ["translate", "-q", "--to", "cooler", "--size", "model", "--format", "png", "--existing", "redo"]
    tiles = work / "map.png"
    gtx.run(binary, "models", "repair", "-q", "--force", str(network), str(fixed))
    results = []
    for name, model, mode in (
        ("was", network, "off"),
        ("network", fixed, "off"),
        ("picture", network, "repair"),
    ):
        out = work / f"picture-{name}.png"
        options = ["--model", str(model), "--checkerboard", mode, "--name", out.name, "-o", str(work)]
        gtx.run(binary, *common, *options, str(photo))
        results.append(Image.open(out))
    gtx.run(binary, "check", "-q", "--map", str(tiles), str(work / "picture-was.png"))
    results.append(Image.open(tiles))
    width, height = results[0].size
    side = 64
    at = ((width - side) // 2, height // 16)
    panels = [crop(r, at, side, 3) for r in results[:3]]
    whole = (side * 3, round(side * 3 * height / width))
    panels.append(results[3].convert("RGB").resize(whole, Image.LANCZOS))
    sheet = Image.new("RGB", (4 * side * 3 + 18, side * 3), "white")
    for i, panel in enumerate(panels):
        sheet.paste(panel, (i * (side * 3 + 6), 0))
    sheet.save(docs / "checkerboard" / "repair.png", optimize=True)


def dump(path: Path, found: dict[str, list[Score]]) -> None:
    """Keep every score, for a closer look."""
    path.write_text(json.dumps({e: [vars(s) for s in part] for e, part in found.items()}))
