"""Write measured tables into a Markdown page, between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table. The first `left` columns are aligned to the left, the others to the right."""
    rule = "|" + "---|" * left + "---:|" * (len(head) - left)
    return "\n".join([f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def insert(text: str, name: str, command: str, block: str) -> str:
    """The page with the block of that name replaced. Missing marks are an error."""
    begin, end = f"<!-- {name}: written by {command} -->", f"<!-- {name} end -->"
    head, begun, rest = text.partition(begin)
    _, ended, tail = rest.partition(end)
    if not begun or not ended:
        raise ValueError(f"the page needs the lines {begin!r} and {end!r}")
    return f"{head}{begin}\n\n{block}\n\n{end}{tail}"


def update(path: Path, name: str, command: str, block: str) -> None:
    path.write_text(insert(path.read_text(), name, command, block))
