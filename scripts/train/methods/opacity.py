"""The domain-coded generator with an opacity and a cover, judged by pretrained features.

As domain_code, with two differences. The generator lays a cover over the graded photograph, and the
cycle asks back only what still shows, and the coarse luma. The discriminators look at frozen
features, which know grass from snow before the first step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import parallel
from train.augmentation import augment
from train.colourspace import lab
from train.config import Config
from train.data import Sampler
from train.ema import Average
from train.losses import A, B, adversarial, reconstruction
from train.methods.domain_code import coarse_luma, fast_bfloat16
from train.networks.efficientnet import features
from train.networks.opacity import Layers, OpacityGenerator
from train.networks.projected import ProjectedDiscriminators

DEFAULTS: dict[str, Any] = {
    "stages": [
        {"steps": 1600, "size": 64, "batch": 8, "cover": [0.8, 1.0]},
        {"steps": 14000, "size": 128, "batch": 4, "cover": [0.5, 1.0]},
    ],
    "decay_from": 0.7,
    "betas": (0.5, 0.99),
    "network": {"width": 16, "blocks": 4},
    "discriminator": {"features": "lite0", "width": 64, "pixels": 32},
    "weights": {
        "adversarial": 1.0,
        "towards_a": 4.0,  # of the adversarial loss: summer is the harder direction
        "cycle": 0.5,
        "coarse_cycle": 1.0,
        "own": 2.0,
        "wrong": 0.5,
        "binary": 1.0,  # against opacities between 0 and 1
        "least": 4.0,  # against covering less of white (towards a) or green (towards b) than this:
        "least_a": 0.3,
        "least_b": 0.65,
        "white": 1.0,  # against a cover towards b that is not light and grey
        "ramp": 600.0,  # steps over which cycle and own grow to what they are
    },
}

WARM = 50  # steps over which the learning rate grows
SEES = 128  # pixels: smaller images are enlarged for the features, which expect about 224


class Opacity:
    """Least squares on frozen features; own-domain reconstruction; a cycle of what still shows."""

    def __init__(self, config: Config, device: torch.device) -> None:
        self.config = config
        self.device = device
        given = dict(config.discriminator)
        self.features = features(given.pop("features")).to(device, memory_format=torch.channels_last)
        self.generator = OpacityGenerator(**config.network)
        self.generator.to(device, memory_format=torch.channels_last)
        self.discriminators = ProjectedDiscriminators(self.features.channels, **given)
        self.discriminators.to(device, memory_format=torch.channels_last)
        self.average = Average(self.generator, config.ema)
        adam = {"lr": config.lr, "betas": config.betas}
        self.generator_optimiser = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimiser = torch.optim.Adam(self.discriminators.parameters(), **adam)

    def step(self, a: Sampler, b: Sampler, rng: np.random.Generator, step: int) -> dict[str, float]:
        _, stage = self.config.stage_at(step)
        n = parallel.share(stage.batch)
        real = torch.cat([s.batch(rng, n, stage.size, stage.cover) for s in (a, b)])
        real = real.to(self.device, memory_format=torch.channels_last)
        for optimiser in (self.generator_optimiser, self.discriminator_optimiser):
            for group in optimiser.param_groups:
                group["lr"] = self.config.lr * self.config.rate(step) * min(1.0, (step + 1) / WARM)

        own = torch.ones(2 * n, device=self.device)
        own[:n] = -1
        losses, judged = self.step_generator(real, own, rng, ramp(step, self.config.weights["ramp"]))
        losses.update(self.step_discriminators(real, judged, rng))
        self.average.update(self.generator, step)
        return losses

    def step_generator(
        self, real: Tensor, own: Tensor, rng: np.random.Generator, hold: float
    ) -> tuple[dict[str, float], tuple[Tensor, list[Tensor]]]:
        """Losses, and the augmented fakes with their features for the discriminators."""
        weights = self.config.weights
        n = len(real) // 2
        # The cycle and the own domain see half of the batch each: they are the easier part.
        half = torch.from_numpy(rng.permutation(2 * n)[: max(1, n)]).to(self.device)
        other = torch.from_numpy(rng.permutation(2 * n)[: max(1, n)]).to(self.device)
        self.discriminators.requires_grad_(False)
        with self.autocast():
            made = self.generator.layers(real, -own)
            fake = made.compose()
            seen = augment(fake, rng)
            known = self.know(seen)
            judged = self.discriminators(seen, known)
            back = self.generator(fake[half], own[half])
            kept = self.generator(real[other], own[other])
        fooled = adversarial([out[:n] for out in judged], B, True)
        fooled = fooled + weights["towards_a"] * adversarial([out[n:] for out in judged], A, True)
        shows = (1 - made.opacity[half]).detach()
        cycle = ((back - real[half]).abs() * shows).mean()
        coarse = reconstruction(coarse_luma(back), coarse_luma(real[half]))
        keep = reconstruction(kept, real[other])
        between = (made.opacity * (1 - made.opacity)).mean()
        # Early on a cover is plainly false, so that the discriminators alone would close the
        # opacity for good. Which of the green it covers is left to them.
        green, white = masks(real)
        covered_b = (made.opacity[:n] * green[:n]).sum() / green[:n].sum().clamp(min=1)
        covered_a = (made.opacity[n:] * white[n:]).sum() / white[n:].sum().clamp(min=1)
        asked = F.relu(weights["least_b"] - covered_b) * bool(green[:n].any())
        asked = asked + F.relu(weights["least_a"] - covered_a) * bool(white[n:].any())
        tinted = (made.opacity[:n, 0].detach() * tint(made.cover[:n])).mean()
        still = weights["own"] * keep + weights["cycle"] * cycle + weights["coarse_cycle"] * coarse
        loss = weights["adversarial"] * fooled + hold * still + weights["least"] * asked
        loss = loss + weights["white"] * tinted + hold * weights["binary"] * between
        self.generator_optimiser.zero_grad()
        loss.backward()
        parallel.average_gradients(self.generator.parameters())
        self.generator_optimiser.step()
        self.discriminators.requires_grad_(True)
        values = {"fooled": fooled, "cycle": cycle, "coarse": coarse, "own": keep, "between": between}
        values.update(moved=reconstruction(fake.detach(), real))
        values.update(covered_b=covered_b, covered_a=covered_a, tint=tinted)
        values.update(opacity_b=made.opacity[:n].mean(), opacity_a=made.opacity[n:].mean())
        fakes = seen.detach(), [x.detach() for x in known]
        return {key: value.item() for key, value in values.items()}, fakes

    def step_discriminators(
        self, real: Tensor, fakes: tuple[Tensor, list[Tensor]], rng: np.random.Generator
    ) -> dict[str, float]:
        n = len(real) // 2
        with self.autocast():
            seen = augment(real, rng)
            with torch.no_grad():
                known = self.know(seen)
            on_real = self.discriminators(seen, known)
            on_fake = self.discriminators(*fakes)
        loss = torch.zeros((), device=self.device)
        wrong = torch.zeros((), device=self.device)
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

    def know(self, images: Tensor) -> list[Tensor]:
        """The frozen features of images. In float32: depthwise convolutions gain nothing from less."""
        with torch.autocast(self.device.type, enabled=False):
            images = images.float()
            if images.shape[-1] < SEES:
                size = (SEES, SEES)
                images = F.interpolate(images, size, mode="bilinear", align_corners=False)
            return self.features(images.contiguous(memory_format=torch.channels_last))

    def autocast(self) -> torch.autocast:
        enabled = self.device.type != "cpu" or fast_bfloat16()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    @torch.no_grad()
    def sheet(self, images: Tensor) -> list[Tensor]:
        """The images, and for summer and winter each the result, the opacity and the cover."""
        images = images.to(self.device)
        columns = [images]
        for value in (-1.0, 1.0):
            made: Layers = self.average.net.layers(images, torch.full((len(images),), value))
            opacity = made.opacity.expand(-1, 3, -1, -1) * 2 - 1
            columns += [made.compose(), opacity, made.cover]
        return columns

    def state(self) -> dict[str, Any]:
        return {
            "generator": self.generator.state_dict(),
            "discriminators": self.discriminators.state_dict(),
            "average": self.average.net.state_dict(),
            "generator_optimiser": self.generator_optimiser.state_dict(),
            "discriminator_optimiser": self.discriminator_optimiser.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.generator.load_state_dict(state["generator"])
        self.discriminators.load_state_dict(state["discriminators"])
        self.average.net.load_state_dict(state["average"])
        self.generator_optimiser.load_state_dict(state["generator_optimiser"])
        self.discriminator_optimiser.load_state_dict(state["discriminator_optimiser"])

    def network(self) -> nn.Module:
        return self.average.net


def ramp(step: int, steps: float) -> float:
    """The share of the losses that keep an image as it is, from 0.02 to 1.

    At full weight from the start they would win before the discriminators know what to ask for.
    """
    return 1.0 if steps <= 0 else min(1.0, max(0.02, step / steps))


def masks(images: Tensor) -> tuple[Tensor, Tensor]:
    """Where images are green and where they are white, [n, 1, h, w] of 0 and 1, in blocks of 2×2."""
    small = F.avg_pool2d(images.float(), 2)
    pixels = ((small + 1) * 127.5).round().clamp(0, 255).byte().movedim(1, -1).cpu().numpy()
    lightness, red, yellow = np.moveaxis(lab(pixels), -1, 0)
    green = (red <= -8) & (yellow >= 5)
    white = (lightness >= 72) & (np.hypot(red, yellow) <= 12)
    both = torch.from_numpy(np.stack([green, white])).to(images.device)[:, :, None].float()
    return F.interpolate(both[0], scale_factor=2.0), F.interpolate(both[1], scale_factor=2.0)


def tint(cover: Tensor) -> Tensor:
    """[n, h, w]: how far a cover is from snow: the spread of its channels above 0.15, and what light
    it lacks of 0.4, both in units of [-1, 1]."""
    spread = cover.max(1).values - cover.min(1).values
    return F.relu(spread - 0.15) + F.relu(0.4 - cover.mean(1))
