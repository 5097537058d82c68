"""Put measured figures into the model card, between two marks."""

from __future__ import annotations

from pathlib import Path

BEGIN = "<!-- figures: python -m evaluate writes what is below -->"
END = "<!-- figures end -->"

Rows = list[tuple[str, str]]


def table(rows: Rows) -> str:
    lines = ["| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)


def insert(text: str, rows: Rows) -> str:
    """The card with its figures replaced; a card without marks gets them at its end."""
    block = f"{BEGIN}\n\n{table(rows)}\n\n{END}"
    head, begin, rest = text.partition(BEGIN)
    if not begin:
        return f"{text.rstrip()}\n\n{block}\n"
    _, end, tail = rest.partition(END)
    if not end:
        raise ValueError(f"the card has {BEGIN!r} but not {END!r}")
    return head + block + tail


def update(path: Path, rows: Rows) -> None:
    path.write_text(insert(path.read_text(), rows))
