"""How programs end: if what they were given does not fit, they say so in a sentence, without a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from train.data import DataError
from train.files import NoRoom
from train.loop import NotFinite

EXPECTED = (DataError, NotFinite, NoRoom)
Main = Callable[[list[str]], int]


def telling(name: str) -> Callable[[Main], Main]:
    """A main function whose expected errors become a message and an exit status: 2 if the request or the
    data do not fit, else 1."""

    def wrap(main: Main) -> Main:
        @functools.wraps(main)
        def wrapped(argv: list[str]) -> int:
            try:
                return main(argv)
            except EXPECTED as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 2 if isinstance(error, DataError) else 1

        return wrapped

    return wrap
