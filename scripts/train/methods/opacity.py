"""The domain-coded generator with an opacity and a cover, judged by pretrained features.

As domain_code, with two differences. The generator lays a cover over the graded photograph, and the
cycle asks back only what still shows, and the coarse luma. The discriminators look at frozen
features, which know grass from snow before the first step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sources
from train.augmentation import augment
from train.config import Config
from train.ground import masks, share, unlike_earth, unlike_meadow, unlike_snow
from train.losses import A, B, adversarial, by_domain, reconstruction
from train.methods.base import Base
from train.methods.domain_code import coarse_luma, coded
from train.networks.efficientnet import features
from train.networks.opacity import Layers, OpacityGenerator
from train.networks.projected import ProjectedDiscriminators
from train.ports import Exported, Port, result

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


class Opacity(Base):
    """Least squares on frozen features; own-domain reconstruction; a cycle of what still shows."""

    paper = "as domain-code; discriminators on frozen features (Sauer et al. 2021), an opacity and a cover"
    data = sources.Domains

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = dict(config.discriminator)
        self.features = features(given.pop("features")).to(device, memory_format=self.layout)
        self.generator = self.add("generator", OpacityGenerator(**config.network))
        heads = ProjectedDiscriminators(self.features.channels, **given)
        self.discriminators = self.add("discriminators", heads)
        self.average = self.averaged("average", self.generator)
        self.generator_optimiser = self.adam("generator_optimiser", [self.generator])
        self.discriminator_optimiser = self.adam("discriminator_optimiser", [self.discriminators])

    def step(self, source: sources.Domains, rng: np.random.Generator, step: int) -> dict[str, float]:
        stage, n = self.begin(step)
        real = self.put(torch.cat(source.batches(rng, n, stage)))
        for optimiser in (self.generator_optimiser, self.discriminator_optimiser):
            for group in optimiser.param_groups:
                group["lr"] *= min(1.0, (step + 1) / WARM)

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
        self.descend(self.generator_optimiser, loss)
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
        with self.autocast():
            seen = augment(real, rng)
            with torch.no_grad():
                known = self.know(seen)
            on_real = self.discriminators(seen, known)
            on_fake = self.discriminators(*fakes)
        loss, wrong = by_domain(on_real, on_fake)
        total = loss + self.config.weights["wrong"] * wrong
        self.descend(self.discriminator_optimiser, total)
        return {"discriminator": loss.item(), "wrong": wrong.item()}

    def know(self, images: Tensor) -> list[Tensor]:
        """The frozen features of images. In float32: depthwise convolutions gain nothing from less."""
        with torch.autocast(self.device.type, enabled=False):
            images = images.float()
            if images.shape[-1] < SEES:
                size = (SEES, SEES)
                images = F.interpolate(images, size, mode="bilinear", align_corners=False)
            return self.features(images.contiguous(memory_format=self.layout))

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

    def exported(self) -> Exported:
        """A graph with the layers: the graded image, the opacity and the cover."""
        return layered(self.network(), self.config.domains)

    def composed(self) -> Exported:
        """A graph with the translation alone."""
        return coded(self.network(), self.config.domains)


class AsLayers(nn.Module):
    """The three layers that gtx lays over one another, each from -1 to 1."""

    def __init__(self, net: OpacityGenerator) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        made = self.net.layers(image, code)
        return made.graded, made.opacity * 2 - 1, made.cover


def layered(net: OpacityGenerator, domains: tuple[str, ...]) -> Exported:
    """`combine: over` says how the translation is made of the layers, per channel and in bytes (sRGB
    values as they are, not linear light):

        translation = (1 - opacity / 255) * image + opacity / 255 * cover

    At another size than the network's, the image comes first to the photograph's own size as for
    any translator, without the cover. Then cover and opacity are enlarged and laid over it. The
    strength is in all three layers already: it scales the code, the graph scales the opacity by
    its size, and the cover does not depend on it.
    """
    whole = coded(net, domains)
    outputs = (
        result("graded"),
        Port("opacity", "opacity", (1, "h", "w")),
        Port("cover", "cover", (3, "h", "w")),
    )
    graph = replace(whole.graphs[0], net=AsLayers(net), outputs=outputs)
    parts = {**whole.parts, "stages": [{"graph": "main", "combine": "over"}]}
    return replace(whole, graphs=(graph,), parts=parts)


METHOD = Opacity


def ramp(step: int, steps: float) -> float:
    """The share of the losses that keep an image as it is, from 0.02 to 1.

    At full weight from the start they would win before the discriminators know what to ask for.
    """
    return 1.0 if steps <= 0 else min(1.0, max(0.02, step / steps))
