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

ROOT = Path(__file__).parents[3]


def key_of(bench: Bench, row: rows.Row) -> str:
    """Changes with the model, those it is compared with, the data and the code of the criteria."""
    parts = [row.name, str(bench.root.resolve()), bench.variant, json.dumps(bench.recipes)]
    for name in (row.name, *row.beside):
        model = bench.model(name)
        parts.append(model.digest if model else "")
    parts += [
        path.read_text() for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in UNRELATED
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


UNRELATED = ("__main__", "__init__", "page", "rows")


def judge(bench: Bench, row: rows.Row, sheets: Path) -> page.Entry | None:
    """The entry of a row, from the cache if nothing has changed; None if there is no model."""
    model = bench.model(row.name)
    if model is None:
        return None
    cached = data.cache_dir() / "zoo" / f"{row.name}-{key_of(bench, row)}.json"
    if cached.exists() and (sheets / f"{row.name}.txt").exists():
        return json.loads(cached.read_text())
    print(f"evaluate.zoo: {row.name}", file=sys.stderr)
    verdict = row.criterion(bench, model)
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


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluate.zoo", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with facades, shoes, faces and so on"
    )
    parser.add_argument("--models", type=Path, default=ROOT / "models" / "zoo", help="folder of the models")
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
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    bench = Bench(options.data, options.models, options.gtx, options.features)
    if options.judges:
        for name in judges.ALL:
            print(name, json.dumps(bench.judge(name).accuracy))
        return 0
    table, entries, failed = [], {}, False
    for row in rows.rows(bench):
        if options.only and row.name not in options.only:
            continue
        try:
            entry = judge(bench, row, options.sheets)
        except Exception:  # one bad model must not cost the others
            traceback.print_exc()
            print(f"evaluate.zoo: {row.name} failed", file=sys.stderr)
            failed = True
            continue
        if entry:
            entries[row.name] = entry
        table.append(page.cells(row.name, row.method, row.data, entry))
    for line in table:
        print(" | ".join(line))
    tried = {row.name: row.tried for row in rows.ROWS if row.tried} | rows.STUDIES
    if not options.only:
        options.page.write_text(page.document(table, tried))
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(entries, indent=1) + "\n")
    elif options.page.exists():
        options.page.write_text(page.updated(options.page.read_text(), table, tried))
    options.sheets.mkdir(parents=True, exist_ok=True)
    page.write_index(options.sheets, entries)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
