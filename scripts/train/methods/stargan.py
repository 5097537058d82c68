"""StarGAN: one generator for many attributes, steered by the labels that the result should have.

Choi et al. 2018, "StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image
Translation". Six departures. The label enters after each normalisation instead of beside the image,
where instance normalisation would cancel it. The adversarial term is least squares with spectral
normalisation instead of WGAN-GP (equation 8), whose five critic steps and second derivatives would
take most of the time. Half of the labels come from another face, as in the paper. The others are the
face's own labels with one attribute changed, which is what users ask for. The network draws a change that
is added to the image, so that few steps suffice for everything that stays as it is. The critic sees more
real images than the generator, and it sees all images shifted and noisy. Otherwise the generator would
learn changes that the critic takes for an attribute and nobody sees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sources
from train.augmentation import augment
from train.config import Config
from train.losses import reconstruction
from train.methods.base import Base, Losses, frozen, values
from train.networks.patches import Patches
from train.networks.resnet import ResNet
from train.ports import Exported, Graph, image, label, multiple, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 1500, "size": 64, "batch": 12, "cover": [1.0, 1.0]}],
    "side": 64,
    "lr": 3e-4,
    "network": {"width": 16, "blocks": 5},
    "discriminator": {"width": 32, "levels": 4},
    "weights": {"adversarial": 1.0, "classification": 1.0, "reconstruction": 10.0},
}
GAIN = 4.0  # on labels: weights that start small would need thousands of steps to steer the network
REAL = 3  # real images for each made one, from which the critic learns the attributes: they cost little
NOISE = 0.1  # in what the critic sees, of the range [-1, 1]
# Full strength goes from the image's own label to the wanted one and a fifth beyond it. Without that, a tenth
# fewer of the changes are seen.
FULL = 1.2
HAIR = "-hair"  # names that end with it exclude one another


class Critic(nn.Module):
    """image [n, 3, side, side] -> a judgement of patches, and logits of the attributes: D_src and D_cls."""

    def __init__(self, attributes: int, side: int, **patches: int) -> None:
        super().__init__()
        self.patches = Patches(**patches)
        grid = side // 2 ** len(self.patches.layers)
        # As in the paper, the head sees the whole face at once: positions tell hair from skin.
        self.head = nn.Linear(self.patches.layers[-1].out_channels * grid**2, attributes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        *_, features, judgement = self.patches(x)
        return judgement, self.head(features.flatten(1))


class Changing(nn.Module):
    """(image, attributes [n, k]) -> the image plus a change that a network draws, clipped to [-1, 1]."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor, attributes: Tensor) -> Tensor:
        return (image + 2 * self.net(image, GAIN * (attributes - 0.5))).clamp(-1, 1)


class StarGAN(Base):
    """L_G = L_adv + L_cls(fake) + 10 L_rec and L_D = -L_adv + L_cls(real), equations 5 and 6."""

    paper = "Choi et al. 2018, StarGAN: Unified GANs for Multi-Domain Image-to-Image Translation"
    data = sources.Attributes

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.names = config.domains
        self.generator = self.add("generator", Changing(ResNet(**config.network, codes=len(self.names))))
        self.critic = self.add("critic", Critic(len(self.names), config.side, **config.discriminator))
        self.average = self.averaged("average", self.generator)
        self.for_generator = self.adam("generator_optimiser", [self.generator])
        self.for_critic = self.adam("critic_optimiser", [self.critic])

    def step(self, source: sources.Attributes, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        seen, labels = (self.put(t) for t in source.batch(rng, REAL * n, stage))
        x, own = seen[:n], labels[:n]
        wanted = own[torch.from_numpy(rng.permutation(n))]  # labels that occur together
        for i in range(0, n, 2):
            wanted[i] = changed(own[i : i + 1], int(rng.integers(len(self.names))), self.names)[0]
        with frozen(self.critic), self.autocast():
            made = self.generator(x, wanted)
            back = self.generator(made, own)
            judgement, logits = self.critic(self.view(made, rng))
        fooled = F.mse_loss(judgement.float(), torch.ones_like(judgement, dtype=torch.float32))  # equation 1
        named = cross_entropy(logits, wanted)  # equation 3
        cycle = reconstruction(back, x)  # equation 4
        w = self.weights
        loss = w["adversarial"] * fooled + w["classification"] * named + w["reconstruction"] * cycle
        self.descend(self.for_generator, loss)

        with self.autocast():
            on_real, real_logits = self.critic(self.view(seen, rng))
            on_fake, _ = self.critic(self.view(made.detach(), rng))
        rival = ((on_real.float() - 1) ** 2).mean() + (on_fake.float() ** 2).mean()
        known = cross_entropy(real_logits, labels)  # equation 2
        self.descend(self.for_critic, rival + w["classification"] * known)
        self.average.update(self.generator, step)
        return values(fooled=fooled, named=named, cycle=cycle, discriminator=rival, known=known)

    def view(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """The images as the critic sees them."""
        noise = self.normal(*images.shape, by=self.seeded(rng))
        return augment(images, rng, blank=0) + NOISE * noise

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        """The images, and for each attribute the result of changing it: hair switches, the others toggle."""
        images, labels = (self.put(t) for t in shown)
        columns = [images]
        for k in range(len(self.names)):
            wanted = torch.lerp(labels, changed(labels, k, self.names), FULL)
            columns.append(self.average.net(images, wanted))
        return columns

    def exported(self) -> Exported:
        names, net = list(self.names), self.network()
        hair = [name for name in names if name.endswith(HAIR)]
        vector = label(
            "label", len(names), kind="multihot", names=names, base="source", exclusive_groups=[hair],
            strength={"op": "lerp", "min": 0, "max": 2, "full": FULL}, requires_source_label=True,
        )  # fmt: skip
        size = multiple(4, self.config.side, least=32, most=256)
        graph = Graph(
            "main", net, (image(size), vector), (result(),), ((2, 64, 64), (1, 96, 80), (1, 128, 128))
        )
        golden = []
        for k, name in enumerate(names):
            start = torch.zeros(1, len(names))
            # `--from` names what the golden image has: nothing but the attribute after this one.
            other = (k + 1) % len(names)
            start[0, other] = 1
            wanted = torch.lerp(start, set_to(start, k, 1.0, self.names), FULL)
            golden.append(({"to": name, "from": names[other]}, lambda x, wanted=wanted: net(x, wanted)))
        return Exported("StarGAN", (graph,), {"domains": [{"id": n} for n in names]}, tuple(golden))


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy, summed over the attributes, mean of the batch."""
    return F.binary_cross_entropy_with_logits(logits.float(), labels, reduction="sum") / len(labels)


def set_to(labels: Tensor, k: int, value: float | Tensor, names: tuple[str, ...]) -> Tensor:
    """Labels with attribute k set. A colour of hair that is set clears the others."""
    labels = labels.clone()
    if names[k].endswith(HAIR):
        for other, name in enumerate(names):
            if name.endswith(HAIR):
                labels[:, other] = 0
    labels[:, k] = value
    return labels


def changed(labels: Tensor, k: int, names: tuple[str, ...]) -> Tensor:
    """Labels with attribute k toggled, or with the hair of that colour."""
    return set_to(labels, k, 1.0 if names[k].endswith(HAIR) else 1 - labels[:, k], names)


METHOD = StarGAN
