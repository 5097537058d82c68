"""One generator for both directions, steered by a domain code.

G(x, c) translates x to the domain of code c: -1 for a and +1 for b. Four losses ask that results
look real in the target domain, that the opposite code leads back, that an image already in the
target domain stays as it is, and that half a code gives half the change. Because of the third,
users need not say which domain an image is in.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import parallel
from train.config import Config
from train.data import LUMA, Sampler
from train.ema import Average
from train.losses import A, B, adversarial, reconstruction
from train.networks.discriminator import BASE, Discriminators
from train.networks.generator import Generator

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


class DomainCode:
    """Least-squares GAN with an output per domain, cycle and own-domain reconstruction."""

    def __init__(self, config: Config, device: torch.device) -> None:
        self.config = config
        self.device = device
        self.generator = Generator(**config.network).to(device, memory_format=torch.channels_last)
        self.discriminators = Discriminators(**config.discriminator).to(
            device, memory_format=torch.channels_last
        )
        self.average = Average(self.generator, config.ema)
        adam = {"lr": config.lr, "betas": config.betas}
        self.generator_optimiser = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimiser = torch.optim.Adam(self.discriminators.parameters(), **adam)
        self.top = -1  # the finest discriminator trained so far

    def step(self, a: Sampler, b: Sampler, rng: np.random.Generator, step: int) -> dict[str, float]:
        _, stage = self.config.stage_at(step)
        n = parallel.share(stage.batch)
        real = torch.cat([s.batch(rng, n, stage.size, stage.cover) for s in (a, b)])
        real = real.to(self.device, memory_format=torch.channels_last)
        level = self.grow(level_of(stage.size, stage.cover))
        for optimiser in (self.generator_optimiser, self.discriminator_optimiser):
            for group in optimiser.param_groups:
                group["lr"] = self.config.lr * self.config.rate(step)

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
        self.generator_optimiser.zero_grad()
        loss.backward()
        parallel.average_gradients(self.generator.parameters())
        self.generator_optimiser.step()
        self.discriminators.requires_grad_(True)
        moved = reconstruction(fake.detach(), real)
        values = {"fooled": fooled, "cycle": cycle, "own": keep, "moved": moved}
        return {key: value.item() for key, value in values.items()}, fake.detach()

    def step_discriminators(self, real: Tensor, fake: Tensor, level: int) -> dict[str, float]:
        n = len(real) // 2
        with self.autocast():
            on_real = self.discriminators(real, level)
            on_fake = self.discriminators(fake, level)
        loss = torch.zeros((), device=self.device)
        wrong = torch.zeros((), device=self.device)
        # A real image of the other domain counts as wrong. If an output knew only "real", G could
        # return its input.
        for domain, mine, other in ((A, slice(0, n), slice(n, None)), (B, slice(n, None), slice(0, n))):
            loss = loss + adversarial([out[mine] for out in on_real], domain, True)
            loss = loss + adversarial([out[other] for out in on_fake], domain, False)
            wrong = wrong + adversarial([out[other] for out in on_real], domain, False)
        total = loss + self.config.weights["wrong"] * wrong
        self.discriminator_optimiser.zero_grad()
        total.backward()
        parallel.average_gradients(self.discriminators.parameters())
        self.discriminator_optimiser.step()
        return {"discriminator": loss.item(), "wrong": wrong.item()}

    def grow(self, level: int) -> int:
        """Start the discriminators of new levels from the weights of the level below."""
        for new in range(self.top + 1, level + 1):
            if self.top >= 0:
                self.discriminators.grow(new)
        self.top = max(self.top, level)
        return level

    def autocast(self) -> torch.autocast:
        """Use bfloat16 on GPUs, and on CPUs where it is faster than float32."""
        cpu = self.device.type == "cpu"
        enabled = not cpu or fast_bfloat16()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    @torch.no_grad()
    def sheet(self, images: Tensor) -> list[Tensor]:
        images = images.to(self.device)
        columns = [images]
        for value in CODES:
            code = torch.full((len(images),), value, device=self.device)
            columns.append(self.average.net(images, code))
        return columns

    def state(self) -> dict[str, Any]:
        return {
            "generator": self.generator.state_dict(),
            "discriminators": self.discriminators.state_dict(),
            "average": self.average.net.state_dict(),
            "generator_optimiser": self.generator_optimiser.state_dict(),
            "discriminator_optimiser": self.discriminator_optimiser.state_dict(),
            "top": self.top,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.generator.load_state_dict(state["generator"])
        self.discriminators.load_state_dict(state["discriminators"])
        self.average.net.load_state_dict(state["average"])
        self.generator_optimiser.load_state_dict(state["generator_optimiser"])
        self.discriminator_optimiser.load_state_dict(state["discriminator_optimiser"])
        self.top = state["top"]

    def network(self) -> nn.Module:
        return self.average.net


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


def fast_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 on this CPU. With torch 1.x it is slower."""
    return int(torch.__version__.split(".")[0]) >= 2 and torch.backends.cpu.get_cpu_capability() == "AVX512"
