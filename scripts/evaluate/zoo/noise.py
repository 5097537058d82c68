"""Models that make images of noise: how near are they to real ones, and are they copies?"""

from __future__ import annotations

import numpy as np

from evaluate import sets
from evaluate.pretrained import noise
from evaluate.zoo import pictures
from evaluate.zoo.bench import Bench, Figure, Verdict
from evaluate.zoo.models import Model

COUNT = 400


def made_by(model: Model) -> np.ndarray:
    """COUNT images of a model, of all its classes alike."""
    classes: list[str | None] = list(model.domains) if len(model.domains) > 1 else [None]
    share = -(-COUNT // len(classes))
    return np.concatenate([model.generate(share, seed=1, to=name) for name in classes])[:COUNT]


def of_noise(*folders: str):
    """The criterion against a network trained at full size at once, NAME-direct.

    folders: of the data; `train` in them is `validation` for the real images that count.
    """

    def criterion(bench: Bench, model: Model) -> Verdict:
        def real(part: str, side: int) -> np.ndarray:
            found = [pictures.folder(bench.root / f.format(part=part), side) for f in folders]
            return np.concatenate(found)

        made = made_by(model)
        side = made.shape[1]
        wanted = bench.remembered(f"{folders} validation {side}", lambda: real("validation", side))
        known = bench.remembered(f"{folders} train {side}", lambda: real("train", side))
        seen = bench.see(made)
        kid = 1e3 * sets.kid(seen, wanted)
        direct = bench.model(f"{model.name}-direct")
        figures = [Figure("KID × 10³ to real", kid, digits=0)]
        if direct:
            other = 1e3 * sets.kid(bench.see(made_by(direct)), wanted)
            figures = [
                Figure("KID × 10³ to real", kid, most=other / 4, digits=0),
                Figure("trained at full size at once", other, digits=0),
            ]
        # A memory of training images would lie nearer to them than other real images do.
        nearest = distances(seen, known)
        others = distances(wanted, known).min(1)
        figures += [
            Figure("between halves of real", 1e3 * noise(wanted), digits=1),
            Figure(
                "distance to the nearest training image, of a real one's",
                float(nearest.min(1).mean() / others.mean()),
                0.9,
            ),
        ]
        shown = real("train", side)[nearest[:24].argmin(1)]
        sheet = [("made of noise", made[:24]), ("nearest training image", shown)]
        sheet.append(("more", made[24:48]))
        command = f"gtx generate --model {model.name} --count 10 -o out"
        return Verdict(figures, "EfficientNet-Lite2, trained on ImageNet", command, sheet)

    return criterion


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Euclidean distances of feature vectors, [n, m]."""
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))
