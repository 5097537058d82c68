"""PGGAN: images of noise, by networks that grow from 4 pixels to their full size.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation". A
stage of the recipe is a size. In its first half the new layers fade in (figure 2). A recipe with one
stage trains at the full size at once, for comparison.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sources
from train.config import Config
from train.methods.base import Base, Losses, frozen, values
from train.networks.progressive import Discriminator, Generator, plain
from train.noise import draw
from train.ports import Exported, Graph, noise, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 500, "size": size, "batch": 16, "cover": [1.0, 1.0]} for size in (8, 16, 32, 64)],
    "side": 64,
    "lr": 1e-3,
    "betas": [0.0, 0.99],
    "decay_from": 0.8,
    "ema": 0.995,
    "network": {"z": 64, "widths": [96, 96, 96, 64, 32]},
    "weights": {"penalty": 10.0, "drift": 0.001},
}
SMALLEST = 4


class PGGAN(Base):
    """WGAN-GP (Gulrajani et al. 2017) with a drift term, appendix A.1; one step of D for one of G."""

    paper = "Karras et al. 2018, Progressive Growing of GANs for Improved Quality, Stability, and Variation"
    data = sources.Single

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.z, widths = config.network["z"], tuple(config.network["widths"])
        self.generator = self.add("generator", Generator(self.z, widths))
        self.discriminator = self.add("discriminator", Discriminator(widths))
        self.average = self.averaged("average", self.generator)
        self.for_generator = self.adam("generator_optimiser", [self.generator])
        self.for_discriminator = self.adam("discriminator_optimiser", [self.discriminator])

    def growth(self, step: int) -> tuple[int, float]:
        """The level of a step, and the share of its finest layers, which grows to 1 in half a stage."""
        index, stage = self.config.stage_at(step)
        level = (stage.size // SMALLEST).bit_length() - 1
        if index == 0:
            return level, 1.0
        began = sum(earlier.steps for earlier in self.config.stages[:index])
        return level, min(1.0, (step - began + 1) / (0.5 * stage.steps))

    def step(self, source: sources.Single, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        level, share = self.growth(step)
        seeded = self.seeded(rng)
        real = self.put(source.batch(rng, n, stage))
        if level > 0:  # the real images fade in as well
            coarse = F.interpolate(F.avg_pool2d(real, 2), scale_factor=2.0, mode="nearest")
            real = coarse + share * (real - coarse)
        z = hypersphere(torch.randn(n, self.z, generator=seeded))
        with frozen(self.discriminator), self.autocast():
            made = self.generator(z, level, share)
            score = self.discriminator(made, level, share).mean()
        self.descend(self.for_generator, -score)

        made = made.detach()
        with self.autocast():
            on_real = self.discriminator(real, level, share)
            on_fake = self.discriminator(made, level, share)
        mix = torch.rand(n, 1, 1, 1, generator=seeded)
        between = (real + mix * (made - real)).requires_grad_()
        (slope,) = torch.autograd.grad(
            self.discriminator(between, level, share).sum(), between, create_graph=True
        )
        penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
        w = self.weights
        distance = on_real.mean() - on_fake.mean()
        loss = w["penalty"] * penalty + w["drift"] * (on_real**2).mean() - distance
        self.descend(self.for_discriminator, loss)
        self.average.update(self.generator, step)
        return values(distance=distance, penalty=penalty, score=score)

    @torch.no_grad()
    def sheet(self, shown: Tensor) -> list[Tensor]:
        """Real images, and seven columns of noise, by the levels trained so far at full share."""
        side, rng = self.config.stages[-1].size, torch.Generator().manual_seed(0)
        columns = [F.interpolate(shown, (side, side), mode="area")]
        level = (side // SMALLEST).bit_length() - 1
        for _ in range(7):
            z = hypersphere(torch.randn(len(shown), self.z, generator=rng))
            columns.append(self.average.net(z, level))
        return columns

    def exported(self) -> Exported:
        side = self.config.stages[-1].size
        net = Grown(self.average.net, (side // SMALLEST).bit_length() - 1)
        z = noise("z", self.z, hypersphere=True)
        graph = Graph("main", net, (z,), (result("image"),), ((2, side, side), (1, side, side)))

        def answer(_: Tensor) -> Tensor:
            return net(hypersphere(torch.from_numpy(draw("z", self.z, 1))[None]).flatten(1))

        return Exported("PGGAN", (graph,), {}, (({"seed": 1}, answer),), side)


def hypersphere(z: Tensor) -> Tensor:
    """z [n, k] with a mean square of one, as [n, k, 1, 1]."""
    return (z * torch.rsqrt((z**2).mean(1, keepdim=True)))[:, :, None, None]


class Grown(nn.Module):
    """The generator at one level, with the scales of its weights multiplied in: z [n, k] -> image."""

    def __init__(self, net: Generator, level: int) -> None:
        super().__init__()
        self.net, self.level = plain(net), level

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z[:, :, None, None], self.level)


METHOD = PGGAN
