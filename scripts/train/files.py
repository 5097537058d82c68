"""Writing files so that a reader never finds half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


class NoRoom(RuntimeError):
    """A file cannot be written."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say which file an error of the operating system is about."""
    try:
        yield
    except OSError as error:
        # numpy reports a full disk without the system's words.
        raise NoRoom(f"cannot write {path}: {error.strerror or 'no room on the disk'}") from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` once it is written. If that fails, what was there stays."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # another process may write the same
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                yield file
            os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink()


def append(path: Path, line: str) -> None:
    with writing(path), path.open("a") as file:
        file.write(line + "\n")
