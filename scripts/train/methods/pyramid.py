"""Residuals for translation: a domain-coded generator at 32 pixels, and LAPGAN's levels above it.

As in LAPGAN (Denton et al. 2015), every level has its own discriminator, and all levels train at once. But
here a level sees what the level below made and not a blurred real image, because in unpaired translation
the real image that belongs to a result is unknown. The lowest level trains as domain-code does. The others
have to fool their discriminators and to reproduce images of their own domain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from train import sources
from train.config import Config
from train.losses import A, B, adversarial, by_domain, reconstruction
from train.methods.base import Base
from train.methods.domain_code import coded, strengths
from train.networks.discriminator import Discriminators
from train.networks.pyramid import Pyramid
from train.ports import Exported

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 128, "batch": 6, "cover": [0.8, 1.0]}],
    "decay_from": 0.6,
    "network": {"width": 16, "blocks": 4, "levels": 2, "refine": 16, "informed": False},
    "discriminator": {"width": 32},
    "weights": {"adversarial": 1.0, "cycle": 2.0, "own": 2.5, "wrong": 0.5},
}


class PyramidTranslation(Base):
    """Least squares with an output per domain at every level; cycle at the lowest, own domain at all."""

    paper = "domain codes, with the residual levels of Denton et al. 2015 (LAPGAN)"
    data = sources.Domains

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.generator: Pyramid = self.add("generator", Pyramid(**config.network))
        count = len(self.generator.refiners) + 1
        heads = Discriminators(**config.discriminator, levels=count, scales=1)
        self.discriminators = self.add("discriminators", heads)
        self.average = self.averaged("average", self.generator)
        self.generator_optimiser = self.adam("generator_optimiser", [self.generator])
        self.discriminator_optimiser = self.adam("discriminator_optimiser", [self.discriminators])

    def step(self, source: sources.Domains, rng: np.random.Generator, step: int) -> dict[str, float]:
        stage, n = self.begin(step)
        reals = self.generator.images(self.put(torch.cat(source.batches(rng, n, stage))))
        own = torch.ones(2 * n, device=self.device)
        own[:n] = -1
        strength = torch.from_numpy(strengths(rng, 2 * n)).to(self.device)
        part = strength.clamp(min=0)[:, None, None, None]
        weights = self.weights

        self.discriminators.requires_grad_(False)
        with self.autocast():
            fakes = self.generator.levels(reals, -own)
            partly = self.generator.levels(reals, -own * strength)
            back = self.generator.coarse(fakes[0], own)
            judged = [self.discriminators(fake, level)[0] for level, fake in enumerate(fakes)]
        fooled = sum(adversarial([x[:n]], B, True) + adversarial([x[n:]], A, True) for x in judged)
        cycle = reconstruction(back, reals[0])
        keep = sum(
            reconstruction(some, torch.lerp(real, fake.detach().float(), part))
            for some, real, fake in zip(partly, reals, fakes)
        )
        loss = weights["adversarial"] * fooled + weights["cycle"] * cycle + weights["own"] * keep
        self.descend(self.generator_optimiser, loss)
        self.discriminators.requires_grad_(True)

        rival, wrong = torch.zeros(()), torch.zeros(())
        with self.autocast():
            for level, (real, fake) in enumerate(zip(reals, fakes)):
                looks = (self.discriminators(x, level) for x in (real, fake.detach()))
                found = by_domain(*looks)
                rival, wrong = rival + found[0], wrong + found[1]
        self.descend(self.discriminator_optimiser, rival + weights["wrong"] * wrong)
        self.average.update(self.generator, step)
        moved = reconstruction(fakes[-1].detach(), reals[-1])
        terms = {"fooled": fooled, "cycle": cycle, "own": keep, "moved": moved, "discriminator": rival}
        return {key: value.item() for key, value in terms.items()}

    @torch.no_grad()
    def sheet(self, images: Tensor) -> list[Tensor]:
        images = images.to(self.device)
        codes = (torch.full((len(images),), value, device=self.device) for value in (-1.0, 1.0))
        return [images, *(self.average.net(images, code) for code in codes)]

    def exported(self) -> Exported:
        return coded(self.network(), self.config.domains, 8 * 2 ** len(self.generator.refiners))


METHOD = PyramidTranslation
