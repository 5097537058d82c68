"""Judges: classifiers that took no part in training a generator, read from their run folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from train import data, loop

BATCH = 16


@dataclass(frozen=True)
class Judge:
    """A judge network. If side is not zero, smaller images are enlarged to it."""

    net: nn.Module
    side: int = 0

    @torch.no_grad()
    def look(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores [n] and features [n, d] of uint8 images. A score is the logit of b minus that of a."""
        scores, features = [], []
        for start in range(0, len(images), BATCH):
            seen = self.net.features(self.enlarge(data.to_float(images[start : start + BATCH])))
            logits = self.net.head(seen)
            scores.append(logits[:, 1] - logits[:, 0])
            features.append(seen)
        return torch.cat(scores).numpy(), torch.cat(features).numpy()

    def enlarge(self, images: Tensor) -> Tensor:
        if not self.side or images.shape[-1] >= self.side:
            return images
        size = (self.side, self.side)
        return nn.functional.interpolate(images, size, mode="bilinear", align_corners=False)


def read(run: Path, side: int = 0) -> Judge:
    """Read the averaged network of a run with --method judge or classifier."""
    _, trainer, _ = loop.restore(run, torch.device("cpu"))
    net = trainer.network().eval()
    if not hasattr(net, "features"):
        raise ValueError(f"{run} is not the run of a judge or a classifier")
    return Judge(net, side)
