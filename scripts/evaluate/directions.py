"""Run a translator over the validation images and compute its figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluate import metrics, sets, structure
from evaluate.judges import Judge
from evaluate.translators import Translator
from measure.gtx import Flagger

STRENGTHS = np.linspace(0, 1, 9)
NAMES = ("flips", "flipped", "response", "spearman", "step", "kid")


@dataclass(frozen=True)
class Domain:
    """The validation images of one domain.

    clear marks the images whose season can be seen. seen holds scores [n] and features [n, d] by judge.
    """

    name: str
    pixels: np.ndarray
    clear: np.ndarray
    seen: list[tuple[np.ndarray, np.ndarray]]

    def only_clear(self) -> Domain:
        return self.part(self.clear)

    def part(self, mask: np.ndarray) -> Domain:
        seen = [(scores[mask], features[mask]) for scores, features in self.seen]
        return Domain(self.name, self.pixels[mask], self.clear[mask], seen)


@dataclass(frozen=True)
class Direction:
    """The results of a translator on the images of one domain. Arrays have one entry per image.

    seen holds scores [strengths, n] and features [n, d] at full strength, by judge.
    """

    translated: np.ndarray  # uint8, at full strength
    seen: list[tuple[np.ndarray, np.ndarray]]
    moved: np.ndarray  # mean absolute change, in levels
    own: np.ndarray  # the same, when asked for the domain that the image is in
    own_psnr: np.ndarray
    again: np.ndarray  # change when the translation is translated again
    back_psnr: np.ndarray  # after translating there and back
    edges: np.ndarray
    flagged: np.ndarray

    def part(self, mask: np.ndarray) -> Direction:
        seen = [(scores[:, mask], features[mask]) for scores, features in self.seen]
        rest = {k: v[mask] for k, v in vars(self).items() if k != "seen"}
        return Direction(seen=seen, **rest)


def run(
    translate: Translator, images: np.ndarray, target: int, judges: list[Judge], flag: Flagger
) -> Direction:
    """Translate images of the other domain to the target domain, at all strengths.

    flag finds checkerboards (see measure.gtx.flagger).
    """
    scores: list[list[np.ndarray]] = [[] for _ in judges]
    features: list[np.ndarray] = []
    full = images
    for strength in STRENGTHS:
        full = translate(images, target, float(strength))
        looks = [judge.look(full) for judge in judges]
        for found, look in zip(scores, looks):
            found.append(look[0])
        features = [look[1] for look in looks]
    own = translate(images, 1 - target, 1.0)
    return Direction(
        translated=full,
        seen=[(np.stack(s), f) for s, f in zip(scores, features)],
        moved=metrics.distances(full, images),
        own=metrics.distances(own, images),
        own_psnr=metrics.psnrs(own, images),
        again=metrics.distances(translate(full, target, 1.0), full),
        back_psnr=metrics.psnrs(translate(full, 1 - target, 1.0), images),
        edges=np.array([structure.edges_kept(x, y) for x, y in zip(full, images)]),
        flagged=flag(full, images),
    )


def figures(
    there: Direction, back: Direction, source: Domain, target: Domain, label: int
) -> dict[str, float]:
    """The figures of the direction `there`. `back` is the other direction, from the target's images."""
    found: dict[str, float] = {}
    for i, (scores, features) in enumerate(there.seen):
        before, (goal, real) = source.seen[i][0], target.seen[i]
        spearman, step, span = metrics.response(scores, label)
        gap = metrics.towards(goal, label).mean() - metrics.towards(before, label).mean()
        values = (
            metrics.accuracy(scores[-1], label),
            metrics.flip_rate(before, scores[-1], label),
            span / gap,
            spearman,
            step,
            1e3 * sets.kid(features, real),
        )
        found.update({f"{name} {i}": float(value) for name, value in zip(NAMES, values)})
    moved = there.moved.mean()
    share = (lambda x: float(x.mean() / moved)) if moved > 0 else (lambda x: metrics.NAN)
    found.update(
        {
            "swd": 1e3 * sets.sliced_wasserstein(there.translated, target.pixels),
            "moved": float(moved),
            "own": share(there.own),
            "own psnr": float(there.own_psnr.mean()),
            "again": share(there.again),
            "back psnr": float(there.back_psnr.mean()),
            "auc": metrics.auc(there.moved, back.own),
            "edges": float(np.nanmean(there.edges)),
            "flagged": float(there.flagged.sum()),
        }
    )
    return found
