"""Judge the models of the zoo.

Each model is run by gtx on the validation images, and the results are judged by networks that were trained
on real images only. Judges are trained when they are first needed and kept in the cache (GTX_CACHE). So are
the figures of a model, until it or its criterion changes: an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import traceback
from pathlib import Path

from evaluate.zoo import judges, page, rows
from evaluate.zoo.bench import Bench
from measure import gtx
from train import data
from train.program import telling

ROOT = Path(__file__).parents[3]


def key_of(bench: Bench, row: rows.Row) -> str:
    """A digest that changes with the model, those it is compared with, the data, the judges, the marks and
    the code of the criteria."""
    parts = [row.name, bench.variant, row.criterion.__qualname__, json.dumps(row.marks)]
    parts += [bench.stamp(name) for name in row.data.split(", ")]
    parts += [bench.judge(name).digest for name in row.judges]
    for name in (row.name, *row.beside):
        model = bench.model(name)
        parts.append(model.digest if model else "")
    parts += [
        path.read_text() for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in UNRELATED
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:KEY]


KEY = 24  # digits
UNRELATED = ("__main__", "__init__", "page", "rows")


def judge(bench: Bench, row: rows.Row, sheets: Path) -> page.Entry | None:
    """The entry of a row, from the cache if nothing has changed; None if there is no model."""
    model = bench.model(row.name)
    if model is None:
        return None
    cached = folder() / f"{row.name}-{key_of(bench, row)}.json"
    if cached.exists() and (sheets / f"{row.name}.txt").exists():
        cached.touch()
        return json.loads(cached.read_text())
    print(f"evaluate.zoo: {row.name}", file=sys.stderr)
    verdict = row.judge(bench, model)
    entry = {
        "figures": [dataclasses.asdict(f) for f in verdict.figures],
        "met": verdict.met,
        "judge": verdict.judge,
        "command": verdict.command,
        "side": model.side if model.source else None,
        "bytes": model.size,
        "digest": model.digest,
        "license": model.manifest.get("license", ""),
        "training": model.manifest.get("training", {}),
        **model.cost(),
    }
    page.write_sheet(sheets, row.name, verdict.sheet)
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_text(json.dumps(entry))
    return entry


def folder() -> Path:
    return data.cache_dir() / "zoo"


def remembered(name: str) -> page.Entry | None:
    """The entry of this model that was measured or looked up last; None if there is none."""
    found = sorted(folder().glob(f"{name}-{'[0-9a-f]' * KEY}.json"), key=lambda path: path.stat().st_mtime_ns)
    return json.loads(found[-1].read_text()) if found else None


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluate.zoo", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with facades, shoes, faces and so on"
    )
    parser.add_argument("--models", type=Path, default=ROOT / "models" / "zoo", help="folder of the models")
    parser.add_argument(
        "--beside", type=Path, default=ROOT / "build" / "zoo", help="folder of models to compare with only"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="MODEL",
        help="judge this model alone and change its row of the page; repeatable",
    )  # fmt: skip
    parser.add_argument("--gtx", type=Path, default=gtx.BINARY, help="the gtx that runs the models")
    parser.add_argument("--features", default="lite2", help="pretrained features: lite0, lite2 or random")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "zoo.md", help="the page to write")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "zoo" / "zoo.json", help="all figures")
    parser.add_argument("--sheets", type=Path, default=ROOT / "build" / "zoo", help="folder for index.html")
    parser.add_argument(
        "--judges", action="store_true", help="train the judges, print their accuracies and stop"
    )
    parser.add_argument("--missing", action="store_true", help="print the models that lack a file and stop")
    return parser.parse_args(argv)


@telling("evaluate.zoo")
def main(argv: list[str]) -> int:
    options = parse(argv)
    others = (options.beside, ROOT / "models" / "builtin")
    bench = Bench(options.data, options.models, options.gtx, options.features, others=others)
    if options.missing:
        print(*rows.missing(bench, options.beside), sep="\n")
        return 0
    if options.judges:
        for name in judges.ALL:
            print(name, json.dumps(bench.judge(name).accuracy))
        return 0
    old = page.known(options.page.read_text()) if options.page.exists() else {}
    lines, failed = {}, False
    every = rows.rows(bench)
    for row in every:
        if options.only and row.name not in options.only:
            continue
        try:
            entry = judge(bench, row, options.sheets)
        except Exception:  # one bad model must not cost the others
            traceback.print_exc()
            print(f"evaluate.zoo: {row.name} failed{kept(row, old)}", file=sys.stderr)
            failed = True
            continue
        if entry is None and row.name in old:
            print(f"evaluate.zoo: {row.name} is not in {options.models}{kept(row, old)}", file=sys.stderr)
            continue
        lines[row.name] = page.line_of(page.cells(row.name, row.method, row.data, entry))
        print(lines[row.name])
    write(options, [row.name for row in every], old | lines)
    return 1 if failed else 0


def kept(row: rows.Row, old: dict[str, str]) -> str:
    return ": the page keeps its old line" if row.name in old else ""


def write(options: argparse.Namespace, order: list[str], lines: dict[str, str]) -> None:
    """The page with these lines, models in that order first; all figures as JSON; and the sheets."""
    ordered = [name for name in order if name in lines] + [name for name in lines if name not in order]
    tried = {row.name: row.tried for row in rows.ROWS if row.tried} | rows.STUDIES
    options.page.write_text(page.document([lines[name] for name in ordered], tried))
    entries = {name: entry for name in ordered if (entry := remembered(name))}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(entries, indent=1) + "\n")
    options.sheets.mkdir(parents=True, exist_ok=True)
    page.write_index(options.sheets, entries)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
