"""What all criteria share: the data, the models, the judges, and how a verdict is stated."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from evaluate.pretrained import recompress
from evaluate.zoo import judges, pictures
from evaluate.zoo.judges import Judge
from evaluate.zoo.models import Model
from measure import gtx
from train import data
from train.networks.efficientnet import features
from train.rank import look

CHECKED = 40  # results that are looked at for checkerboards
SEEN = 128  # side at which pretrained features see images


@dataclass(frozen=True)
class Figure:
    """A measured number, and the mark it has to reach if there is one."""

    name: str
    value: float
    least: float | None = None
    most: float | None = None
    digits: int = 2

    @property
    def met(self) -> bool | None:
        """None if there is no mark."""
        if self.least is None and self.most is None:
            return None
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)

    def __str__(self) -> str:
        value = "–" if math.isnan(self.value) else f"{self.value:.{self.digits}f}".replace("-", "−")
        mark = ""
        if self.least is not None:
            mark = f" (≥ {self.least:.{self.digits}f})"
        elif self.most is not None:
            mark = f" (≤ {self.most:.{self.digits}f})"
        text = f"{self.name} {value}{mark}"
        return text if self.met is not False else f"{text}, missed"


@dataclass(frozen=True)
class Verdict:
    """The figures of a model, a phrase on the judge's own accuracy, and the titles and images of a sheet."""

    figures: list[Figure]
    judge: str
    command: str  # of gtx, to try the model
    sheet: list[tuple[str, np.ndarray]] = field(default_factory=list)

    @property
    def met(self) -> bool:
        return all(figure.met is not False for figure in self.figures)


@dataclass(frozen=True)
class Bench:
    """The data, the folder of models and the judges, which are trained when they are first needed.

    others: folders of models that are only compared with.
    """

    root: Path
    models: Path
    gtx: Path = gtx.BINARY
    variant: str = "lite2"  # the pretrained features; random for tests
    recipes: dict[str, dict[str, Any]] = field(default_factory=dict)  # of judges, if not the default
    others: tuple[Path, ...] = ()

    def model(self, name: str) -> Model | None:
        paths = (folder / f"{name}.onnx" for folder in (self.models, *self.others))
        found = next((path for path in paths if path.exists()), None)
        return Model(found, self.gtx) if found else None

    def judge(self, name: str) -> Judge:
        known = self.__dict__.setdefault("judges", {})
        if name not in known:
            given = [self.recipes[name]] if name in self.recipes else []
            known[name] = judges.ALL[name](self.root, *given)
        return known[name]

    @cached_property
    def net(self) -> nn.Module:
        return features(self.variant)

    def see(self, images: np.ndarray) -> np.ndarray:
        """Pretrained features [n, d] of images after JPEG, enlarged to SEEN if they are smaller."""
        found = []
        for start in range(0, len(images), 100):
            part = recompress(images[start : start + 100])
            if part.shape[1] < SEEN:
                part = resized(part, SEEN)
            found.append(look(self.net, part)[0])
        return np.concatenate(found)

    def remembered(self, folders: Sequence[Path], side: int) -> np.ndarray:
        """The features of the real images in folders, from the cache if they are there."""
        stamps = [stamp(folder) for folder in folders]
        key = hashlib.sha256(f"{stamps} {side} {self.variant}".encode()).hexdigest()[:24]
        return data.remembered(
            f"{key}-zoo-seen.npy",
            lambda: self.see(np.concatenate([pictures.folder(f, side) for f in folders])),
        )

    def checkerboards(
        self, made: np.ndarray, real: np.ndarray, sources: np.ndarray | None = None
    ) -> list[Figure]:
        """The shares of at most CHECKED results, and of real images, in which gtx finds a checkerboard.

        If there are sources, of the same size, results are compared with them. Real images are then compared
        with flat grey, so that the threshold is the same. gtx does not score images below 64 pixels: for
        them there are no figures.
        """
        if made.shape[1] < 64:
            return []
        flag = gtx.flagger(self.gtx)

        def share(images: np.ndarray, against: np.ndarray | None) -> float:
            chosen = spread(len(images), CHECKED)
            return float(flag(images[chosen], None if against is None else against[chosen]).mean())

        real = resized(real, made.shape[1])
        flat = None if sources is None else np.full_like(real, 128)
        return [
            Figure("checkerboards, of results", share(made, sources)),
            Figure("of real images", share(real, flat)),
        ]

    def stamp(self, name: str) -> str:
        """A digest that changes with the data set of that name."""
        known = self.__dict__.setdefault("stamps", {})
        if name not in known:
            known[name] = stamp(self.root / name)
        return known[name]


def stamp(folder: Path) -> str:
    """Changes with the names, sizes and times of the files in a folder and below it."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        found = path.stat()
        if path.is_file():
            whole.update(f"{path.relative_to(folder)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return whole.hexdigest()


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 images at another size, bilinear, with antialiasing when they shrink."""
    if images.shape[1] == images.shape[2] == side:
        return images
    x = torch.from_numpy(np.ascontiguousarray(images)).movedim(-1, 1).float()
    x = F.interpolate(x, (side, side), mode="bilinear", align_corners=False, antialias=True)
    return x.round().clamp(0, 255).byte().movedim(1, -1).numpy()


def l1(x: np.ndarray, y: np.ndarray) -> float:
    """Mean absolute difference in levels of 0 to 255."""
    return float(np.abs(x.astype(np.float32) - y).mean())


def spread(count: int, most: int) -> np.ndarray:
    """At most `most` of `count` indices, at even distances."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def ratio(part: float, whole: float) -> float:
    """part / whole; NaN if the whole is zero."""
    return float(part / whole) if whole else float("nan")


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
