"""CycleGAN: two generators that undo one another.

Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks". The
discriminators judge patches of 38 pixels with spectral normalisation, not of 70 with instance normalisation.
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
from train.networks.patches import Scales
from train.networks.resnet import ResNet
from train.ports import Exported, Graph, image, multiple, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 128, "batch": 2, "cover": [0.8, 1.0]}],
    "side": 256,
    "lr": 3e-4,
    "network": {"width": 24, "blocks": 3},
    "discriminator": {"width": 32, "scales": 1},
    "weights": {"cycle": 10.0, "identity": 5.0, "pool": 50},
}


class Pool:
    """A history of fakes (section 4, after Shrivastava et al. 2017): half of what D sees is older."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        if self.images and self.images[0].shape != images.shape[1:]:
            self.images = []  # of an earlier stage
        given = []
        for new in images:
            if len(self.images) < self.size:
                self.images.append(new)
                given.append(new)
            elif rng.random() < 0.5:
                slot = int(rng.integers(self.size))
                given.append(self.images[slot])
                self.images[slot] = new
            else:
                given.append(new)
        return torch.stack(given)

    def state_dict(self) -> dict[str, list[Tensor]]:
        return {"images": [image.half() for image in self.images]}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        self.images = [image.float() for image in state["images"]]


class CycleGAN(Base):
    """L = L_GAN(G, D_Y) + L_GAN(F, D_X) + 10 L_cyc(G, F) + 5 L_identity, equation 3 and section 5.2."""

    paper = "Zhu et al. 2017, Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks"
    data = sources.Domains

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.there, self.back = (
            self.add(name, ResNet(**config.network)) for name in ("generator_ab", "generator_ba")
        )
        self.judges = [self.add(f"discriminator_{d}", Scales(**config.discriminator)) for d in "ab"]
        pair = nn.ModuleList([self.there, self.back])
        self.average = self.averaged("average", pair)
        self.for_generators = self.adam("generator_optimiser", [pair])
        self.for_judges = self.adam("discriminator_optimiser", self.judges)
        self.pools = [Pool(int(self.weights["pool"])) for _ in "ab"]
        self.parts.update(pool_a=self.pools[0], pool_b=self.pools[1])
        self.pair = pair

    def step(self, source: sources.Domains, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        a, b = (self.put(images) for images in source.batches(rng, n, stage))
        with frozen(*self.judges), self.autocast():
            fake_b, fake_a = self.there(a), self.back(b)
            fooled = judged(self.judges[1](fake_b), True) + judged(self.judges[0](fake_a), True)  # equation 1
            cycle = reconstruction(self.back(fake_b), a) + reconstruction(self.there(fake_a), b)  # equation 2
            same = reconstruction(self.there(b), b) + reconstruction(self.back(a), a)
        w = self.weights
        self.descend(self.for_generators, fooled + w["cycle"] * cycle + w["identity"] * same)

        with self.autocast():
            rival = torch.zeros(())
            for judge, pool, real, fake in zip(self.judges, self.pools, (a, b), (fake_a, fake_b)):
                # Half precision as in the checkpoint, so that a resumed run sees the same history.
                older = pool.exchange(fake.detach().half().float(), rng)
                rival = rival + judged(judge(real), True) + judged(judge(older), False)
        self.descend(self.for_judges, rival / 2)
        self.average.update(self.pair, step)
        moved = reconstruction(fake_b.detach(), a)
        return values(fooled=fooled, cycle=cycle, same=same, moved=moved, discriminator=rival)

    @torch.no_grad()
    def sheet(self, shown: Tensor) -> list[Tensor]:
        """The images, to domain b, to domain a, and each there and back."""
        images = self.put(shown)
        there, back = self.average.net
        to_b, to_a = there(images), back(images)
        return [images, to_b, to_a, back(to_b), there(to_a)]

    def exported(self) -> Exported:
        first, second = self.config.domains
        size = multiple(4, self.config.stages[-1].size, least=64, most=512)
        sizes = ((2, 64, 64), (1, 96, 136), (1, 128, 128))
        nets = {second: self.average.net[0], first: self.average.net[1]}
        graphs = tuple(
            Graph(f"to-{target}", net, (image(size),), (result(),), sizes) for target, net in nets.items()
        )
        directions = [
            {"from": start, "to": target, "graph": f"to-{target}"}
            for start, target in ((first, second), (second, first))
        ]
        parts = {"domains": [{"id": d} for d in (first, second)], "directions": directions}
        golden = (
            ({"to": second, "from": first}, nets[second]),
            ({"to": first, "from": second}, nets[first]),
        )
        return Exported("CycleGAN", graphs, parts, golden)


METHOD = CycleGAN
