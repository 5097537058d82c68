"""DistanceGAN: one-sided translation that keeps the distances between images.

Benaim & Wolf 2017, "One-Sided Unsupervised Domain Mapping". No way back is learned. If two images
are far from each other, so are their translations.
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

# Distances say little about which digit it is. What keeps the strokes is that neither network sees far: the
# generator halves the size once, and the discriminator judges patches of 18 pixels.
DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 32, "batch": 16, "cover": [1.0, 1.0]}],
    "side": 32,
    "mirror": False,
    "lr": 3e-4,
    "network": {"width": 32, "blocks": 2, "downs": 1},
    "discriminator": {"width": 32, "scales": 1, "levels": 2},
    "weights": {"adversarial": 1.0, "distance": 2.0, "halves": 1.0, "identity": 10.0},
}
MEASURED = 512  # images, for the mean and the deviation of the distances of a domain


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
        self.for_judge = self.adam("discriminator_optimiser", [self.judge])
        self.scales: list[tuple[Tensor, Tensor]] = []

    def measure(self, source: sources.Digits) -> None:
        """The mean and deviation of distances and self-distances in both domains, before the first step."""
        rng = np.random.default_rng(self.config.seed)
        domains = (source.colours(rng, MEASURED)[0], source.greys(rng, MEASURED))
        for distance in (between, halves):
            for images in domains:
                found = distance(images)
                self.scales.append((found.mean(), found.std().clamp(min=1e-3)))

    def step(self, source: sources.Digits, rng: np.random.Generator, step: int) -> Losses:
        _, n = self.begin(step)
        if not self.scales:
            self.measure(source)
        x, y = self.put(source.colours(rng, n)[0]), self.put(source.greys(rng, n))
        with frozen(self.judge), self.autocast():
            made, plain = self.generator(torch.cat([x, y.expand(-1, 3, -1, -1)])).chunk(2)
            fooled = judged(self.judge(made), True)
        kept = []
        for k, distance in enumerate((between, halves)):
            (mean_x, deviation_x), (mean_y, deviation_y) = self.scales[2 * k : 2 * k + 2]
            wanted = (distance(x) - mean_x) / deviation_x
            kept.append((wanted - (distance(made) - mean_y) / deviation_y).abs().mean())
        w = self.weights
        same = reconstruction(plain, y)
        loss = w["adversarial"] * fooled + w["distance"] * kept[0] + w["halves"] * kept[1]
        loss = loss + w["identity"] * same
        self.descend(self.for_generator, loss)

        with self.autocast():
            rival = judged(self.judge(y), True) + judged(self.judge(made.detach()), False)
        self.descend(self.for_judge, rival)
        self.average.update(self.generator, step)
        return values(fooled=fooled, distance=kept[0], halves=kept[1], identity=same, discriminator=rival)

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


def halves(images: Tensor) -> Tensor:
    """The mean absolute difference of the left and the right half of each image."""
    left, right = images.float().chunk(2, dim=3)
    return (left - right).abs().mean((1, 2, 3))


METHOD = DistanceGAN
