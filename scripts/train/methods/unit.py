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
from train.networks.autoencoder import Decoder, Encoder, norm_of
from train.networks.layers import conv
from train.networks.patches import Scales
from train.ports import Exported, Graph, fixed, image, latent, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 32, "batch": 16, "cover": [1.0, 1.0]}],
    "side": 32,
    "mirror": False,
    "lr": 3e-4,
    "network": {"width": 32, "levels": 2, "most": 4, "shared": 2, "private": 16, "norm": "layer"},
    "discriminator": {"width": 32, "scales": 1},
    "weights": {"adversarial": 1.0, "divergence": 0.01, "reconstruction": 10.0, "cycle": 10.0, "identity": 10.0},
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
        self.blocks = nn.ModuleList(
            nn.Sequential(
                conv(channels, channels, reflect=False),
                norm_of("layer", channels),
                nn.ReLU(),
                conv(channels, channels, reflect=False),
                norm_of("layer", channels),
            )
            for _ in range(blocks)
        )
        self.mix = conv(channels, channels, 1, reflect=False)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = x + block(x)
        return self.mix(x)


class Public(nn.Module):
    """Latents without what colour digits keep to themselves: the last `private` channels become zeros."""

    def __init__(self, channels: int, private: int) -> None:
        super().__init__()
        self.private = private
        self.register_buffer("kept", (torch.arange(channels) < channels - private).float()[:, None, None])

    def forward(self, z: Tensor) -> Tensor:
        return z * self.kept.to(z.dtype)

    def exchanged(self, z: Tensor, other: Tensor) -> Tensor:
        """z with the private part of other."""
        return torch.where(self.kept > 0, z, other)


def drawn(mean: Tensor) -> Tensor:
    """A latent drawn from q(z | x), whose variance is one."""
    return mean + torch.randn_like(mean)


class UNIT(Base):
    """min over E and G of L_VAE + L_GAN + L_CC of both domains, equation 2. Domain 0 is colour, 1 grey."""

    paper = "Liu et al. 2017, Unsupervised Image-to-Image Translation Networks"
    data = sources.Digits

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = dict(config.network)
        blocks, private = given.pop("shared"), given.pop("private")
        encoders = [Encoder(**given, inputs=c) for c in CHANNELS]
        width = encoders[0].channels
        shared_in, shared_out = Shared(width, blocks), Shared(width, blocks)
        decoders = [Decoder(**given, outputs=c) for c in CHANNELS]
        self.public = Public(width, private)
        self.net = self.add(
            "net",
            nn.ModuleDict(
                {
                    "encode": nn.ModuleList(
                        [Encoding(encoders[0], shared_in), nn.Sequential(encoders[1], shared_in, self.public)]
                    ),
                    "decode": nn.ModuleList(
                        [
                            nn.Sequential(shared_out, decoders[0]),
                            nn.Sequential(self.public, shared_out, decoders[1]),
                        ]
                    ),
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
        colour, grey = self.put(source.colours(rng, n)[0]), self.put(source.greys(rng, n))
        (encode_0, encode_1), (decode_0, decode_1) = self.net["encode"], self.net["decode"]
        with frozen(*self.judges), self.autocast():
            mean_0, mean_plain = encode_0(torch.cat([colour, grey.expand(-1, 3, -1, -1)])).chunk(2)
            mean_1 = encode_1(grey)
            z_0, z_1 = drawn(mean_0), drawn(mean_1)
            lent = self.public.exchanged(z_1, z_0.roll(1, 0))
            same_0, fake_0 = decode_0(torch.cat([z_0, lent])).chunk(2)
            same_1, fake_1, plain = decode_1(torch.cat([z_1, z_0, drawn(mean_plain)])).chunk(3)
            again_0, again_1 = encode_0(fake_0), encode_1(fake_1)
            back_1, back_0 = decode_1(drawn(again_0)), decode_0(self.public.exchanged(drawn(again_1), z_0))
            fooled = [judged(judge(fake), True) for judge, fake in zip(self.judges, (fake_0, fake_1))]
        same = reconstruction(same_0, colour), reconstruction(same_1, grey)  # equation 3
        back = reconstruction(back_0, colour), reconstruction(back_1, grey)  # equation 8
        kept = reconstruction(plain, grey)
        # The variance is one, so the divergence is half the square of the mean.
        divergence = sum((mean.float() ** 2).mean() for mean in (mean_0, mean_1, again_0, again_1))
        w = self.weights
        loss = w["reconstruction"] * sum(same) + w["adversarial"] * sum(fooled) + w["cycle"] * sum(back)
        self.descend(self.for_net, loss + w["divergence"] * divergence + w["identity"] * kept)

        with self.autocast():
            rival = torch.zeros(())
            for judge, real, fake in zip(self.judges, (colour, grey), (fake_0, fake_1)):
                rival = rival + judged(judge(real), True) + judged(judge(fake.detach()), False)
        self.descend(self.for_judges, rival)
        self.average.update(self.net, step)
        pairs = {"same": same, "fooled": fooled, "cycle": back}
        shown = {f"{name}_{i}": pair[i] for name, pair in pairs.items() for i in (0, 1)}
        return values(**shown, identity=kept, discriminator=rival, mean=(mean_0.float()**2).mean())

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        net, (colours, greys) = self.average.net, (self.put(images) for images in shown)
        latents = [encode(images) for encode, images in zip(net["encode"], (colours, greys))]
        lent = self.public.exchanged(latents[1], latents[0])
        columns = [colours, net["decode"][1](latents[0]), net["decode"][0](latents[0])]
        return [*columns, greys, net["decode"][0](lent)]

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
