"""UNIT: two domains share a space of latents; encode in one, decode in the other.

Liu et al. 2017, "Unsupervised Image-to-Image Translation Networks". Two VAEs whose last encoding and
first decoding layers are one and the same (section 3, figure 1), a GAN per domain, and cycles. As in the
paper's domain adaptation (section 4) the classes of the colour digits are known, and those of the grey ones
are not. Three departures. The classes are read from the latent, not by the discriminator. A grey digit that
enters as a colour digit must come out as it is. And colour digits have a private part of the latent, because
a grey digit says nothing about a photograph. To become a colour digit, it borrows this part from one of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sources
from train.config import Config
from train.losses import judged, reconstruction
from train.methods.base import Base, Losses, frozen, values
from train.networks.autoencoder import Decoder, Encoder
from train.networks.patches import Scales
from train.ports import Exported, Graph, fixed, image, latent, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 32, "batch": 16, "cover": [1.0, 1.0]}],
    "side": 32,
    "mirror": False,
    "lr": 4e-4,
    "network": {"width": 32, "drawer": 20, "levels": 3, "latent": 128, "private": 32},
    "discriminator": {"width": 32, "scales": 1},
    "weights": {
        "adversarial": 1.0, "divergence": 0.01, "reconstruction": 10.0, "cycle": 10.0, "identity": 10.0,
        "classes": 1.0,
    },
}  # fmt: skip
CHANNELS = (3, 1)  # of colour and of grey digits
CLASSES = 10


class Public(nn.Module):
    """Latents [n, channels, 1, 1] with zeros for the last `private` ones, which only colour digits use."""

    def __init__(self, channels: int, private: int) -> None:
        super().__init__()
        self.channels = channels - private
        self.register_buffer("kept", (torch.arange(channels) < self.channels).float()[:, None, None])

    def forward(self, z: Tensor) -> Tensor:
        return z * self.kept.to(z.dtype)

    def lent(self, z: Tensor, other: Tensor) -> Tensor:
        """z with the private part of other."""
        return torch.where(self.kept > 0, z, other)


class Entry(nn.Module):
    """The first decoding layer: [n, latent, 1, 1] -> [n, channels, grid, grid]."""

    def __init__(self, latents: int, channels: int, grid: int) -> None:
        super().__init__()
        self.shape = (-1, channels, grid, grid)
        self.layer = nn.Linear(latents, channels * grid**2)

    def forward(self, z: Tensor) -> Tensor:
        return F.relu(self.layer(z.flatten(1))).reshape(self.shape)


def drawn(mean: Tensor) -> Tensor:
    """A latent drawn from q(z | x), whose variance is one."""
    return mean + torch.randn_like(mean)


class UNIT(Base):
    """min over E and G of L_VAE + L_GAN + L_CC of both domains, equation 2. Domain 0 is colour, 1 grey."""

    paper = "Liu et al. 2017, Unsupervised Image-to-Image Translation Networks"
    data = sources.Digits

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = config.network
        levels, latents, grid = given["levels"], given["latent"], config.side // 2 ** given["levels"]
        encoders = [Encoder(given["width"], levels, inputs=c, norm="layer") for c in CHANNELS]
        decoders = [Decoder(given["drawer"], levels, outputs=c, norm="layer") for c in CHANNELS]
        shared_in = nn.Conv2d(encoders[0].channels, latents, grid)
        shared_out = Entry(latents, decoders[0].channels, grid)
        self.public = Public(latents, given["private"])
        encode = [nn.Sequential(encoders[0], shared_in), nn.Sequential(encoders[1], shared_in, self.public)]
        decode = [
            nn.Sequential(shared_out, decoders[0]), nn.Sequential(self.public, shared_out, decoders[1])
        ]  # fmt: skip
        parts = {"encode": nn.ModuleList(encode), "decode": nn.ModuleList(decode)}
        self.net = self.add("net", nn.ModuleDict(parts))
        self.classes = self.add("classes", nn.Linear(self.public.channels, CLASSES))
        self.judges = [
            self.add(f"discriminator_{i}", Scales(inputs=c, **config.discriminator))
            for i, c in enumerate(CHANNELS)
        ]
        self.average = self.averaged("average", self.net)
        self.for_net = self.adam("net_optimiser", [self.net, self.classes])
        self.for_judges = self.adam("discriminator_optimiser", self.judges, rate=2.0)

    def named(self, mean: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the classes that are read from the shared part of latents."""
        logits = self.classes(mean[:, : self.public.channels].flatten(1))
        return F.cross_entropy(logits.float(), labels)

    def step(self, source: sources.Digits, rng: np.random.Generator, step: int) -> Losses:
        _, n = self.begin(step)
        torch.manual_seed(int(rng.integers(2**31)))
        colour, labels = (self.put(t) for t in source.colours(rng, n))
        grey = self.put(source.greys(rng, n))
        (encode_0, encode_1), (decode_0, decode_1) = self.net["encode"], self.net["decode"]
        with frozen(*self.judges), self.autocast():
            mean_0, mean_plain = encode_0(torch.cat([colour, grey.expand(-1, 3, -1, -1)])).chunk(2)
            mean_1 = encode_1(grey)
            z_0, z_1 = drawn(mean_0), drawn(mean_1)
            lent = self.public.lent(z_1, z_0.roll(1, 0))
            same_0, fake_0 = decode_0(torch.cat([z_0, lent])).chunk(2)
            same_1, fake_1, plain = decode_1(torch.cat([z_1, z_0, drawn(mean_plain)])).chunk(3)
            again_0, again_1 = encode_0(fake_0), encode_1(fake_1)
            back_1, back_0 = decode_1(drawn(again_0)), decode_0(self.public.lent(drawn(again_1), z_0))
            fooled = [judged(judge(fake), True) for judge, fake in zip(self.judges, (fake_0, fake_1))]
            named = self.named(mean_0, labels), self.named(again_1, labels)
        same = reconstruction(same_0, colour), reconstruction(same_1, grey)  # equation 3
        back = reconstruction(back_0, colour), reconstruction(back_1, grey)  # equation 8
        kept = reconstruction(plain, grey)
        # The variance is one: the divergence is the square of the mean, times a factor that is in the weight.
        divergence = sum((mean.float() ** 2).mean() for mean in (mean_0, mean_1, again_0, again_1))
        w = self.weights
        loss = w["reconstruction"] * sum(same) + w["adversarial"] * sum(fooled) + w["cycle"] * sum(back)
        loss = loss + w["divergence"] * divergence + w["identity"] * kept + w["classes"] * sum(named)
        self.descend(self.for_net, loss)

        with self.autocast():
            rival = torch.zeros(())
            for judge, real, fake in zip(self.judges, (colour, grey), (fake_0, fake_1)):
                rival = rival + judged(judge(real), True) + judged(judge(fake.detach()), False)
        self.descend(self.for_judges, rival)
        self.average.update(self.net, step)
        pairs = {"same": same, "fooled": fooled, "cycle": back, "named": named}
        shown = {f"{name}_{i}": pair[i] for name, pair in pairs.items() for i in (0, 1)}
        return values(**shown, identity=kept, discriminator=rival)

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        net, (colours, greys) = self.average.net, (self.put(images) for images in shown)
        first, second = (encode(images) for encode, images in zip(net["encode"], (colours, greys)))
        columns = [colours, net["decode"][1](first), net["decode"][0](first)]
        return [*columns, greys, net["decode"][0](self.public.lent(second, first))]

    def exported(self) -> Exported:
        net, side = self.average.net, self.config.side
        shape = (self.config.network["latent"], 1, 1)
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
