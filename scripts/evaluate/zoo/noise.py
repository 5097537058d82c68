"""Models that make images from noise: how near are they to real ones, and are they copies?"""

from __future__ import annotations

import numpy as np

from evaluate import sets
from evaluate.pretrained import noise
from evaluate.zoo import pictures
from evaluate.zoo.bench import Bench, Figure, Verdict
from evaluate.zoo.models import Model

COUNT = 400


def made_by(model: Model) -> np.ndarray:
    """COUNT images of a model, in equal parts from its classes."""
    classes: list[str | None] = list(model.domains) if len(model.domains) > 1 else [None]
    share = -(-COUNT // len(classes))
    return np.concatenate([model.generate(share, seed=1, to=name) for name in classes])[:COUNT]


def of_noise(bench: Bench, model: Model, folders: tuple[str, ...]) -> Verdict:
    """The criterion, compared with NAME-direct, a network that was trained at full size from the start.

    folders: of the data, with {part} for `train` or `validation`. Results are compared with the real images
    of validation.
    """
    made = made_by(model)
    side = made.shape[1]
    there, fresh = (
        [bench.root / folder.format(part=part) for folder in folders] for part in ("train", "validation")
    )
    wanted, known, seen = bench.remembered(fresh, side), bench.remembered(there, side), bench.see(made)
    kid = 1e3 * sets.kid(seen, wanted)
    direct = bench.model(f"{model.name}-direct")
    figures = [Figure("KID × 10³ to real", kid, digits=0)]
    if direct:
        other = 1e3 * sets.kid(bench.see(made_by(direct)), wanted)
        figures = [
            Figure("KID × 10³ to real", kid, most=other / 4, digits=0),
            Figure("trained at full size at once", other, digits=0),
        ]
    # Copies of training images would lie nearer to them than other real images do.
    nearest = distances(seen, known)
    others = distances(wanted, known).min(1)
    figures += [
        Figure("between halves of real", 1e3 * noise(wanted), digits=1),
        Figure(
            "distance to the nearest training image, of a real one's",
            float(nearest.min(1).mean() / others.mean()),
            0.9,
        ),
        *bench.checkerboards(made, pictures.folder(fresh[0], side)),
    ]
    trained = np.concatenate([pictures.folder(folder, side) for folder in there])
    sheet = [("made of noise", made[:24]), ("nearest training image", trained[nearest[:24].argmin(1)])]
    sheet.append(("more", made[24:48]))
    command = f"gtx generate --model {model.name} --count 10 -o out"
    return Verdict(figures, "EfficientNet-Lite2, trained on ImageNet", command, sheet)


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Euclidean distances of feature vectors, [n, m]."""
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))
