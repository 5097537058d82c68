"""Train the season classifier and the judge: cross-entropy on noisy labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from train import parallel, sources
from train.config import Config
from train.methods.base import Base
from train.networks.classifier import Classifier
from train.networks.judge import Judge
from train.ports import Exported, Graph, Port, image, multiple

DEFAULTS: dict[str, Any] = {
    "stages": [{"steps": 1500, "size": 256, "batch": 32, "cover": [0.5, 1.0]}],
    "network": {"width": 32, "pool": 4},
    "lr": 2e-3,
    "betas": [0.9, 0.999],
    "decay_from": 0.1,
    "weight_decay": 0.05,
    "ema": 0.995,
    "jitter": 0.25,
    "weights": {"smoothing": 0.1, "mixup": 0.3},
}


JUDGE_DEFAULTS: dict[str, Any] = {**DEFAULTS, "network": {"width": 24}, "lr": 1e-3}


class ClassifierMethod(Base):
    """Two classes, domain a first. Label smoothing and mixup allow for labels that are wrong."""

    paper = "cross-entropy, label smoothing (Szegedy et al. 2016), mixup (Zhang et al. 2018)"
    data = sources.Domains
    architecture: type[nn.Module] = Classifier

    def __init__(self, config: Config, device: torch.device) -> None:
        super().__init__(config, device)
        self.net = self.add("net", self.architecture(**config.network))
        self.average = self.averaged("average", self.net)
        self.optimiser = self.parts["optimiser"] = torch.optim.AdamW(
            self.net.parameters(), config.lr, config.betas, weight_decay=config.weight_decay
        )

    def step(self, source: sources.Domains, rng: np.random.Generator, step: int) -> dict[str, float]:
        a, b = source.a, source.b
        _, stage = self.config.stage_at(step)
        # Draw twice `batch` images in the proportion of the data, so that the logits include the prior.
        both = 2 * parallel.share(stage.batch)
        n = min(max(1, round(both * len(a) / (len(a) + len(b)))), both - 1)
        parts = ((a, n), (b, both - n))
        images = torch.cat([s.batch(rng, count, stage.size, stage.cover) for s, count in parts])
        images = images.to(self.device)
        # Dropout uses torch's random numbers. Seeding them by the step keeps resumed runs the same.
        torch.manual_seed(int(rng.integers(2**31)))
        half = 0.5 * self.config.weights["smoothing"]
        target = torch.full((len(images), 2), half, device=self.device)
        target[:n, 0] = target[n:, 1] = 1 - half
        mix = float(rng.beta(self.config.weights["mixup"], self.config.weights["mixup"]))
        order = torch.from_numpy(rng.permutation(len(images))).to(self.device)
        images = mix * images + (1 - mix) * images[order]
        target = mix * target + (1 - mix) * target[order]

        for group in self.optimiser.param_groups:
            group["lr"] = self.config.lr * self.config.rate(step)
        self.net.train()
        on_gpu = self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=on_gpu):
            logits = self.net(images)
        loss = -(target * F.log_softmax(logits.float(), dim=1)).sum(1).mean()
        self.optimiser.zero_grad()
        loss.backward()
        parallel.average_gradients(self.net.parameters())
        self.optimiser.step()
        self.average.update(self.net, step)
        return {"loss": loss.item()}

    def exported(self) -> Exported:
        size = multiple(8, 256, least=32, most=512)
        logits = Port("logits", "logits", (2,))
        domains = [{"id": domain} for domain in self.config.domains]
        reading = {"graph": "main", "activation": "softmax", "classes": list(self.config.domains)}
        return Exported(
            "classifier",
            (Graph("main", self.network(), (image(size),), (logits,)),),
            {"classifier": {**reading, "threshold": 0.5}, "domains": domains},
            (({}, self.network()),),
        )


class JudgeMethod(ClassifierMethod):
    """The same training for another architecture, which judges translations and is never exported."""

    architecture = Judge


METHOD, JUDGE_METHOD = ClassifierMethod, JudgeMethod
