"""LAPGAN: images from noise, coarse first, then a residual per level of the Laplacian pyramid.

Denton et al. 2015, "Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks".
The coarsest level is drawn from a vector. Every further level sees the enlarged result of the level
below and a map of noise, and gives what to add (equation 5). All levels train at the same time but
independently, on real images: no level sees the faults of another. A stage of the recipe trains the
levels up to its size, so a first stage at the coarsest size gives many cheap steps to the level that
matters most. For comparison, a recipe can have the full size as its coarsest one and no further levels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train import sources
from train.config import Config
from train.losses import told
from train.methods.base import Base, Losses, frozen, values
from train.networks.layers import Norm, conv, double
from train.networks.patches import Scales
from train.noise import draw
from train.ports import Exported, Graph, Port, noise, result

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 3000, "size": 64, "batch": 16, "cover": [0.8, 1.0]}],
    "side": 128,
    "lr": 2e-4,
    "network": {"width": 32, "layers": 3, "z": 64, "coarse": 16, "levels": 2},
    "discriminator": {"width": 32, "scales": 1},
}


class Coarse(nn.Module):
    """z [n, z] -> image [n, 3, side, side], doubled from 4 pixels."""

    def __init__(self, z: int, width: int, side: int) -> None:
        super().__init__()
        doublings = (side // 4).bit_length() - 1
        widths = [4 * width // 2**i if i < 2 else width for i in range(doublings + 1)]
        self.enter = nn.Linear(z, widths[0] * 16)
        self.convs = nn.ModuleList(conv(i, o, reflect=False) for i, o in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in widths[1:])
        self.leave = conv(widths[-1], 3, reflect=False)

    def forward(self, z: Tensor) -> Tensor:
        x = F.relu(self.enter(z)).reshape(-1, self.convs[0].in_channels, 4, 4)
        for layer, norm in zip(self.convs, self.norms):
            x = F.relu(norm(layer(double(x))))
        return torch.tanh(self.leave(x).float())


class Fine(nn.Module):
    """(enlarged image, noise map [n, 1, h, w]) -> residual, without pooling."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        widths = [4, *[width] * layers]
        self.convs = nn.ModuleList(conv(i, o, reflect=False) for i, o in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(Norm(o) for o in widths[1:])
        self.leave = conv(width, 3, reflect=False)

    def forward(self, enlarged: Tensor, noise: Tensor) -> Tensor:
        x = torch.cat([enlarged, noise.to(enlarged.dtype)], dim=1)
        for layer, norm in zip(self.convs, self.norms):
            x = F.relu(norm(layer(x)))
        return self.leave(x).float()


def enlarge(image: Tensor) -> Tensor:
    """u(.), as gtx does it: twice the size, bilinear."""
    return F.interpolate(image.float(), scale_factor=2.0, mode="bilinear", align_corners=False)


class LAPGAN(Base):
    """min_G max_D of equation 1 for the coarsest level, of equation 2 (conditional) for the others."""

    paper = (
        "Denton et al. 2015, Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks"
    )
    data = sources.Single

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        given = config.network
        self.z = given["z"]
        coarse = Coarse(self.z, given["width"], given["coarse"])
        fine = [Fine(given["width"], given["layers"]) for _ in range(given["levels"])]
        self.nets = self.add("generators", nn.ModuleList([coarse, *fine]))
        judges = [Scales(**config.discriminator, inputs=6 if level else 3) for level in range(1 + len(fine))]
        self.judges = self.add("discriminators", nn.ModuleList(judges))
        self.average = self.averaged("average", self.nets)
        self.for_nets = self.adam("generator_optimiser", [self.nets])
        self.for_judges = self.adam("discriminator_optimiser", [self.judges])

    def step(self, source: sources.Single, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        seeded = self.seeded(rng)
        pyramid = [self.put(source.batch(rng, n, stage))]
        while pyramid[0].shape[-1] > self.config.network["coarse"]:
            pyramid.insert(0, F.avg_pool2d(pyramid[0], 2))
        fooled, rival = torch.zeros(()), torch.zeros(())
        pairs = []
        with frozen(self.judges), self.autocast():
            for level, (net, real) in enumerate(zip(self.nets, pyramid)):
                if level == 0:
                    real_seen, made = real, net(self.normal(n, self.z, by=seeded))
                else:
                    below = enlarge(pyramid[level - 1])
                    drawn = self.normal(n, 1, *below.shape[2:], by=seeded)
                    # D sees the image and what it was made of; the residual is their difference.
                    made = torch.cat([below + net(below, drawn), below], 1)
                    real_seen = torch.cat([real, below], 1)
                fooled = fooled + told(self.judges[level](made), True)
                pairs.append((real_seen, made.detach()))
        self.descend(self.for_nets, fooled)
        with self.autocast():
            for judge, (real_seen, made) in zip(self.judges, pairs):
                rival = rival + told(judge(real_seen), True) + told(judge(made), False)
        self.descend(self.for_judges, rival)
        self.average.update(self.nets, step)
        return values(fooled=fooled, discriminator=rival)

    @torch.no_grad()
    def climb(self, image: Tensor, maps: list[Tensor]) -> Tensor:
        """From the coarsest level to the finest (section 2.3)."""
        for net, drawn in zip(self.average.net[1:], maps):
            below = enlarge(image)
            image = (below + net(below, drawn)).clamp(-1, 1)
        return image

    @torch.no_grad()
    def sheet(self, shown: Tensor) -> list[Tensor]:
        """Real images, and seven columns of noise."""
        side, n = self.config.stages[-1].size, len(shown)
        rng = torch.Generator().manual_seed(0)
        columns = [F.interpolate(self.put(shown), (side, side), mode="area")]
        for _ in range(7):
            image = self.average.net[0](self.normal(n, self.z, by=rng))
            sides = [image.shape[-1] * 2 ** (i + 1) for i in range(len(self.nets) - 1)]
            columns.append(self.climb(image, [self.normal(n, 1, s, s, by=rng) for s in sides]))
        return columns

    def exported(self) -> Exported:
        nets, side = self.average.net, self.config.network["coarse"]
        names = ["coarse", *(f"level{i}" for i in range(1, len(nets)))]
        graphs = [
            Graph(
                "coarse", nets[0], (noise("z", self.z),), (result("image", floats=True),), ((2, side, side),)
            )
        ]
        stages = []
        for level, net in enumerate(nets[1:], 1):
            below = Port("image", "image", (3, "h", "w"), floats=True)
            residual = Port("residual", "residual", (3, "h", "w"))
            drawn = noise(f"noise{level}", 1, "h", "w")
            size = side * 2**level
            graphs.append(
                Graph(names[level], net, (below, drawn), (residual,), ((2, size, size), (1, size, size)))
            )
            feed = f"{names[level - 1]}.{'image' if level == 1 else 'residual'}"
            stages.append({"graph": names[level], "feed": {"image": feed}, "upsample": 2, "combine": "add"})
        return Exported("LAPGAN", tuple(graphs), {"stages": stages}, (({"seed": 1}, self.drawn),), side)

    @torch.no_grad()
    def drawn(self, _: Tensor) -> Tensor:
        """What gtx makes of seed 1."""
        image = self.average.net[0](torch.from_numpy(draw("z", self.z, 1))[None])
        for level, net in enumerate(self.average.net[1:], 1):
            below = enlarge(image)
            side = below.shape[-1]
            grain = torch.from_numpy(draw(f"noise{level}", side * side, 1)).view(1, 1, side, side)
            image = below + net(below, grain)
        return image


METHOD = LAPGAN
