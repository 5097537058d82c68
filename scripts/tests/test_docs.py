"""The commands in the documentation are accepted by the modules that they run."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from train import config as configs
from train.methods import method

SCRIPTS = Path(__file__).parents[1]
ROOT = SCRIPTS.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# A line of a code block, perhaps behind another command, with its continuation lines.
COMMAND = re.compile(
    r"^ *(?:[^`\n]*&& )?python3? -m (?P<module>[\w.]+)(?P<arguments>(?:\\\n|[^\n`])*)$", re.M
)

# Modules from elsewhere, whose parsers are not ours to check.
FOREIGN = {"pytest"}


def commands(text: str) -> list[tuple[str, list[str]]]:
    """The module and the arguments of each `python -m MODULE ...` line of a page."""
    found = []
    for match in COMMAND.finditer(text):
        if match["module"] not in FOREIGN:
            found.append((match["module"], shlex.split(match["arguments"].replace("\\\n", " "))))
    return found


DOCUMENTED = [(page.name, *command) for page in PAGES for command in commands(page.read_text())]


def test_commands_are_found_with_their_continuation_lines():
    block = '    cd x && python3 -m train --out "A B" \\\n        --seed 1\n'
    page = f"Prose has `python -m train.clean`.\n\n{block}\n<!-- written by python -m evaluate -->\n"
    assert commands(page) == [("train", ["--out", "A B", "--seed", "1"])]


def test_every_documented_module_is_covered():
    modules = {module for _, module, _ in DOCUMENTED}
    assert modules == {
        *("train", "train.clean", "train.mean", "train.rank", "export"),
        *("evaluate", "evaluate.pretrained", "checkerboard"),
    }


@pytest.mark.parametrize(("page", "module", "arguments"), DOCUMENTED)
def test_a_documented_command_is_accepted(page: str, module: str, arguments: list[str]):
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"{page}: no module {module}"
    package = spec.submodule_search_locations is not None
    options = vars(importlib.import_module(f"{module}.__main__" if package else module).parse(arguments))
    if options.get("method"):
        method(options["method"])
    if options.get("config") and "recipes" in options["config"].parts:
        assert configs.read(SCRIPTS / options["config"]), f"{page}: {options['config']}"
