"""One generator for both directions, steered by a domain code.

G(x, c) translates x to the domain of code c: -1 for a and +1 for b. Four losses ask that results
look real in the target domain, that the opposite code leads back, that an image already in the
target domain stays as it is, and that half a code gives half the change. Because of the third,
users need not say which domain an image is in.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sources
from train.config import Config
from train.data import LUMA
from train.losses import A, B, adversarial, by_domain, reconstruction
from train.methods.base import Base
from train.networks.discriminator import BASE, Discriminators
from train.networks.generator import Generator
from train.ports import Exported, Graph, image, label, multiple, result

DEFAULTS: dict[str, Any] = {
    "stages": [
        {"steps": 6000, "size": 64, "batch": 8, "cover": [0.8, 1.0]},
        {"steps": 1200, "size": 128, "batch": 6, "cover": [0.8, 1.0]},
        {"steps": 1200, "size": 128, "batch": 6, "cover": [0.5, 0.6]},
    ],
    "decay_from": 0.6,
    "network": {"width": 16, "blocks": 4},
    "discriminator": {"width": 40, "levels": 4, "scales": 3},
    "weights": {
        "adversarial": 1.0,
        "towards_a": 1.0,  # factor on the adversarial loss towards a, if that direction is harder
        "cycle": 2.0,
        "coarse_cycle": 0.0,  # on averaged luma, so that snow may cover grass and its colour
        "own": 2.5,
        "wrong": 0.5,
    },
}

COARSE = 4  # pixels
CODES = (-1.0, -0.5, 0.0, 0.5, 1.0)


class DomainCode(Base):
    """Least-squares GAN with an output per domain, cycle and own-domain reconstruction."""

    paper = "one generator and a domain code; least squares (Mao et al. 2017), cycle (Zhu et al. 2017)"
    data = sources.Domains

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.generator = self.add("generator", Generator(**config.network))
        self.discriminators = self.add("discriminators", Discriminators(**config.discriminator))
        self.average = self.averaged("average", self.generator)
        self.generator_optimiser = self.adam("generator_optimiser", [self.generator])
        self.discriminator_optimiser = self.adam("discriminator_optimiser", [self.discriminators])
        self.top = -1  # the finest discriminator trained so far

    def step(self, source: sources.Domains, rng: np.random.Generator, step: int) -> dict[str, float]:
        stage, n = self.begin(step)
        real = self.put(torch.cat(source.batches(rng, n, stage)))
        level = self.grow(level_of(stage.size, stage.cover))

        own = torch.ones(2 * n, device=self.device)
        own[:n] = -1
        between = torch.from_numpy(strengths(rng, 2 * n)).to(self.device)
        losses, fake = self.step_generator(real, own, between, level)
        losses.update(self.step_discriminators(real, fake, level))
        self.average.update(self.generator, step)
        return losses

    def step_generator(
        self, real: Tensor, own: Tensor, strength: Tensor, level: int
    ) -> tuple[dict[str, float], Tensor]:
        weights = self.config.weights
        n = len(real) // 2
        self.discriminators.requires_grad_(False)
        with self.autocast():
            fake = self.generator(real, -own)
            back = self.generator(fake, own)
            partly = self.generator(real, -own * strength)
            judged = self.discriminators(fake, level)
        fooled = adversarial([out[:n] for out in judged], B, True)
        fooled = fooled + weights["towards_a"] * adversarial([out[n:] for out in judged], A, True)
        cycle = reconstruction(back, real)
        coarse = reconstruction(coarse_luma(back), coarse_luma(real))
        # Codes on the image's own side of zero leave it as it is. Others change it in proportion.
        part = strength.clamp(min=0)[:, None, None, None]
        keep = reconstruction(partly, torch.lerp(real, fake.detach().float(), part))
        loss = weights["adversarial"] * fooled + weights["own"] * keep
        loss = loss + weights["cycle"] * cycle + weights["coarse_cycle"] * coarse
        self.descend(self.generator_optimiser, loss)
        self.discriminators.requires_grad_(True)
        moved = reconstruction(fake.detach(), real)
        values = {"fooled": fooled, "cycle": cycle, "own": keep, "moved": moved}
        return {key: value.item() for key, value in values.items()}, fake.detach()

    def step_discriminators(self, real: Tensor, fake: Tensor, level: int) -> dict[str, float]:
        with self.autocast():
            on_real = self.discriminators(real, level)
            on_fake = self.discriminators(fake, level)
        loss, wrong = by_domain(on_real, on_fake)
        total = loss + self.config.weights["wrong"] * wrong
        self.descend(self.discriminator_optimiser, total)
        return {"discriminator": loss.item(), "wrong": wrong.item()}

    def grow(self, level: int) -> int:
        """Start the discriminators of new levels from the weights of the level below."""
        for new in range(self.top + 1, level + 1):
            if self.top >= 0:
                self.discriminators.grow(new)
        self.top = max(self.top, level)
        return level

    @torch.no_grad()
    def sheet(self, images: Tensor) -> list[Tensor]:
        images = images.to(self.device)
        columns = [images]
        for value in CODES:
            code = torch.full((len(images),), value, device=self.device)
            columns.append(self.average.net(images, code))
        return columns

    def state(self) -> dict[str, Any]:
        return {**super().state(), "top": self.top}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.top = state["top"]

    def exported(self) -> Exported:
        return coded(self.network(), self.config.domains)


def coded(net: nn.Module, domains: tuple[str, ...], of: int = 8) -> Exported:
    """The export of a network that takes an image and a code: -1 for the first domain, +1 for the second.

    of: the sides of images are multiples of it.
    """
    strength = {"op": "scale", "min": 0, "max": 1.5, "neutral": 0}
    code = label("code", 0, kind="scalar", strength=strength, requires_source_label=False)
    size = multiple(of, 256, least=64, most=512)
    sizes = ((2, 64, 64), (1, 96, 128 + of), (1, 256, 256))
    codes = dict(zip(domains, (-1, 1)))
    return Exported(
        "domain-code",
        (Graph("main", net, (image(size), code), (result(),), sizes),),
        {"domains": [{"id": domain, "code": value} for domain, value in codes.items()]},
        tuple(
            (
                {"to": domain, "strength": 1},
                partial(lambda value, x: net(x, torch.full((len(x),), value)), float(value)),
            )
            for domain, value in codes.items()
        ),
    )


METHOD = DomainCode


def coarse_luma(image: Tensor) -> Tensor:
    """Luma averaged over 4x4 pixels, [n, 3, h, w] -> [n, 1, h/4, w/4]: shapes without colour or detail."""
    weights = torch.tensor(LUMA, device=image.device)[:, None, None]
    return F.avg_pool2d((image.float() * weights).sum(1, keepdim=True), COARSE)


def strengths(rng: np.random.Generator, n: int) -> np.ndarray:
    """Strengths for the own-domain loss: one half is -1, the own domain, the others are from -1 to 1."""
    drawn = np.where(rng.random(n) < 0.5, -1.0, rng.uniform(-1, 1, n))
    return drawn.astype(np.float32)


def level_of(size: int, cover: tuple[float, float]) -> int:
    """The pyramid level of crops. At level 0 the whole image would be about 32 pixels wide."""
    whole = size / (0.5 * (cover[0] + cover[1]))
    return max(0, round(math.log2(whole / BASE)))
