"""Export a training run as one ONNX file with its manifest."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from export import golden
from export.graph import (
    BytesClassifier,
    BytesGenerator,
    BytesLayers,
    halve_weights,
    round_weights,
    save,
    to_onnx,
)
from export.lean import lean
from export.manifest import Manifest, classifier_manifest, generator_manifest, layers_manifest
from export.parity import TOLERANCE, parity
from train import loop
from train.config import Config


def commit() -> str:
    """The commit that the weights were trained from. Empty outside a checkout."""
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        found = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return found.stdout.strip()


def describe(config: Config, step: int) -> dict[str, Any]:
    """The training block of the manifest. Folders are cut to their last two names."""
    folders = ["/".join(Path(folder).parts[-2:]) for folder in (*config.a, *config.b)]
    return {"data": ", ".join(folders), "steps": step, "commit": commit()}


def golden_cases(wrapped: nn.Module, manifest: Manifest) -> list[golden.Case]:
    """The answers of the network for the golden image: one case per domain for a generator."""
    image = torch.from_numpy(golden.ramps(golden.SIDE, golden.SIDE))[None]
    with torch.no_grad():
        if isinstance(wrapped, BytesClassifier):
            return [golden.probability_case(wrapped(image)[0].softmax(0).tolist())]
        if isinstance(wrapped, BytesLayers):
            wrapped = BytesGenerator(wrapped.net).eval()
        return [
            golden.image_case(
                wrapped(image, torch.tensor([float(domain["code"])]))[0].numpy(), to=domain["id"], strength=1
            )
            for domain in manifest["domains"]
        ]


def build(
    run: Path, name: str, title: str, composed: bool = True, half: bool = False
) -> tuple[onnx.ModelProto, nn.Module]:
    """The graph of a run's averaged network, and that network. Both map bytes to bytes.

    composed: of a generator with a cover, give the translation instead of its layers.
    half: store the weights of convolutions as float16; the network gets what is left of them.
    """
    config, trainer, facts = loop.restore(run, torch.device("cpu"))
    if half:
        round_weights(trainer.network())
    training = describe(config, facts["step"])
    wrapped: nn.Module
    manifest: Manifest
    if config.method == "classifier":
        wrapped = BytesClassifier(trainer.network())
        manifest = classifier_manifest(name, title, config.domains, training)
    elif config.method == "opacity" and not composed:
        wrapped = BytesLayers(trainer.network())
        manifest = layers_manifest(name, title, config.domains, training)
    elif config.method in ("domain-code", "opacity"):
        wrapped = BytesGenerator(trainer.network())
        manifest = generator_manifest(name, title, config.domains, training)
    else:
        raise ValueError(f"no export for method {config.method!r}")
    wrapped.eval()
    manifest["golden"] = golden_cases(wrapped, manifest)
    model = to_onnx(wrapped, manifest)
    if half:
        halve_weights(model)
    return lean(model), wrapped


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("run", type=Path, help="run folder of python -m train")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--title", default="", help="title in the manifest (default: the name of OUT)")
    parser.add_argument(
        "--composed", action="store_true", help="one output, the translation, of a generator with a cover"
    )
    parser.add_argument("--half", action="store_true", help="store the convolutions' weights as float16")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    title = options.title or options.out.stem
    model, wrapped = build(options.run, options.out.stem, title, options.composed, options.half)
    difference = parity(model, wrapped)
    if difference > TOLERANCE:
        print(f"export: the graph differs from the network by {difference:.2g}", file=sys.stderr)
        return 1
    save(model, options.out)
    print(f"{options.out}: {options.out.stat().st_size} bytes, parity {difference:.1g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
