"""BicycleGAN: many results for one input, each named by a code z.

Zhu et al. 2017, "Toward Multimodal Image-to-Image Translation". Two cycles share the generator G and
the encoder E:

    cVAE-GAN  B -> z -> B'   (section 3.2): z = E(B) must say how to make B of A
    cLR-GAN   z -> B' -> z'  (section 3.3): E must read a drawn z from the B' made with it

`weights.vae` and `weights.regress` switch them off, for the ablation. Three departures. z enters as a scale
and a shift after each normalisation, not as further channels. D judges patches of 38 and 76 pixels with
spectral normalisation, not of 70 and 140. And E sees means over squares of COARSE x COARSE pixels. In finer
detail G could hide z, so the authors do not train E on drawn z (section 4). Here E learns from them, too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from train import sources
from train.config import Config
from train.losses import divergence, judged, reconstruction
from train.methods.base import Base, Losses, frozen, values
from train.networks.encoder import VectorEncoder
from train.networks.patches import Scales
from train.networks.unet import UNet
from train.noise import draw
from train.ports import Exported, Graph, image, latent, multiple, noise, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 128, "batch": 8, "cover": [1.0, 1.0]}],
    "side": 128,
    "lr": 3e-4,
    "network": {"width": 24, "levels": 5, "most": 5, "z": 8},
    "discriminator": {"width": 32, "scales": 2},
    "weights": {"vae": 1.0, "regress": 1.0, "reconstruction": 10.0, "divergence": 0.01, "z": 1.0},
}
COARSE = 4


class BicycleGAN(Base):
    """As the authors do, each step gives half of the batch to each cycle."""

    paper = "Zhu et al. 2017, Toward Multimodal Image-to-Image Translation"
    data = sources.Pairs

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = dict(config.network)
        self.z = given.pop("z")
        self.generator = self.add("generator", UNet(**given, codes=self.z))
        self.encoder = self.add("encoder", VectorEncoder(2 * self.z, levels=4, norm=False, shrink=COARSE))
        # D judges A and B together; each cycle has its own, as their fakes differ.
        self.judges = [
            self.add(f"discriminator_{name}", Scales(inputs=6, **config.discriminator))
            for name in ("vae", "lr")
        ]
        self.average = self.averaged("average", self.generator)
        self.average_encoder = self.averaged("average_encoder", self.encoder)
        self.for_generator = self.adam("generator_optimiser", [self.generator])
        self.for_encoder = self.adam("encoder_optimiser", [self.encoder])
        self.for_judges = self.adam("discriminator_optimiser", self.judges)

    def step(self, source: sources.Pairs, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        a, b = (self.put(images) for images in source.batch(rng, max(2, n), stage))
        (a_vae, a_lr), (b_vae, b_lr) = a.chunk(2), b.chunk(2)
        torch_rng = self.seeded(rng)
        drawn, jitter = (self.normal(len(x), self.z, by=torch_rng) for x in (a_lr, a_vae))
        w = self.weights

        with frozen(*self.judges), self.autocast():
            mean, log_variance = self.encode(b_vae)
            z = mean + jitter * (0.5 * log_variance).exp()
            both = self.generator(torch.cat([a_vae, a_lr]), torch.cat([z, drawn]))
            made_vae, made_lr = both[: len(a_vae)], both[len(a_vae) :]
            fooled_vae = judged(self.judges[0](torch.cat([a_vae, made_vae], 1)), True)
            fooled_lr = judged(self.judges[1](torch.cat([a_lr, made_lr], 1)), True)
        l1 = reconstruction(made_vae, b_vae)
        kl = divergence(mean, log_variance)
        loss = w["vae"] * (fooled_vae + w["reconstruction"] * l1 + w["divergence"] * kl)
        self.for_generator.zero_grad(set_to_none=True)
        self.for_encoder.zero_grad(set_to_none=True)
        (loss + w["regress"] * fooled_lr).backward(retain_graph=True)
        with self.autocast():
            told = self.encode(made_lr)[0]
        regained = reconstruction(told, drawn)
        (w["regress"] * w["z"] * regained).backward()
        self.advance(self.for_generator, self.for_encoder)

        with self.autocast():
            rival = torch.zeros(())
            pairs = ((a_vae, b_vae, made_vae), (a_lr, b_lr, made_lr))
            for judge, (given, real, made), weight in zip(self.judges, pairs, (w["vae"], w["regress"])):
                rival = rival + weight * judged(judge(torch.cat([given, real], 1)), True)
                rival = rival + weight * judged(judge(torch.cat([given, made.detach()], 1)), False)
        self.descend(self.for_judges, rival)
        self.average.update(self.generator, step)
        self.average_encoder.update(self.encoder, step)
        return values(l1=l1, kl=kl, z=regained, vae=fooled_vae, lr=fooled_lr, discriminator=rival)

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the logarithm of the variance of q(z | B)."""
        mean, log_variance = self.encoder(image).float().chunk(2, dim=1)
        return mean, log_variance

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        """A, B, and the results of A for E(B), for the z of the row above, and for three drawn z."""
        a, b = (self.put(images) for images in shown)
        z = self.average_encoder.net(b)[:, : self.z]
        drawn = self.normal(3, self.z, by=torch.Generator().manual_seed(0))
        codes = [z, z.roll(1, 0), *(d.expand(len(a), -1) for d in drawn)]
        return [a, b, *(self.average.net(a, code) for code in codes)]

    def network(self) -> nn.Module:
        return self.average.net

    def exported(self) -> Exported:
        net, size = self.average.net, multiple(32, self.config.side, least=64, most=512)
        sizes = ((2, 64, 64), (1, 96, 128), (1, 128, 128))
        encoder = Graph(
            "encoder",
            Means(self.average_encoder.net),
            (image(size, "exemplar", "exemplar", exemplar={"min": 0, "max": 1}),),
            (latent("z", self.z),),
            sizes,
        )
        generator = Graph("generator", net, (image(size), noise("z", self.z)), (result(),), sizes)
        parts = {
            "domains": [{"id": self.config.domains[-1]}],
            "stages": [{"graph": "generator", "feed": {"z": "encoder.z"}}],
        }
        golden = tuple(
            ({"to": self.config.domains[-1], "seed": seed}, partial(self.drawn, seed)) for seed in (1, 2)
        )
        return Exported("BicycleGAN", (encoder, generator), parts, golden, self.config.side)

    def drawn(self, seed: int, image: Tensor) -> Tensor:
        """The result of the z that gtx draws."""
        return self.average.net(image, torch.from_numpy(draw("z", self.z, seed))[None])


class Means(nn.Module):
    """The first half of an encoder's output: the means."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Tensor:
        return self.net(image).chunk(2, dim=1)[0]


METHOD = BicycleGAN
