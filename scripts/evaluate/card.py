"""Put measured figures into the model card, between two marks."""

from __future__ import annotations

from pathlib import Path


def marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: python -m evaluate writes what is below -->", f"<!-- {name} end -->"


def insert(text: str, name: str, block: str) -> str:
    """The card with one block replaced; a card without its marks gets them at its end."""
    first, last = marks(name)
    filled = f"{first}\n\n{block}\n\n{last}"
    head, found, rest = text.partition(first)
    if not found:
        return f"{text.rstrip()}\n\n{filled}\n"
    _, end, tail = rest.partition(last)
    if not end:
        raise ValueError(f"the card has {first!r} but not {last!r}")
    return head + filled + tail


def update(path: Path, name: str, block: str) -> None:
    path.write_text(insert(path.read_text(), name, block))
