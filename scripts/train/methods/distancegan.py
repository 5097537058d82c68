"""DistanceGAN: one-sided translation that keeps the distances between images.

Benaim & Wolf 2017, "One-Sided Unsupervised Domain Mapping". No way back is learned. If two images
are far from each other, so are their translations. Two departures. The paper's self-distance (equation 6)
compares the left half of an image with the right one, a single number per image. Here an image is compared
with itself moved by a few pixels, which gives a distance per pixel: two pixels that differ in the source
differ in the result. And an image of the target domain must come out as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from train import sources
from train.config import Config
from train.losses import judged, reconstruction
from train.methods.base import Base, Losses, frozen, values
from train.networks.patches import Scales
from train.networks.resnet import ResNet
from train.ports import Exported, Graph, fixed, image, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 32, "batch": 16, "cover": [1.0, 1.0]}],
    "side": 32,
    "mirror": False,
    "lr": 4e-4,
    "network": {"width": 32, "blocks": 2, "downs": 1},
    "discriminator": {"width": 32, "scales": 1, "levels": 3},
    "weights": {"adversarial": 1.0, "distance": 0.1, "self": 3.0, "identity": 5.0},
}
MEASURED = 512  # images, for the mean and the deviation of the distances of a domain
REACH = 3  # pixels by which an image is moved, at most
MOVES = 3  # per step


class DistanceGAN(Base):
    """min over G of L_GAN + L_distance (equation 5) + L_self-distance (equation 6)."""

    paper = "Benaim & Wolf 2017, One-Sided Unsupervised Domain Mapping"
    data = sources.Digits

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.generator = self.add("generator", ResNet(**config.network, outputs=1))
        self.judge = self.add("discriminator", Scales(inputs=1, **config.discriminator))
        self.average = self.averaged("average", self.generator)
        self.for_generator = self.adam("generator_optimiser", [self.generator])
        self.for_judge = self.adam("discriminator_optimiser", [self.judge], rate=2.0)
        self.scales: list[tuple[Tensor, Tensor]] = []

    def measure(self, source: sources.Digits) -> None:
        """The mean and deviation of the distances in both domains, before the first step."""
        rng = np.random.default_rng(self.config.seed)
        for images in (source.colours(rng, MEASURED)[0], source.greys(rng, MEASURED)):
            found = between(images)
            self.scales.append((found.mean(), found.std().clamp(min=1e-3)))

    def step(self, source: sources.Digits, rng: np.random.Generator, step: int) -> Losses:
        _, n = self.begin(step)
        if not self.scales:
            self.measure(source)
        x, y = self.put(source.colours(rng, n)[0]), self.put(source.greys(rng, n))
        with frozen(self.judge), self.autocast():
            made, plain = self.generator(torch.cat([x, y.expand(-1, 3, -1, -1)])).chunk(2)
            fooled = judged(self.judge(made), True)
        (mean_x, deviation_x), (mean_y, deviation_y) = self.scales
        far, made_far = ((between(x) - mean_x) / deviation_x, (between(made) - mean_y) / deviation_y)
        distance = (far - made_far).abs().mean()
        moves = rng.integers(-REACH, REACH + 1, size=(MOVES, 2))
        own = torch.stack([unlike(moved(x, *by), moved(made, *by)) for by in moves.tolist()]).mean()
        same = reconstruction(plain, y)
        w = self.weights
        loss = w["adversarial"] * fooled + w["distance"] * distance + w["self"] * own
        self.descend(self.for_generator, loss + w["identity"] * same)

        with self.autocast():
            rival = judged(self.judge(y), True) + judged(self.judge(made.detach()), False)
        self.descend(self.for_judge, rival)
        self.average.update(self.generator, step)
        return values(fooled=fooled, distance=distance, own=own, identity=same, discriminator=rival)

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        colours, greys = (self.put(images) for images in shown)
        return [colours, self.average.net(colours), greys]

    def exported(self) -> Exported:
        net, side = self.network(), self.config.side
        start, target = self.config.domains
        size = fixed(side, restore="none")
        sizes = ((2, side, side), (1, side, side), (3, side, side))
        graph = Graph("main", net, (image(size),), (result(channels=1),), sizes)
        parts = {
            "domains": [{"id": start}, {"id": target}],
            "directions": [{"from": start, "to": target, "graph": "main"}],
        }
        return Exported("DistanceGAN", (graph,), parts, (({"to": target}, net),), side)


def between(images: Tensor) -> Tensor:
    """The mean absolute difference of each image and its neighbour in the batch (all pairs would repeat)."""
    return (images - images.roll(1, 0)).float().abs().mean((1, 2, 3))


def moved(images: Tensor, down: int, right: int) -> Tensor:
    """[n, h', w']: how far each image differs from itself moved by some pixels, where the two overlap."""
    images = images.float()
    height, width = images.shape[2:]
    here = images[:, :, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
    there = images[:, :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    return (here - there).abs().mean(1)


def unlike(first: Tensor, second: Tensor) -> Tensor:
    """One minus the correlation of two maps of distances, mean of the batch: contrast does not count."""
    first, second = (x.flatten(1) - x.flatten(1).mean(1, keepdim=True) for x in (first, second))
    norms = (first.norm(dim=1) * second.norm(dim=1)).clamp(min=1e-3)
    return (1 - (first * second).sum(1) / norms).mean()


METHOD = DistanceGAN
