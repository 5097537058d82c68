"""Find wrong labels by cross-validation: `python -m train.clean --a DIR --b DIR --out DIR`.

Each image is judged by a classifier that did not train on it. OUT/drop.txt lists the images whose
label is unlikely, for --drop of the trainer.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from train import config as configs
from train import data, loop
from train.methods import method
from train.program import telling


def probabilities(run: Path, paths: list[str]) -> np.ndarray:
    """The probability of domain b for each image, from the mean logits of the image and its mirror image."""
    _, trainer, _ = loop.restore(run, loop.device())
    net = trainer.network().eval()
    results = []
    with torch.no_grad():
        for start in range(0, len(paths), 32):
            images = data.to_float(np.stack([data.decode(p) for p in paths[start : start + 32]]))
            logits = net(images) + net(images.flip(3))
            results.append((logits / 2).softmax(1)[:, 1])
    return torch.cat(results).numpy()


def cross_validate(
    a: list[str], b: list[str], out: Path, folds: int, steps: int
) -> dict[str, tuple[int, float]]:
    """Map each path to its label and its probability of domain b, by a network that did not train on it."""
    labels = {p: label for label, side in ((0, a), (1, b)) for f in side for p in data.load(f).paths}
    order = np.random.default_rng(0).permutation(sorted(labels))
    result = {}
    for fold in range(folds):
        held = [str(p) for p in order[fold::folds]]
        run = out / f"fold{fold}"
        run.mkdir(parents=True, exist_ok=True)
        (run / "held.txt").write_text("\n".join(held))
        _, defaults = method("classifier")
        stages = [{**defaults["stages"][0], "steps": steps}]
        given = {"method": "classifier", "a": a, "b": b, "stages": stages, "seed": fold + 10}
        values = {**defaults, **given, "drop": str(run / "held.txt")}
        configs.write(configs.from_dict(values), run / loop.CONFIG)
        loop.train(run)
        result.update({p: (labels[p], float(s)) for p, s in zip(held, probabilities(run, held))})
    return result


def unlikely(scores: dict[str, tuple[int, float]], below_a: float, below_b: float) -> list[str]:
    """The paths whose label is less likely than the threshold of its domain."""
    return [
        path for path, (label, b) in sorted(scores.items()) if (b < below_b if label else 1 - b < below_a)
    ]


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train.clean", description=__doc__)
    parser.add_argument("--a", action="append", required=True, help="image folder of domain a; repeatable")
    parser.add_argument("--b", action="append", required=True, help="image folder of domain b; repeatable")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--folds", type=int, default=3, help="number of classifiers")
    parser.add_argument("--steps", type=int, default=400, help="training steps of each")
    parser.add_argument(
        "--below-a", type=float, default=0.35, help="drop images of a if their label is less likely"
    )
    parser.add_argument(
        "--below-b", type=float, default=0.35, help="drop images of b if their label is less likely"
    )
    return parser.parse_args(argv)


@telling("train.clean")
def main(argv: list[str]) -> int:
    options = parse(argv)
    scores = cross_validate(options.a, options.b, options.out, options.folds, options.steps)
    (options.out / "scores.json").write_text(json.dumps(scores, indent=0))
    drop = unlikely(scores, options.below_a, options.below_b)
    (options.out / "drop.txt").write_text("\n".join(drop) + "\n")
    for folder in (*options.a, *options.b):
        paths = data.load(folder).paths
        dropped = sum(p in set(drop) for p in paths)
        print(f"{folder}: {dropped} of {len(paths)} dropped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
