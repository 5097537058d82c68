"""Fader Networks: an autoencoder whose code hides the attributes. The decoder gets them separately.

Lample et al. 2017, "Fader Networks: Manipulating Images by Sliding Attributes". Three departures. The
latent loss weighs .01, not .0001, as there are far fewer steps. Half of the images that are drawn for an
attribute have it. And full strength is an alpha of FULL, not of 1.
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
from train.networks.autoencoder import Decoder, Encoder
from train.ports import Exported, Graph, image, label, multiple, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 64, "batch": 32, "cover": [1.0, 1.0]}],
    "side": 64,
    "lr": 1e-3,
    "decay_from": 0.7,
    "network": {"width": 32, "levels": 4, "most": 4},
    "discriminator": {"width": 128},
    # `latent` is lambda_E of section 3; it grows from 0 over `ramp` of the run, as in section 4.
    "weights": {"latent": 0.01, "ramp": 0.3},
}
# The alpha of full strength: the more the code hides an attribute, the more strongly it has to be asked for.
FULL = 4.0


class LatentDiscriminator(nn.Module):
    """features [n, channels, 4, 4] -> logits of the attributes, section 4."""

    def __init__(self, channels: int, attributes: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 4, 2, 1)
        self.hidden = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(width, attributes)

    def forward(self, features: Tensor) -> Tensor:
        x = self.dropout(F.leaky_relu(self.conv(features), 0.2)).flatten(1)
        return self.head(self.dropout(F.leaky_relu(self.hidden(x), 0.2)))


class Faded(nn.Module):
    """(image, attributes [n, k]) -> image: the decoder gets each attribute as a pair 1 - y and y."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, image: Tensor, attributes: Tensor) -> Tensor:
        return self.decoder(self.encoder(image), pairs(attributes))


def pairs(attributes: Tensor) -> Tensor:
    return torch.cat([1 - attributes, attributes], dim=1)


class Fader(Base):
    """L = |D(E(x), y) - x|^2 - lambda_E log P(1 - y | E(x)), the adversarial objective of section 3."""

    paper = "Lample et al. 2017, Fader Networks: Manipulating Images by Sliding Attributes"
    data = sources.Attributes

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.names = config.domains
        encoder = Encoder(**config.network, norm="batch")
        decoder = Decoder(**config.network, codes=2 * len(self.names), norm="batch")
        self.faded = self.add("autoencoder", Faded(encoder, decoder))
        self.latent = self.add(
            "latent", LatentDiscriminator(encoder.channels, len(self.names), **config.discriminator)
        )
        self.average = self.averaged("average", self.faded)
        self.for_faded = self.adam("autoencoder_optimiser", [self.faded])
        self.for_latent = self.adam("latent_optimiser", [self.latent])

    def step(self, source: sources.Attributes, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        # Half of the images drawn for an attribute have it: eyeglasses are rare in the data.
        share = -(-n // (2 * len(self.names)))
        drawn = [source.having(rng, share, stage, k, v) for k in range(len(self.names)) for v in (0, 1)]
        x, y = (self.put(torch.cat(parts)) for parts in zip(*drawn))
        torch.manual_seed(int(rng.integers(2**31)))  # of the dropout
        # The latent discriminator learns first what there is to hide.
        with self.autocast():
            features = self.faded.encoder(x)
            logits = self.latent(features.detach())
        known = F.binary_cross_entropy_with_logits(logits.float(), y)
        self.descend(self.for_latent, known)

        with frozen(self.latent), self.autocast():
            result = self.faded.decoder(features, pairs(y))
            logits = self.latent(features)
        error = F.mse_loss(result, x)
        hidden = F.binary_cross_entropy_with_logits(logits.float(), 1 - y)
        rise = min(1.0, step / (self.weights["ramp"] * self.config.steps))
        self.descend(self.for_faded, error + rise * self.weights["latent"] * hidden)
        self.average.update(self.faded, step)
        return values(error=error, hidden=hidden, known=known)

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        """The images, the reconstruction, and each attribute at -1, 0, 1 and 2."""
        images, labels = (self.put(t) for t in shown)
        columns = [images, self.average.net(images, labels)]
        for k in range(len(self.names)):
            for value in (-1.0, 0.0, 1.0, 2.0):
                moved = labels.clone()
                moved[:, k] = value
                columns.append(self.average.net(images, moved))
        return columns

    def exported(self) -> Exported:
        names, net = list(self.names), self.network()
        vector = label(
            "attributes", len(names), kind="multihot", names=names, base="source",
            strength={"op": "lerp", "min": -4, "max": 4, "full": FULL}, requires_source_label=True,
        )  # fmt: skip
        size = multiple(16, self.config.side, least=64, most=256)
        graph = Graph(
            "main", net, (image(size), vector), (result(),), ((2, 64, 64), (1, 96, 80), (1, 128, 128))
        )
        golden = []
        for k, name in enumerate(names):
            wanted = torch.zeros(1, len(names))
            wanted[0, k], wanted[0, (k + 1) % len(names)] = FULL, 1
            golden.append(
                ({"to": name, "from": names[(k + 1) % len(names)]}, lambda x, wanted=wanted: net(x, wanted))
            )
        return Exported("Fader Networks", (graph,), {"domains": [{"id": n} for n in names]}, tuple(golden))


METHOD = Fader
