"""Digits in colour, on photographs, to grey digits: does a reader of MNIST read the results?"""

from __future__ import annotations

import numpy as np

from evaluate.zoo.bench import Bench, Figure, Verdict, percent, resized
from evaluate.zoo.models import Model
from train.config import Config, Stage
from train.sources import Digits

COUNT = 1000
SIDE = 32


def colours(bench: Bench) -> tuple[np.ndarray, np.ndarray]:
    """Colour digits made of the validation images, uint8 [n, 32, 32, 3], and their classes."""
    photographs = [str(bench.root / "seasons" / "validation" / s) for s in ("summer", "winter")]
    digits = [str(bench.root / "digits" / "validation")]
    config = Config(method="", stages=[Stage(1, SIDE, 1)], a=digits, b=photographs, side=SIDE)
    made, labels = Digits(config).colours(np.random.default_rng(0), COUNT)
    return ((made + 1) * 127.5).round().byte().movedim(1, -1).numpy(), labels.numpy()


def target(model: Model) -> str | None:
    """The domain of grey digits; None if the model has one direction only."""
    grey = [name for name in model.domains if "colo" not in name]
    return grey[0] if len(model.domains) > 1 and grey else None


def read(bench: Bench, model: Model, least: float) -> Verdict:
    """The share of results that the judge reads right is at least `least`."""
    given, labels = colours(bench)
    made = resized(model.translate(given, to=target(model))[0], SIDE)
    judge = bench.judge("digits")
    right = float((judge.look(made).argmax(1) == labels).mean())
    untouched = float((judge.look(given).argmax(1) == labels).mean())
    figures = [
        Figure("digits read right", right, least, digits=3),
        Figure("read without translation", untouched, digits=3),
    ]
    to = f" --to {target(model)}" if target(model) else ""
    sheet = [("colour digit", given[:48]), ("translation", made[:48])]
    own = f"reads {percent(judge.accuracy['digits'])} of MNIST"
    return Verdict(figures, own, f"gtx translate --model {model.name}{to} digit.png", sheet)
