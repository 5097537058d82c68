"""Models that translate between summer and winter, beside the built-in one at the same size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluate import metrics, sets
from evaluate.structure import edges_kept
from evaluate.zoo import pictures
from evaluate.zoo.bench import Bench, Figure, Verdict, percent, resized
from evaluate.zoo.models import Model
from train.rank import ridge

NAMES = ("summer", "winter")
PENALTY = 10.0


def probe(bench: Bench, side: int) -> Callable[[np.ndarray], np.ndarray]:
    """A linear score of pretrained features, positive for winter, fitted to the training folders."""
    seen = [bench.remembered([bench.root / "seasons" / "train" / name], side) for name in NAMES]
    truth = np.concatenate([-np.ones(len(seen[0])), np.ones(len(seen[1]))])
    return ridge(np.concatenate(seen), truth, PENALTY)


def seasons(bench: Bench, model: Model) -> Verdict:
    side = model.side
    score = probe(bench, side)
    folders = [bench.root / "seasons" / "validation" / name for name in NAMES]
    given = [pictures.folder(folder, side) for folder in folders]
    seen = [bench.see(x) for x in given]
    own = [metrics.accuracy(score(s), label) for label, s in enumerate(seen)]
    others = {"": model}
    builtin = bench.model("seasons")
    if builtin:
        others["the built-in seasons: "] = builtin
    figures, sheet = [], []
    for prefix, other in others.items():
        for label in (1, 0):
            source = 1 - label
            result = other.translate(given[source], to=NAMES[label])[0]
            made = resized(result, side)
            found = bench.see(made)
            flips = metrics.flip_rate(score(seen[source]), score(found), label)
            figures.append(Figure(f"{prefix}flips to {NAMES[label]}", flips, None if prefix else 0.85))
            figures.append(Figure("KID × 10³", 1e3 * sets.kid(found, seen[label]), digits=0))
            figures.append(Figure("edges kept", edges(made, given[source])))
            if label == 1:
                figures += bench.checkerboards(result, given[label], resized(given[source], result.shape[1]))
            shown = slice(0, 96, 8)
            sheet += [("source", given[source][shown]), (prefix + NAMES[label], made[shown])]
    judge = f"a probe of EfficientNet-Lite2: {percent(own[0])} of summers, {percent(own[1])} of winters"
    return Verdict(figures, judge, f"gtx translate --model {model.name} --to winter photo.jpg", sheet)


def edges(made: np.ndarray, given: np.ndarray) -> float:
    return float(np.nanmean([edges_kept(x, y) for x, y in zip(made, given)]))
