"""DNA-GAN: two faces swap one attribute of several, each of which has a part of the code.

Xiao et al. 2018, "DNA-GAN: Learning Disentangled Representations from Multi-Attribute Images". The
code of an image is [a_1, ..., a_k, z]. In an image without attribute i the part a_i is recessive and
annihilated: the decoder gets zeros (section 3.1). Attributes take turns, one per step. The
adversarial terms are least squares with spectral normalisation.

Three departures. A small network reads from the code which attributes an image has, so the exported
network annihilates recessive parts without labels. And the parallelogram of GeneGAN (Zhou et al. 2017,
equation 6) keeps light and colour out of the parts. Full strength gives FULL times a part, and takes as
much.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sources
from train.config import Config
from train.losses import reconstruction
from train.methods.base import Base, Losses, frozen, values
from train.networks.autoencoder import Decoder, Encoder
from train.networks.patches import Scales
from train.ports import Exported, Graph, fixed, image, label, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 2000, "size": 64, "batch": 8, "cover": [1.0, 1.0]}],
    "side": 64,
    "lr": 3e-4,
    "network": {"width": 40, "levels": 3, "most": 4, "part": 32, "norm": "layer"},
    "discriminator": {"width": 32, "scales": 2},
    "weights": {"reconstruction": 10.0, "adversarial": 2.0, "parallelogram": 1.0},
}
FULL = 1.25  # as in GeneGAN, less would leave some of an attribute behind


class DNAGAN(Base):
    """L_G = L_reconstruct + L_GAN over the swapped pair, equations 3 to 5, and those of the departures."""

    paper = "Xiao et al. 2018, DNA-GAN: Learning Disentangled Representations from Multi-Attribute Images"
    data = sources.Attributes

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = dict(config.network)
        self.part = given.pop("part")  # channels of each attribute
        self.names = config.domains
        encoder, decoder = Encoder(**given), Decoder(**given)
        cells = (config.side // 2 ** len(encoder.convs)) ** 2
        reader = Reader(encoder.channels, cells, len(self.names))
        self.net = self.add("net", nn.ModuleDict({"encode": encoder, "decode": decoder, "read": reader}))
        # Its outputs: 2i judges images with attribute i, 2i + 1 images without.
        judge = Scales(**config.discriminator, outputs=2 * len(self.names))
        self.judge = self.add("discriminator", judge)
        self.average = self.averaged("average", self.net)
        self.for_net = self.adam("net_optimiser", [self.net])
        self.for_judge = self.adam("discriminator_optimiser", [self.judge])

    def step(self, source: sources.Attributes, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        i = step % len(self.names)
        (with_it, has), (without, lacks) = (source.having(rng, n, stage, i, v) for v in (1, 0))
        images, labels = self.put(torch.cat([with_it, without])), self.put(torch.cat([has, lacks]))
        with frozen(self.judge), self.autocast():
            code = self.net["encode"](images)
            read = self.net["read"](code.detach())
            dominant = annihilated(code, labels, self.part)
            again = self.net["decode"](dominant)
            swapped = self.net["decode"](swap(dominant, i, self.part))
            verdicts = self.judge(swapped)
            # The child that got the attribute is the second half.
            fooled = channel(verdicts, 2 * i + 1, slice(0, n), 1.0) + channel(
                verdicts, 2 * i, slice(n, None), 1.0
            )
        same = reconstruction(again, images)
        known = F.binary_cross_entropy_with_logits(read.float(), labels)
        parallelogram = (sum(images.chunk(2)) - sum(swapped.chunk(2))).abs().mean()
        w = self.weights
        loss = w["reconstruction"] * same + w["adversarial"] * fooled
        loss = loss + w["parallelogram"] * parallelogram + known
        self.descend(self.for_net, loss)

        with self.autocast():
            real, fake = self.judge(images), self.judge(swapped.detach())
            rival = channel(real, 2 * i, slice(0, n), 1.0) + channel(real, 2 * i + 1, slice(n, None), 1.0)
            rival = rival + channel(fake, 2 * i + 1, slice(0, n), 0.0)
            rival = rival + channel(fake, 2 * i, slice(n, None), 0.0)
            # Real faces of the other side count as wrong, or a copy of the input would do.
            wrong = channel(real, 2 * i + 1, slice(0, n), 0.0) + channel(real, 2 * i, slice(n, None), 0.0)
        self.descend(self.for_judge, rival + 0.5 * wrong)
        self.average.update(self.net, step)
        return values(
            same=same, fooled=fooled, known=known, parallelogram=parallelogram,
            discriminator=rival, wrong=wrong,
        )  # fmt: skip

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        """Faces without the first attribute, faces with it, and what both become, for each attribute."""
        with_it, without = self.put(shown[0]).chunk(2)
        net, columns = Swapping(self.average.net, self.part), [without, with_it]
        for i in range(len(self.names)):
            which = FULL * self.put(F.one_hot(torch.full((len(without),), i), len(self.names)).float())
            columns += net(without, with_it, which)
        return columns

    def exported(self) -> Exported:
        net, side, names = Swapping(self.average.net, self.part), self.config.side, list(self.names)
        size = fixed(side)
        strength = {"op": "scale", "min": 0, "max": 2, "full": FULL}
        graph = Graph(
            "main",
            net,
            (
                image(size),
                image(size, "exemplar", "exemplar"),
                label("attribute", len(names), kind="onehot", names=names, strength=strength),
            ),
            (result("given"), result("taken", suffix="-without")),
            ((2, side, side), (1, side, side), (3, side, side)),
        )
        one_hot = FULL * torch.eye(len(names))
        golden = tuple(
            ({"to": name}, lambda x, which=one_hot[i : i + 1]: net(x, x, which)[0])
            for i, name in enumerate(names)
        )
        return Exported("DNA-GAN", (graph,), {"domains": [{"id": name} for name in names]}, golden, side)


def annihilated(code: Tensor, labels: Tensor, part: int) -> Tensor:
    """The code with zeros for the attributes that an image lacks."""
    kept = labels.repeat_interleave(part, dim=1)[:, :, None, None]
    parts, rest = code.split([kept.shape[1], code.shape[1] - kept.shape[1]], dim=1)
    return torch.cat([parts * kept.to(code.dtype), rest], dim=1)


def swap(code: Tensor, i: int, part: int) -> Tensor:
    """The codes of both halves of a batch with part i exchanged."""
    where = torch.zeros(code.shape[1], dtype=torch.bool, device=code.device)
    where[i * part : (i + 1) * part] = True
    return torch.where(where[None, :, None, None], code.roll(len(code) // 2, 0), code)


def channel(verdicts: list[list[Tensor]], k: int, rows: slice, target: float) -> Tensor:
    """Least squares of one output of the discriminator, over the scales."""
    return torch.stack([((v[-1][rows, k].float() - target) ** 2).mean() for v in verdicts]).mean()


class Reader(nn.Module):
    """A code [n, channels, h, w] of h * w cells -> logits of the attributes, [n, attributes]."""

    def __init__(self, channels: int, cells: int, attributes: int, width: int = 32) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, width, 3, 1, 1)
        self.head = nn.Linear(width * cells, attributes)

    def forward(self, code: Tensor) -> Tensor:
        return self.head(F.leaky_relu(self.look(code), 0.2).flatten(1))


class Swapping(nn.Module):
    """(image, exemplar, attribute one-hot times strength) -> the image with the exemplar's attribute, and
    the exemplar without it. Other attributes do not move, and parts of those that a face lacks are zeros.
    """

    def __init__(self, net: nn.ModuleDict, part: int) -> None:
        super().__init__()
        self.net, self.part = net, part

    def forward(self, image: Tensor, exemplar: Tensor, attribute: Tensor) -> tuple[Tensor, Tensor]:
        source, shown = self.net["encode"](image), self.net["encode"](exemplar)
        which = attribute.repeat_interleave(self.part, dim=1)
        rest = source.shape[1] - which.shape[1]
        which = F.pad(which, (0, rest))[:, :, None, None]
        source, without = (
            annihilated(x, (self.net["read"](x) > 0).float(), self.part) for x in (source, shown)
        )
        given = source * (1 - which) + shown * which
        return self.net["decode"](given), self.net["decode"](without * (1 - which))


METHOD = DNAGAN
