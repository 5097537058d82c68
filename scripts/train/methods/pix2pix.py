"""pix2pix: paired translation by a conditional GAN and L1.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks". The paper's
only noise is dropout. It is left out here: it changes little (section 3), and gtx asks for the same
bytes every time. D judges patches of 38 pixels with spectral normalisation, not of 70 with batch
normalisation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from train import sources
from train.config import Config
from train.losses import reconstruction, told
from train.methods.base import Base, Losses, frozen, values
from train.networks.patches import Scales
from train.networks.unet import UNet
from train.ports import Exported, Graph, image, multiple, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 128, "batch": 4, "cover": [0.9, 1.0]}],
    "side": 144,
    "network": {"width": 24, "levels": 5, "most": 5},
    "discriminator": {"width": 32, "scales": 1},
    "weights": {"adversarial": 1.0, "reconstruction": 100.0},
}


class Pix2pix(Base):
    """G* = arg min_G max_D L_cGAN(G, D) + 100 L_L1(G), equation 4."""

    paper = "Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial Networks"
    data = sources.Pairs

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.generator = self.add("generator", UNet(**config.network))
        self.discriminator = self.add("discriminator", Scales(inputs=6, **config.discriminator))
        self.average = self.averaged("average", self.generator)
        self.for_generator = self.adam("generator_optimiser", [self.generator])
        self.for_discriminator = self.adam("discriminator_optimiser", [self.discriminator])

    def step(self, source: sources.Pairs, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        x, y = (self.put(images) for images in source.batch(rng, n, stage))
        with frozen(self.discriminator), self.autocast():
            made = self.generator(x)
            fooled = told(self.discriminator(torch.cat([x, made], 1)), True)  # equation 1, for G
        l1 = reconstruction(made, y)  # equation 3
        loss = self.weights["adversarial"] * fooled + self.weights["reconstruction"] * l1
        self.descend(self.for_generator, loss)

        with self.autocast():
            on_real = told(self.discriminator(torch.cat([x, y], 1)), True)
            on_fake = told(self.discriminator(torch.cat([x, made.detach()], 1)), False)
        rival = (on_real + on_fake) / 2  # section 3.3: D learns at half the pace
        self.descend(self.for_discriminator, rival)
        self.average.update(self.generator, step)
        return values(l1=l1, fooled=fooled, discriminator=rival)

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        x, y = (self.put(images) for images in shown)
        return [x, self.average.net(x), y]

    def exported(self) -> Exported:
        net = self.network()
        graph = Graph(
            "main",
            net,
            (image(multiple(32, self.config.stages[-1].size, least=64, most=512)),),
            (result(),),
            ((2, 64, 64), (1, 96, 128), (1, 128, 128)),
        )
        target = self.config.domains[-1]
        return Exported("pix2pix", (graph,), {"domains": [{"id": target}]}, (({"to": target}, net),), 128)


METHOD = Pix2pix
