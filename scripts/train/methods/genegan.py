"""GeneGAN: an attribute moves over from one face to another.

Zhou et al. 2017, "GeneGAN: Learning Object Transfiguration and Attribute Subspace from Unpaired
Data". The splitter takes an image to a background and an object, the joiner makes an image of them:

    Au = J(A, u)   a face with the attribute      B0 = J(B, 0)   a face without
    Bu = J(B, u)   the attribute given            A0 = J(A, 0)   the attribute taken

The adversarial terms are least squares with spectral normalisation instead of WGAN with clipped
weights (equations 3 and 4), which needs several steps of its critics for one of the generator. Three more
departures. Parents are also rebuilt from their own parts, not only from their children's. The object of a
child without the attribute must be zero, too. And a discriminator counts real faces of the other side as
wrong.
Full strength gives FULL times an exemplar's object, and takes as much from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from train import sources
from train.config import Config
from train.losses import judged, reconstruction
from train.methods.base import Base, Losses, frozen, values
from train.networks.autoencoder import Decoder, Encoder
from train.networks.patches import Scales
from train.ports import Exported, Graph, Port, fixed, image, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 2000, "size": 64, "batch": 8, "cover": [1.0, 1.0]}],
    "side": 64,
    "lr": 3e-4,
    "network": {"width": 40, "levels": 3, "most": 4, "object": 40, "norm": "layer"},
    "discriminator": {"width": 32, "scales": 2},
    "weights": {
        "reconstruction": 5.0,
        "adversarial": 2.0,
        "nulling": 1.0,
        "parallelogram": 0.5,
        "wrong": 0.5,
    },
}
# With a factor of one, a fifth of the eyeglasses that were to be taken stayed.
FULL = 1.25


class GeneGAN(Base):
    """L_G = L_recon + L_GAN + L_0 + L_parallelogram, equation 7."""

    paper = "Zhou et al. 2017, GeneGAN: Learning Object Transfiguration and Attribute Subspace"
    data = sources.Attributes

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = dict(config.network)
        self.object = given.pop("object")  # channels of u
        self.net = self.add("net", nn.ModuleDict({"split": Encoder(**given), "join": Decoder(**given)}))
        # One knows faces with the attribute, the other faces without.
        self.judges = [
            self.add(f"discriminator_{name}", Scales(**config.discriminator)) for name in ("with", "without")
        ]
        self.average = self.averaged("average", self.net)
        self.for_net = self.adam("net_optimiser", [self.net])
        self.for_judges = self.adam("discriminator_optimiser", self.judges)

    def split(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Background and object."""
        features = self.net["split"](images)
        return features[:, self.object :], features[:, : self.object]

    def join(self, background: Tensor, thing: Tensor) -> Tensor:
        return self.net["join"](torch.cat([thing, background], dim=1))

    def step(self, source: sources.Attributes, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        au, b0 = (self.put(source.having(rng, n, stage, 0, value)[0]) for value in (1, 0))
        with frozen(*self.judges), self.autocast():
            backgrounds, things = self.split(torch.cat([au, b0]))
            (a, b), (u, e) = backgrounds.chunk(2), things.chunk(2)
            nothing = torch.zeros_like(u)
            au_again, b0_again, bu, a0 = self.join(
                torch.cat([a, b, b, a]), torch.cat([u, nothing, u, nothing])
            ).chunk(4)
            # The children are split and joined again to make the parents (figure 2).
            child_backgrounds, child_things = self.split(torch.cat([bu, a0]).to(bu.dtype))
            (b_child, a_child), (u_child, e_child) = child_backgrounds.chunk(2), child_things.chunk(2)
            au_back, b0_back = self.join(torch.cat([a_child, b_child]), torch.cat([u_child, nothing])).chunk(
                2
            )
            fooled = judged(self.judges[0](bu), True) + judged(self.judges[1](a0), True)
        same = sum(
            reconstruction(made, wanted)
            for made, wanted in ((au_again, au), (b0_again, b0), (au_back, au), (b0_back, b0))
        )  # equations 1 and 2
        nulling = e.float().abs().mean() + e_child.float().abs().mean()  # equation 5
        parallelogram = ((au + b0) - (bu + a0)).abs().mean()  # equation 6
        w = self.weights
        loss = w["reconstruction"] * same + w["adversarial"] * fooled
        loss = loss + w["nulling"] * nulling + w["parallelogram"] * parallelogram
        self.descend(self.for_net, loss)

        with self.autocast():
            rival, wrong = torch.zeros(()), torch.zeros(())
            for judge, real, fake, other in ((self.judges[0], au, bu, b0), (self.judges[1], b0, a0, au)):
                rival = rival + judged(judge(real), True) + judged(judge(fake.detach()), False)
                # Real faces of the other side count as wrong, or a copy of the input would do.
                wrong = wrong + judged(judge(other), False)
        self.descend(self.for_judges, rival + w["wrong"] * wrong)
        self.average.update(self.net, step)
        return values(
            same=same, fooled=fooled, nulling=nulling, parallelogram=parallelogram, discriminator=rival
        )

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        """Faces without; three times faces with and what they give; the last of these with it taken."""
        images = self.put(shown[0])
        with_it, without = images.chunk(2)
        net, columns = self.moving(), [without]
        for shift in range(3):
            exemplar = with_it.roll(shift, 0)
            given, taken = net(without, exemplar, torch.full((len(without),), FULL, device=self.device))
            columns += [exemplar, given]
        return [*columns, taken]

    def moving(self) -> nn.Module:
        return Moving(self.average.net, self.object)

    def exported(self) -> Exported:
        net, side = self.moving(), self.config.side
        target = self.config.domains[0]
        size = fixed(side)
        scale = {"op": "scale", "min": 0, "max": 2, "full": FULL}
        strength = Port("strength", "strength", (), {"label": {"strength": scale}})
        graph = Graph(
            "main",
            net,
            (image(size), image(size, "exemplar", "exemplar"), strength),
            (result("given"), result("taken", suffix="-without")),
            ((2, side, side), (1, side, side), (3, side, side)),
        )
        golden = (({"to": target, "strength": 1}, lambda x: net(x, x, torch.full((1,), FULL))[0]),)
        return Exported("GeneGAN", (graph,), {"domains": [{"id": target}]}, golden, side)


class Moving(nn.Module):
    """(image, exemplar, strength [n]) -> the image with the exemplar's attribute, the exemplar without."""

    def __init__(self, net: nn.ModuleDict, thing: int) -> None:
        super().__init__()
        self.net, self.thing = net, thing

    def forward(self, image: Tensor, exemplar: Tensor, strength: Tensor) -> tuple[Tensor, Tensor]:
        source, shown = self.net["split"](image), self.net["split"](exemplar)
        thing = shown[:, : self.thing]
        strength = strength[:, None, None, None]
        given = torch.cat([strength * thing, source[:, self.thing :]], dim=1)
        taken = torch.cat([(1 - strength) * thing, shown[:, self.thing :]], dim=1)
        return self.net["join"](given), self.net["join"](taken)


METHOD = GeneGAN
