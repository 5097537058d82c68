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
from train.config import Config
from train.data import Sampler
from train.ema import Average
from train.ground import masks, share, unlike_earth, unlike_meadow, unlike_snow
from train.losses import A, B, adversarial, reconstruction
from train.methods.domain_code import coarse_luma, fast_bfloat16
from train.networks.efficientnet import features
from train.networks.opacity import Layers, OpacityGenerator
from train.networks.projected import ProjectedDiscriminators

DEFAULTS: dict[str, Any] = {
    "stages": [
        {"steps": 2000, "size": 64, "batch": 8, "cover": [0.7, 1.0]},
        {"steps": 4000, "size": 96, "batch": 6, "cover": [0.45, 1.0]},
        {"steps": 8000, "size": 128, "batch": 4, "cover": [0.5, 0.85]},
    ],
    "decay_from": 0.7,
    "betas": (0.5, 0.99),
    "network": {"width": 16, "blocks": 4},
    "discriminator": {"features": "lite0", "width": 64, "pixels": 32},
    "weights": {
        "adversarial": 1.0,
        "towards_a": 6.0,  # of the adversarial loss: summer is the harder direction
        "cycle": 0.3,
        "coarse_cycle": 0.3,
        "own": 2.0,
        "wrong": 0.5,
        "ramp": 600.0,  # steps over which own and the cycles grow to what they are
        "least": 4.0,  # against covering less of green ground (towards b) or white (a) than this:
        "least_b": 0.65,
        "least_a": 0.0,
        "dark": 0.3,  # against covering what is dark, towards b
        "binary": 0.1,  # against opacities between 0 and 1 towards b
        "snow": 1.0,  # against a cover towards b that is not light and grey
        "earth": 1.0,  # against a cover towards a that is light, dark or blue
        "meadow": 2.0,  # against white ground that does not become green towards a
        "bounds": 0.1,  # against paint so strong that it saturates
    },
}

WARM = 50  # steps over which the learning rate grows
HINTS = ("least", "dark", "binary", "snow", "earth", "meadow", "bounds")
MOST, LEAST = 1.6, -1.0  # of paint: levels 248 and 27
SEES = 96  # pixels: smaller images are enlarged for the features, which expect about 224


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
        """Losses, and the augmented fakes with their features for the discriminators.

        hold: the factor of the losses that keep an image as it is.
        """
        weights = self.config.weights
        n = len(real) // 2
        # The cycle and the own domain see half of the batch each: they are the easier part.
        half, other = (torch.from_numpy(rng.permutation(2 * n)[:n]).to(self.device) for _ in range(2))
        self.discriminators.requires_grad_(False)
        with self.autocast():
            made = self.generator.layers(real, -own)
            fake = made.compose()
            seen = augment(fake, rng)
            known = self.know(seen)
            judged = self.discriminators(seen, known)
            back = self.generator(fake[half], own[half])
            kept = self.generator(real[other], own[other])
        shows = (1 - made.opacity[half]).detach()
        terms = {
            "fooled_b": adversarial([out[:n] for out in judged], B, True),
            "fooled_a": adversarial([out[n:] for out in judged], A, True),
            "cycle": ((back - real[half]).abs() * shows).mean(),
            "coarse_cycle": reconstruction(coarse_luma(back), coarse_luma(real[half])),
            "own": reconstruction(kept, real[other]),
            **self.hints(real, made, fake),
        }
        fooled = terms["fooled_b"] + weights["towards_a"] * terms["fooled_a"]
        loss = weights["adversarial"] * fooled
        loss = loss + hold * sum(weights[key] * terms[key] for key in ("own", "cycle", "coarse_cycle"))
        loss = loss + sum(weights[key] * terms[key] for key in HINTS)
        self.generator_optimiser.zero_grad()
        loss.backward()
        parallel.average_gradients(self.generator.parameters())
        self.generator_optimiser.step()
        self.discriminators.requires_grad_(True)
        terms["moved"] = reconstruction(fake.detach(), real)
        values = {key: value.item() for key, value in terms.items()}
        return values, (seen.detach(), [x.detach() for x in known])

    def hints(self, real: Tensor, made: Layers, fake: Tensor) -> dict[str, Tensor]:
        """The losses named in HINTS, and what is covered of what should be."""
        weights = self.config.weights
        n = len(real) // 2
        green, white, dark = masks(real)
        opacity = made.opacity
        covered_b, covered_a = share(opacity[:n], green[:n]), share(opacity[n:], white[n:])
        opaque = opacity.detach()
        # Early on a cover is plainly false, so that the discriminators alone would close the
        # opacity for good.
        lacking = F.relu(weights["least_b"] - covered_b) * bool(green[:n].any())
        lacking = lacking + F.relu(weights["least_a"] - covered_a) * bool(white[n:].any())
        return {
            "covered_b": covered_b,
            "covered_a": covered_a,
            "least": lacking,
            "dark": share(opacity[:n], dark[:n]),
            "binary": (opacity[:n] * (1 - opacity[:n])).mean(),
            "snow": (opaque[:n, 0] * unlike_snow(made.cover[:n])).mean(),
            "earth": share(unlike_earth(made.cover[n:]), opaque[n:, 0]),
            "meadow": share(unlike_meadow(fake[n:].float()), white[n:, 0]),
            "bounds": (F.relu(made.paint - MOST) + F.relu(LEAST - made.paint)).mean(),
        }

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
