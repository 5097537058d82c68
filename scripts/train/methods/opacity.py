"""The domain-coded generator with an opacity and a cover, judged by pretrained features.

As domain_code, with three differences. The generator lays a cover over the graded photograph. It and the
discriminators look at frozen features, which know grass from snow before the first step. There is no
cycle: what shows keeps its detail by construction, and the rest is to be lost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import exported, sources
from train.augmentation import augment, turned, widened
from train.config import Config, Stage
from train.ground import (
    Masks,
    apart,
    around,
    gained,
    masks_of_turned,
    share,
    sharpened,
    unexplained,
    unfounded,
    unlike_earth,
    unlike_meadow,
    unlike_snow,
)
from train.losses import A, B, adversarial, by_domain, reconstruction
from train.methods.base import Base
from train.methods.domain_code import coded
from train.networks.bank import Bank
from train.networks.opacity import Layers, OpacityGenerator, enlarge
from train.networks.projected import ProjectedDiscriminators
from train.ports import Exported, Port, result

DEFAULTS: dict[str, Any] = {
    "stages": [
        {"steps": 2500, "size": 96, "batch": 4, "cover": [0.4, 1.0]},
        {"steps": 6800, "size": 128, "batch": 4, "cover": [0.5, 1.0]},
        {"steps": 3800, "size": 192, "batch": 3, "cover": [0.75, 1.0]},
        {"steps": 25070, "size": 256, "batch": 2, "cover": [0.9, 1.0]},
    ],
    "lr": 5e-4,
    "decay_from": 0.7,
    "betas": (0.5, 0.99),
    "network": {"known": "lite0", "width": 24},
    "discriminator": {"width": 64, "pixels": 32},
    "weights": {
        "towards_a": 12.0,  # of the losses of translations
        "towards_b": 7.0,
        "kernel": 20.0,  # the kernel distance of pooled features, beside the adversarial loss
        "rest_a": 0.2,  # against changing what is not white (towards a) or neither meadow nor leaves (b)
        "rest_b": 0.35,
        "own_a": 6.0,
        "own_b": 5.0,
        "own_dropped": 3.0,  # of images that the list drops; twice as much left brown slopes uncovered
        "wrong": 0.5,
        "ramp": 400.0,  # steps over which own grows to what it is
        "least": 8.0,  # against covering less of meadows (towards b) or white ground (a) than this:
        "least_b": 0.9,
        "least_a": 0.6,
        "solid": 5.0,  # against covering more than SNOWED of what is no meadow, towards b
        "dark": 0.1,  # against covering what is dark, towards b
        "sky_a": 3.0,  # against covering the sky, and a bit against grading it
        "sky_b": 4.0,
        "binary": 0.5,  # against opacities between 0 and 1
        "edges": 4.0,  # against an opacity with edges where the image has none
        "steady": 24.0,  # against a grade with such edges
        "unexplained": 12.0,  # against texture that is not the image's own
        "hidden": 0.3,  # against grading what is covered, which shows at the edges of the cover
        "flat": 4.0,  # against leaves with less than LEFT of their fine contrast, towards b
        "fine": 5.0,  # against more fine contrast than the image or, for plants, snow leaves, towards b
        "colour": 30.0,  # against more colour than the image has, towards b
        "faded": 8.0,  # against plants with more colour than FADED, towards b
        "turned": 10.0,  # against results, towards b, that depend on the colours plants turned to
        "snow": 8.0,  # against a cover towards b that is not light and grey
        "earth": 0.7,  # against a cover towards a that is light, dark or blue
        "meadow": 2.0,  # against white ground that does not become green towards a
        "bounds": 0.1,  # against paint so strong that it saturates
    },
}

# Grey levels. In bfloat16 thirty layers of features move the means of the ramps, which look like no
# photograph, by 2 to 11, depending on the weights. Pixels of photographs move by 0.4 on average, of the worst
# photograph by 2, the worst of all cells by 8.
TOLERANCE = 12.0
SHIFT = 0.02  # of features, in their deviations
WIDE = 0.5  # the share of batches that are 3:2, as most photographs are
TURNED = 0.7  # the share of summers whose plants turn
UNPLAIN = 0.3, 0.5  # rates, of summers and of winters, at which one that the list drops is translated
WARM = 50  # steps over which the learning rate grows
ALONE = 500  # steps in which only the discriminators learn, after an exported model, which has none
OWN = ("own_a", "own_b", "own_dropped")
HINTS = (
    *("rest_a", "rest_b", "least", "solid", "dark", "fine", "flat", "colour", "faded", "sky_a", "sky_b"),
    *("turned", "binary", "edges", "steady", "unexplained", "hidden", "snow", "earth", "meadow", "bounds"),
)
SMOOTHED = 0.6  # of the fine contrast of meadows and leaves
LEFT = 0.4  # of the fine contrast of leaves: less would be a forest that vanishes
SNOWED = 0.6  # of what is no meadow: more would be a cloud before a tree
FADED = 0.2  # between the channels of grass and leaves in winter, in [-1, 1]
GRADED = 0.4  # what a change of the sky counts beside its cover: it may become grey, within limits
MOST, LEAST = 1.6, -1.0  # of paint: levels 248 and 27
# The code of full strength in what is exported. Training has codes of 1. More gives more snow and more
# summer, also by features that have no part in training, and up to here hardly a worse kernel distance.
FULL = 1.1


class Task(NamedTuple):
    """A batch to translate, summers first."""

    images: Tensor
    shows: Masks
    unturned: Tensor  # the winters that its summers gave before their plants turned
    plain: Tensor  # whether each shows its season plainly: what the list drops does not


class Opacity(Base):
    """Least squares on frozen features; own-domain reconstruction.

    Generator and discriminators look through the same frozen features, so each image passes them once.
    """

    paper = "as domain-code; discriminators on frozen features (Sauer et al. 2021), an opacity and a cover"
    data = sources.Domains

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.layout = torch.channels_last  # nothing is normalised here, which alone is faster the other way
        self.generator = self.add("generator", OpacityGenerator(**config.network))
        self.features = self.generator.known
        heads = ProjectedDiscriminators(self.features.channels[1:], **config.discriminator)
        self.discriminators = self.add("discriminators", heads)
        self.bank = self.add("bank", Bank(self.features.pooled_channels))
        self.average = self.averaged("average", self.generator)
        self.generator_optimiser = self.adam("generator_optimiser", [self.generator])
        self.discriminator_optimiser = self.adam("discriminator_optimiser", [self.discriminators])

    def step(self, source: sources.Domains, rng: np.random.Generator, step: int) -> dict[str, float]:
        stage, n = self.begin(step)
        real = self.put(torch.cat(source.batches(rng, n, stage)))
        before, plain = self.mixed(real, source, rng, stage)
        if rng.random() < WIDE:
            real, before = widened(real), widened(before)
        given = torch.cat([turned(before[:n], rng, TURNED), before[n:]])
        for optimiser in (self.generator_optimiser, self.discriminator_optimiser):
            for group in optimiser.param_groups:
                group["lr"] *= min(1.0, (step + 1) / WARM)
        if exported.given(self.config.init) and step < ALONE:
            for group in self.generator_optimiser.param_groups:
                group["lr"] = 0.0

        own = torch.ones(2 * n, device=self.device)
        own[:n] = -1
        with torch.no_grad():
            known = self.features(real)
            seen, pooled = self.features.spread(known), self.features.top(known[-1])
            looked = self.features.spread(self.features(given))
            # As far as bfloat16 shifts channels, the generator is to give the same.
            noise = torch.from_numpy(rng.normal(0, SHIFT, (2 * n, max(self.features.channels), 1, 1)))
            shifted = [x + noise[:, : x.shape[1]].to(x) for x in looked]
            summers = [x[:n] for x in seen]
            if not plain[:n].all():
                summers = self.features.spread(self.features(before[:n]))
            with self.autocast():
                unturned = self.generator(before[:n], -own[:n], summers)
        hold = ramp(step, self.config.weights["ramp"])
        task = Task(given, masks_of_turned(given, before), unturned, plain)
        losses, fake, judged, made = self.step_generator(task, shifted, own, rng, hold)
        self.bank.remember(pooled.unflatten(0, (2, n)), made.unflatten(0, (2, n)).flip(0))
        losses.update(self.step_discriminators((augment(real, rng), seen[1:]), (fake, judged)))
        self.average.update(self.generator, step)
        return losses

    def mixed(
        self, real: Tensor, source: sources.Domains, rng: np.random.Generator, stage: Stage
    ) -> tuple[Tensor, Tensor]:
        """The images, some of them replaced by images that the list drops, and which are as before.

        Dropped images are no examples of their season, but they are to be translated as well.
        """
        given, plain = real.clone(), torch.ones(len(real), dtype=torch.bool, device=self.device)
        for sampler, rate, images, kept in zip(source.dropped, UNPLAIN, given.chunk(2), plain.chunk(2)):
            (other,) = np.nonzero(rng.random(len(images)) < rate)
            if len(other) and len(sampler):
                images[other] = self.put(sampler.batch(rng, len(other), stage.size, stage.cover))
                kept[other] = False
        return given, plain

    def step_generator(
        self,
        task: Task,
        seen: list[Tensor],
        own: Tensor,
        rng: np.random.Generator,
        hold: float,
    ) -> tuple[dict[str, float], Tensor, list[Tensor], Tensor]:
        """Losses, the augmented fakes, their features for the discriminators, and their pooled ones.

        seen: the features of the task's images. hold: the factor of the losses that keep an image as it is.
        """
        real = task.images
        weights = self.config.weights
        n = len(real) // 2
        # Half of the batch is enough for the own domain: it is the easier part.
        other = torch.from_numpy(rng.permutation(2 * n)[:n]).to(self.device)
        self.discriminators.requires_grad_(False)
        with self.autocast():
            made = self.generator.layers(real, -own, seen)
            fake = made.compose()
        known = self.features(fake)
        found, pooled = self.features.spread(known), self.features.top(known[-1])
        with self.autocast():
            shown = augment(fake, rng)
            judged = self.discriminators(shown, found[1:])
        stray = self.stray(real[other], own[other], [x[other] for x in seen])
        mine, plain = own[other] < 0, task.plain[other]
        terms = {
            "fooled_b": adversarial([out[:n] for out in judged], B, True),
            "fooled_a": adversarial([out[n:] for out in judged], A, True),
            "kernel_b": self.bank.distance(pooled[:n], B),
            "kernel_a": self.bank.distance(pooled[n:], A),
            "own_a": (stray * (mine & plain)).mean() * 2,
            "own_b": (stray * (~mine & plain)).mean() * 2,
            "own_dropped": (stray * ~plain).mean() * 2,
            **self.hints(task, made, fake),
        }
        loss = sum(
            weights[f"towards_{side}"]
            * (terms[f"fooled_{side}"] + weights["kernel"] * terms[f"kernel_{side}"])
            for side in "ab"
        )
        loss = loss + hold * sum(weights[key] * terms[key] for key in OWN)
        loss = loss + sum(weights[key] * terms[key] for key in HINTS)
        self.descend(self.generator_optimiser, loss)
        self.discriminators.requires_grad_(True)
        terms["moved"] = reconstruction(fake.detach(), real)
        values = {key: value.item() for key, value in terms.items()}
        return values, shown.detach(), [x.detach() for x in found[1:]], pooled.detach()

    def stray(self, images: Tensor, own: Tensor, seen: list[Tensor]) -> Tensor:
        """How far each image changes that is asked for its own season. seen: features of the images."""
        with self.autocast():
            kept = self.generator(images, own, seen)
        return (kept - images).abs().mean((1, 2, 3))

    def hints(self, task: Task, made: Layers, fake: Tensor) -> dict[str, Tensor]:
        """The losses named in HINTS, and what is covered of what should be."""
        weights = self.config.weights
        real = task.images
        n = len(real) // 2
        meadow, leaves, white, dark, sky = task.shows
        opacity = made.opacity
        covered_b, covered_a = share(opacity[:n], meadow[:n]), share(opacity[n:], white[n:])
        opaque = opacity.detach()
        blurred = enlarge(F.avg_pool2d(opacity[:n], 8), 8.0)
        # Early on a cover is plainly false, so that the discriminators alone would close the
        # opacity for good.
        lacking = F.relu(weights["least_b"] - covered_b) * bool(meadow[:n].any())
        lacking = lacking + F.relu(weights["least_a"] - covered_a) * bool(white[n:].any())
        plants = meadow[:n] + leaves[:n]
        allowed = torch.where(plants > 0, SMOOTHED, 1.0)
        winter = fake[:n].float()
        sharper = sharpened(winter, real[:n], allowed)
        flatter = LEFT * sharpened(real[:n], winter, 1 / LEFT)
        moved = (fake - real).abs().mean(1, keepdim=True)
        hit = opacity + GRADED * moved
        return {
            "rest_b": share(moved[:n], 1 - plants),
            "rest_a": share(moved[n:], 1 - white[n:]),
            "covered_b": covered_b,
            "covered_a": covered_a,
            "least": lacking,
            "solid": share(F.relu(blurred - SNOWED), 1 - around(meadow[:n])),
            "colour": gained(winter, real[:n]).mean(),
            "faded": share(F.relu(apart(winter)[:, None] - FADED), plants),
            "turned": (winter - task.unturned).abs().mean(),
            "dark": share(opacity[:n], dark[:n]),
            "fine": share(sharper, plants) + share(sharper, 1 - plants),
            "flat": share(flatter, leaves[:n]),
            "sky_b": share(hit[:n], sky[:n]),
            "sky_a": share(hit[n:], sky[n:]),
            "binary": (opacity * (1 - opacity)).mean(),
            "edges": unfounded(opacity, real),
            "steady": unfounded(made.graded - real, real),
            "unexplained": unexplained(fake.float(), real).mean(),
            "hidden": share((made.graded - real).abs().mean(1, keepdim=True), opaque),
            "snow": (opaque[:n, 0] * unlike_snow(made.cover[:n])).mean(),
            "earth": share(unlike_earth(made.cover[n:]), opaque[n:, 0]),
            "meadow": share(unlike_meadow(fake[n:].float()), white[n:, 0]),
            "bounds": (F.relu(made.paint - MOST) + F.relu(LEAST - made.paint)).mean(),
        }

    def step_discriminators(
        self, real: tuple[Tensor, list[Tensor]], fakes: tuple[Tensor, list[Tensor]]
    ) -> dict[str, float]:
        """real and fakes: the augmented images and their features."""
        with self.autocast():
            on_real, on_fake = self.discriminators(*real), self.discriminators(*fakes)
        loss, wrong = by_domain(on_real, on_fake)
        total = loss + self.config.weights["wrong"] * wrong
        self.descend(self.discriminator_optimiser, total)
        return {"discriminator": loss.item(), "wrong": wrong.item()}

    def adopt(self, weights: dict[str, Tensor]) -> None:
        for net in (self.generator, self.average.net):
            net.adopt(weights)

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
        return layered(Full(self.network()), self.config.domains)

    def composed(self) -> Exported:
        """A graph with the translation alone."""
        return replace(coded(Full(self.network()), self.config.domains), tolerance=TOLERANCE)


class Full(nn.Module):
    """A generator whose codes count FULL times."""

    def __init__(self, net: OpacityGenerator) -> None:
        super().__init__()
        self.net = net

    def layers(self, image: Tensor, code: Tensor) -> Layers:
        return self.net.layers(image, FULL * code)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        return self.layers(image, code).compose()


class AsLayers(nn.Module):
    """The three layers that gtx lays over one another, each from -1 to 1."""

    def __init__(self, net: Full) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        made = self.net.layers(image, code)
        return made.graded, made.opacity * 2 - 1, made.cover


def layered(net: Full, domains: tuple[str, ...]) -> Exported:
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
    return replace(whole, graphs=(graph,), parts=parts, tolerance=TOLERANCE)


METHOD = Opacity


def ramp(step: int, steps: float) -> float:
    """The share of the losses that keep an image as it is, from 0.02 to 1.

    At full weight from the start they would win before the discriminators know what to ask for.
    """
    return 1.0 if steps <= 0 else min(1.0, max(0.02, step / steps))
