"""The Domain Transfer Network: from one domain to another through features that are known beforehand.

Taigman et al. 2017, "Unsupervised Cross-Domain Image Generation". G = g(f(x)). The function f comes
from a classifier of the source domain, which the first `pretrain` steps train on its labels. After
that f stays as it is. The labels of the target domain are never seen.
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
from train.networks.digits import SIDE, Drawer, Features
from train.networks.patches import Patches
from train.ports import Exported, Graph, fixed, image, latent, result

FROM_SOURCE, FROM_TARGET, REAL = 0, 1, 2  # the classes of D, section 4

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 4000, "size": SIDE, "batch": 32, "cover": [1.0, 1.0]}],
    "side": SIDE,
    "mirror": False,
    "lr": 4e-4,
    "network": {"width": 32},
    "discriminator": {"width": 32},
    "weights": {"constancy": 15.0, "identity": 15.0, "variation": 0.0, "pretrain": 600},
}


class DTN(Base):
    """L_G = L_GANG + 15 L_CONST + 15 L_TID + gamma L_TV, section 4."""

    paper = "Taigman et al. 2017, Unsupervised Cross-Domain Image Generation"
    data = sources.Digits

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.f = self.add("f", Features(**config.network))
        self.classes = self.add("classes", nn.Linear(128, 10))
        self.g = self.add("g", Drawer(**config.network))
        self.discriminator = self.add("discriminator", Patches(inputs=1, outputs=3, **config.discriminator))
        self.average = self.averaged("average", self.g)
        self.for_f = self.adam("f_optimiser", [self.f, self.classes])
        self.for_g = self.adam("g_optimiser", [self.g])
        self.for_discriminator = self.adam("discriminator_optimiser", [self.discriminator])

    def step(self, source: sources.Digits, rng: np.random.Generator, step: int) -> Losses:
        _, n = self.begin(step)
        s, labels = source.colours(rng, n)
        s = self.put(s)
        if step < self.weights["pretrain"]:
            return self.learn_features(s, labels.to(self.device))
        t = self.put(source.greys(rng, n))
        self.f.eval().requires_grad_(False)
        with frozen(self.discriminator), self.autocast():
            known_s, known_t = self.f(s), self.f(t.expand(-1, 3, -1, -1))
            made_s, made_t = self.g(known_s), self.g(known_t)
            # Equation 4: both kinds of fakes should pass for real.
            fooled = of_class(self.discriminator(made_s)[-1], REAL) + of_class(
                self.discriminator(made_t)[-1], REAL
            )
            again = self.f(made_s.expand(-1, 3, -1, -1))
        constancy = F.mse_loss(again.float(), known_s.float())  # equation 5
        identity = F.mse_loss(made_t, t)  # equation 6
        variation = smoothness(made_s)
        w = self.weights
        loss = fooled + w["constancy"] * constancy + w["identity"] * identity + w["variation"] * variation
        self.descend(self.for_g, loss)

        with self.autocast():
            kinds = ((made_s.detach(), FROM_SOURCE), (made_t.detach(), FROM_TARGET), (t, REAL))
            judged = [of_class(self.discriminator(images)[-1], kind) for images, kind in kinds]
        rival = judged[0] + judged[1] + judged[2]  # equation 3
        self.descend(self.for_discriminator, rival)
        self.average.update(self.g, step)
        return values(fooled=fooled, constancy=constancy, identity=identity, discriminator=rival)

    def learn_features(self, images: Tensor, labels: Tensor) -> Losses:
        self.f.train()
        with self.autocast():
            logits = self.classes(self.f(images).flatten(1))
        loss = F.cross_entropy(logits.float(), labels)
        self.descend(self.for_f, loss)
        right = (logits.argmax(1) == labels).float().mean()
        return values(classes=loss, right=right)

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        colours, greys = (self.put(images) for images in shown)
        self.f.eval()
        return [
            colours,
            self.average.net(self.f(colours)),
            greys,
            self.average.net(self.f(greys.expand(-1, 3, -1, -1))),
        ]

    def exported(self) -> Exported:
        f, g = self.f.eval(), self.average.net
        sizes = ((2, SIDE, SIDE), (1, SIDE, SIDE), (3, SIDE, SIDE))
        graphs = (
            Graph("f", f, (image(fixed(SIDE, restore="none")),), (latent("features", 128, 1, 1),), sizes),
            Graph("g", g, (latent("features", 128, 1, 1),), (result(channels=1),), sizes),
        )
        target = self.config.domains[-1]
        parts = {
            "domains": [{"id": target}],
            "stages": [{"graph": "g", "feed": {"features": "f.features"}}],
        }
        return Exported("DTN", graphs, parts, (({"to": target}, lambda x: g(f(x))),), SIDE)


def of_class(judgements: Tensor, kind: int) -> Tensor:
    """Cross-entropy of ternary judgements [n, 3, h, w] that should all be of one kind."""
    return -F.log_softmax(judgements.float(), dim=1)[:, kind].mean()


def smoothness(images: Tensor) -> Tensor:
    """The anisotropic total variation."""
    down, right = images[:, :, 1:] - images[:, :, :-1], images[..., 1:] - images[..., :-1]
    return down.abs().mean() + right.abs().mean()


METHOD = DTN
