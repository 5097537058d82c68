"""pix2pixHD: label maps to photographs, a coarse network first, then one that refines it.

Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs". A
label map enters as one channel per class and one for the edges of areas. The first stage trains the global
generator at half the size. In the second the local enhancer takes its features: first the enhancer learns
alone, then both learn (section 3.1). The paper's features of instances are left out. The discriminators judge
patches of 38 pixels of their scale with spectral normalisation, not of 70 with instance normalisation.
L_FM is averaged over layers and scales, not summed, and weighs 60 instead of 10.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from train import sources
from train.config import Config
from train.losses import judged, reconstruction
from train.methods.base import Base, Losses, frozen, values
from train.networks.coarse import Enhanced, halved
from train.networks.patches import Judged, Scales
from train.ports import Exported, Graph, Port, multiple, result

DEFAULTS: dict[str, Any] = {
    "stages": [
        {"steps": 2500, "size": 128, "batch": 4, "cover": [0.8, 1.0]},
        {"steps": 1000, "size": 256, "batch": 1, "cover": [1.0, 1.0]},
    ],
    "lr": 3e-4,
    "network": {"width": 24, "downs": 3, "most": 4, "blocks": 2, "enhancer": 2},
    "discriminator": {"width": 32, "scales": 3},
    # alone: the part of the second stage in which the enhancer learns and the global generator rests
    "weights": {"adversarial": 1.0, "features": 60.0, "alone": 0.3},
}


class Pix2pixHD(Base):
    """min_G (max_D sum over k of L_GAN(G, D_k)) + 60 sum over k of L_FM(G, D_k), equation 5."""

    paper = (
        "Wang et al. 2018, High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs"
    )
    data = sources.Maps

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.channels = len(config.palette) + 1
        self.generator = self.add("generator", Enhanced(self.channels, **config.network))
        self.judges = self.add("discriminator", Scales(inputs=self.channels + 3, **config.discriminator))
        self.average = self.averaged("average", self.generator)
        self.for_generator = self.adam("generator_optimiser", [self.generator])
        self.for_judges = self.adam("discriminator_optimiser", [self.judges])

    def fine(self, step: int) -> bool:
        """Whether the enhancer takes part."""
        return self.config.stage_at(step)[0] > 0

    def enter(self, step: int) -> None:
        """Prepare a step. When the second stage begins, images are twice as large: each discriminator hands
        its weights to the next coarser one, which sees the scale that they know. The global generator then
        rests for a part of the stage."""
        first = self.config.stages[0].steps
        if step == first:
            for finer, coarser in reversed(list(zip(self.judges.nets, self.judges.nets[1:]))):
                coarser.load_state_dict(finer.state_dict())
        rest = self.weights["alone"] * (self.config.steps - first)
        self.generator.coarse.requires_grad_(not first <= step < first + rest)

    def step(self, source: sources.Maps, rng: np.random.Generator, step: int) -> Losses:
        stage, n = self.begin(step)
        self.enter(step)
        x, y = (self.put(images) for images in source.batch(rng, n, stage))
        make = self.generator if self.fine(step) else self.generator.coarse
        with frozen(self.judges), self.autocast():
            made = make(x)
            on_made = self.judges(torch.cat([x, made], 1))
            with torch.no_grad():
                on_real = self.judges(torch.cat([x, y], 1))
            fooled = judged(on_made, True)
            matched = matching(on_made, on_real)
        loss = self.weights["adversarial"] * fooled + self.weights["features"] * matched
        self.descend(self.for_generator, loss)

        with self.autocast():
            on_real = judged(self.judges(torch.cat([x, y], 1)), True)
            on_fake = judged(self.judges(torch.cat([x, made.detach()], 1)), False)
        self.descend(self.for_judges, (on_real + on_fake) / 2)
        self.average.update(self.generator, step)
        return values(fooled=fooled, features=matched, discriminator=on_real + on_fake)

    @torch.no_grad()
    def sheet(self, shown: tuple[Tensor, Tensor]) -> list[Tensor]:
        """The maps, the global generator's result enlarged, the whole generator's, the photographs."""
        x, y = (self.put(images) for images in shown)
        levels = x[:, :-1].argmax(1, keepdim=True).float() / (self.channels - 2) * 2 - 1
        coarse = self.average.net.coarse(halved(x))
        return [levels, coarse.repeat_interleave(2, 2).repeat_interleave(2, 3), self.average.net(x), y]

    def exported(self) -> Exported:
        net, palette = self.network(), [list(colour) for colour in self.config.palette]
        side = self.config.stages[-1].size
        of = 2 ** (self.config.network["downs"] + 1)
        maps = Port(
            "labels",
            "labelmap",
            (self.channels, "h", "w"),
            {
                "layout": "NCHW",
                "labelmap": {
                    "encoding": "palette", "classes": len(palette), "palette": palette,
                    "nearest": True, "edges": True,
                },
                "size": multiple(of, side, least=64, most=512),
            },
        )  # fmt: skip
        graph = Graph("main", net, (maps,), (result(),), ((2, 64, 64), (1, 96, 128), (1, 256, 256)))
        target = self.config.domains[-1]

        def answer(image: Tensor) -> Tensor:
            pixels = ((image[0] + 1) * 127.5).round().byte().movedim(0, -1).numpy()
            return net(sources.one_hot(sources.classes(pixels, self.config.palette)[None], len(palette)))

        return Exported(
            "pix2pixHD", (graph,), {"domains": [{"id": target}]}, (({"to": target}, answer),), side
        )


def matching(made: Judged, real: Judged) -> Tensor:
    """L_FM, equation 4: the mean absolute difference of each layer's features, of each discriminator."""
    found = [
        torch.stack([reconstruction(ours, theirs.detach()) for ours, theirs in zip(a[:-1], b[:-1])]).mean()
        for a, b in zip(made, real)
    ]
    return torch.stack(found).mean()


METHOD = Pix2pixHD
