"""PGGAN: images from noise, by networks that grow from 4 pixels to their full size.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation". A
stage of the recipe is a size. In its first half the new layers fade in (figure 2). A recipe with one
stage trains at the full size at once, for comparison.

The loss is the logistic one. Every few steps it has a penalty on real images alone (R1, Mescheder et al.
2018, who trained these networks with it). The penalty of WGAN-GP would take half of the time of each step.
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
    # every: the number of steps from one penalty to the next. The penalty is multiplied by it in return
    "weights": {"penalty": 1.0, "every": 8},
}
SMALLEST = 4
AVERAGED = 0.95  # of the run: then the average starts anew, since it remembers layers that faded in


class PGGAN(Base):
    """Logistic loss (Goodfellow et al. 2014) and R1; one step of D for one of G."""

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
        self.grown = self.growth(config.steps)  # at the last step; before the first, at the end of the run

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
        level, share = self.grown = self.growth(step)
        seeded = self.seeded(rng)
        real = self.put(source.batch(rng, n, stage))
        if level > 0:  # the real images fade in as well
            coarse = F.interpolate(F.avg_pool2d(real, 2), scale_factor=2.0, mode="nearest")
            real = coarse + share * (real - coarse)
        z = hypersphere(self.normal(n, self.z, by=seeded))
        with frozen(self.discriminator), self.autocast():
            made = self.generator(z, level, share)
            fooled = F.softplus(-self.discriminator(made, level, share)).mean()
        self.descend(self.for_generator, fooled)

        with self.autocast():
            on_real = F.softplus(-self.discriminator(real, level, share)).mean()
            on_fake = F.softplus(self.discriminator(made.detach(), level, share)).mean()
        loss, every = on_real + on_fake, int(self.weights["every"])
        penalty = torch.zeros(())
        if step % every == 0:
            penalty = self.steepness(real, level, share)
            loss = loss + every * self.weights["penalty"] / 2 * penalty
        self.descend(self.for_discriminator, loss)
        self.remember(step)
        return values(fooled=fooled, discriminator=on_real + on_fake, penalty=penalty)

    def steepness(self, real: Tensor, level: int, share: float) -> Tensor:
        """The squared slope of D at real images, R1 of Mescheder et al. 2018, equation 9."""
        real = real.detach().requires_grad_()
        score = self.discriminator(real, level, share).sum()
        (slope,) = torch.autograd.grad(score, real, create_graph=True)
        return (slope**2).flatten(1).sum(1).mean()

    def remember(self, step: int) -> None:
        began = int(AVERAGED * self.config.steps)
        if step == began:
            self.average.load_state_dict(self.generator.state_dict())
        self.average.update(self.generator, step if step < began else step - began)

    @torch.no_grad()
    def sheet(self, shown: Tensor) -> list[Tensor]:
        """Real images, and seven columns of noise, as far as the network has grown."""
        side, rng = self.config.stages[-1].size, torch.Generator().manual_seed(0)
        columns = [F.interpolate(self.put(shown), (side, side), mode="area")]
        for _ in range(7):
            z = hypersphere(self.normal(len(shown), self.z, by=rng))
            columns.append(F.interpolate(self.average.net(z, *self.grown), (side, side), mode="nearest"))
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
