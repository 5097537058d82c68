"""Export a training run as ONNX with its manifest: one file, and one beside it for each further graph."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch

from export import golden
from export.graph import decode, encode, halve_weights, round_weights, save, to_onnx
from export.lean import lean
from export.manifest import LICENSE, Manifest, file_of, manifest
from export.parity import TOLERANCE, parity
from train import loop
from train.config import Config
from train.ports import Exported, Graph
from train.program import telling


def commit() -> str:
    """The commit of this checkout at the time of the export. Empty outside a checkout."""
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        found = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return found.stdout.strip()


def describe(config: Config, step: int) -> dict[str, Any]:
    """The training block of the manifest. Folders are cut to their last three names: facades/train/photo."""
    folders = ["/".join(Path(folder).parts[-3:]) for folder in (*config.a, *config.b)]
    return {"data": ", ".join(folders), "steps": step, "commit": commit()}


@torch.no_grad()
def golden_cases(made: Exported) -> list[golden.Case]:
    """The answers of the networks for the golden image."""
    picture = decode(torch.from_numpy(golden.ramps(made.side, made.side))[None])
    cases = []
    for args, answer in made.golden:
        found = answer(picture)
        if found.dim() == 2:
            cases.append(golden.probability_case(found[0].softmax(0).tolist()))
            continue
        pixels = encode(found.expand(-1, 3, -1, -1))[0].numpy()
        cases.append(golden.image_case(pixels, made.side, made.tolerance, **args))
    return cases


@dataclass(frozen=True)
class Export:
    """The graphs of a run's averaged networks and their files. The last one carries the manifest."""

    graphs: tuple[Graph, ...]
    models: list[onnx.ModelProto]
    manifest: Manifest

    @property
    def model(self) -> onnx.ModelProto:
        return self.models[-1]

    @property
    def files(self) -> list[str]:
        """The names of the files, in order."""
        name = self.manifest["name"]
        return [*(file_of(name, graph) for graph in self.graphs[:-1]), f"{name}.onnx"]


def build(run: Path, name: str, title: str, composed: bool = True, half: bool = False) -> Export:
    """What a run exports.

    composed: export the translation of a generator with a cover, not its layers.
    half: store the weights of convolutions and linear layers as float16. The networks get the same rounded
    weights.
    """
    config, trainer, facts = loop.restore(run, torch.device("cpu"))
    made = trainer.composed() if composed and hasattr(trainer, "composed") else trainer.exported()
    for graph in made.graphs:
        graph.net.eval().requires_grad_(False)
        if half:
            round_weights(graph.net)
    text = manifest(name, title or config.title or name, made, describe(config, facts["step"]))
    text["license"] = config.license or LICENSE
    cases = golden_cases(made)
    if cases:
        text["golden"] = cases
    models = [to_onnx(graph) for graph in made.graphs[:-1]] + [to_onnx(made.graphs[-1], text)]
    if half:
        for model in models:
            halve_weights(model)
    return Export(made.graphs, [lean(model) for model in models], text)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("run", type=Path, help="run folder of python -m train")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--title", default="", help="title in the manifest (default: the recipe's)")
    parser.add_argument(
        "--composed", action="store_true", help="one output, the translation, of a generator with a cover"
    )
    parser.add_argument("--half", action="store_true", help="store the weights as float16")
    return parser.parse_args(argv)


@telling("export")
def main(argv: list[str]) -> int:
    options = parse(argv)
    made = build(options.run, options.out.stem, options.title, options.composed, options.half)
    differences = [parity(model, graph) for model, graph in zip(made.models, made.graphs)]
    if max(differences) > TOLERANCE:
        print(f"export: a graph differs from its network by {max(differences):.2g}", file=sys.stderr)
        return 1
    for file, model, difference in zip(made.files, made.models, differences):
        path = options.out.with_name(file)
        save(model, path)
        print(f"{path}: {path.stat().st_size} bytes, parity {difference:.1g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
