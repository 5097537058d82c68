"""UNIT: two domains share a space of latents; encode in one, decode in the other.

Liu et al. 2017, "Unsupervised Image-to-Image Translation Networks". Two VAEs whose last encoding and
first decoding layers are one and the same (section 3, figure 1), a GAN per domain, and cycles.
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
from train.networks.layers import conv
from train.networks.patches import Scales
from train.networks.resnet import Block
from train.ports import Exported, Graph, fixed, image, latent, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 32, "batch": 16, "cover": [1.0, 1.0]}],
    "side": 32,
    "mirror": False,
    "lr": 3e-4,
    "network": {"width": 32, "levels": 2, "most": 4, "shared": 2},
    "discriminator": {"width": 32, "scales": 1},
    "weights": {"adversarial": 1.0, "divergence": 0.01, "reconstruction": 10.0, "cycle": 10.0},
}
CHANNELS = (3, 1)  # of colour and of grey digits


class Encoding(nn.Module):
    """An encoder of one domain, and the layers that both domains share: the mean of q(z | x)."""

    def __init__(self, own: nn.Module, shared: nn.Module) -> None:
        super().__init__()
        self.own, self.shared = own, shared

    def forward(self, x: Tensor) -> Tensor:
        return self.shared(self.own(x))


class Shared(nn.Module):
    """Residual blocks."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(channels, 0) for _ in range(blocks))
        self.mix = conv(channels, channels, 1, reflect=False)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, None)
        return self.mix(x)


class UNIT(Base):
    """min over E and G of L_VAE + L_GAN + L_CC of both domains, equation 2. Domain 0 is colour, 1 grey."""

    paper = "Liu et al. 2017, Unsupervised Image-to-Image Translation Networks"
    data = sources.Digits

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = dict(config.network)
        blocks = given.pop("shared")
        encoders = [Encoder(**given, inputs=c) for c in CHANNELS]
        width = encoders[0].channels
        shared_in, shared_out = Shared(width, blocks), Shared(width, blocks)
        decoders = [Decoder(**given, outputs=c) for c in CHANNELS]
        self.net = self.add(
            "net",
            nn.ModuleDict(
                {
                    "encode": nn.ModuleList(Encoding(own, shared_in) for own in encoders),
                    "decode": nn.ModuleList(nn.Sequential(shared_out, own) for own in decoders),
                }
            ),
        )
        self.judges = [
            self.add(f"discriminator_{i}", Scales(inputs=c, **config.discriminator))
            for i, c in enumerate(CHANNELS)
        ]
        self.average = self.averaged("average", self.net)
        self.for_net = self.adam("net_optimiser", [self.net])
        self.for_judges = self.adam("discriminator_optimiser", self.judges)

    def step(self, source: sources.Digits, rng: np.random.Generator, step: int) -> Losses:
        _, n = self.begin(step)
        torch.manual_seed(int(rng.integers(2**31)))
        real = [self.put(source.colours(rng, n)[0]), self.put(source.greys(rng, n))]
        encode, decode = self.net["encode"], self.net["decode"]
        loss, fakes, shown = torch.zeros(()), {}, {}
        with frozen(*self.judges), self.autocast():
            means = [encode[i](real[i]) for i in (0, 1)]
            drawn = [mean + torch.randn_like(mean) for mean in means]
            for i in (0, 1):
                other = 1 - i
                same = reconstruction(decode[i](drawn[i]), real[i])  # equation 3
                fakes[other] = decode[other](drawn[i])
                fooled = judged(self.judges[other](fakes[other]), True)  # equation 5
                mean = encode[other](fakes[other])
                back = reconstruction(decode[i](mean + torch.randn_like(mean)), real[i])  # equation 8
                # The variance is one, so the divergence is half the square of the mean.
                divergence = (means[i].float() ** 2).mean() + (mean.float() ** 2).mean()
                w = self.weights
                loss = loss + w["reconstruction"] * same + w["adversarial"] * fooled
                loss = loss + w["cycle"] * back + w["divergence"] * divergence
                shown.update({f"same_{i}": same, f"fooled_{other}": fooled, f"cycle_{i}": back})
        self.descend(self.for_net, loss)

        with self.autocast():
            rival = torch.zeros(())
            for i in (0, 1):
                rival = rival + judged(self.judges[i](real[i]), True)
                rival = rival + judged(self.judges[i](fakes[i].detach()), False)
        self.descend(self.for_judges, rival)
        self.average.update(self.net, step)
        return values(**shown, discriminator=rival)

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        net, (colours, greys) = self.average.net, (self.put(images) for images in shown)
        latents = [encode(images) for encode, images in zip(net["encode"], (colours, greys))]
        columns = [colours, net["decode"][1](latents[0]), net["decode"][0](latents[0])]
        return [*columns, greys, net["decode"][0](latents[1])]

    def exported(self) -> Exported:
        net, side = self.average.net, self.config.side
        grid = side // 2 ** self.config.network["levels"]
        shape = (net["encode"][0].own.channels, grid, grid)
        sizes = ((2, side, side), (1, side, side), (3, side, side))
        colour, grey = self.config.domains
        encoder = Graph(
            f"encode-{colour}",
            net["encode"][0],
            (image(fixed(side, restore="none")),),
            (latent("latent", *shape),),
            sizes,
        )
        decoder = Graph(
            f"decode-{grey}",
            net["decode"][1],
            (latent("latent", *shape),),
            (result(channels=1),),
            sizes,
        )
        parts = {
            "domains": [{"id": colour}, {"id": grey}],
            "stages": [{"graph": decoder.name, "feed": {"latent": f"{encoder.name}.latent"}}],
            "directions": [{"from": colour, "to": grey, "graph": decoder.name}],
        }
        golden = (({"to": grey}, lambda x: net["decode"][1](net["encode"][0](x))),)
        return Exported("UNIT", (encoder, decoder), parts, golden, side)


METHOD = UNIT
