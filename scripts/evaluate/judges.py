"""Judges: classifiers that no training of a generator saw, read from their run folders."""

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
    """A judge network; side, if not zero, is what smaller pictures are enlarged to."""

    net: nn.Module
    side: int = 0

    @torch.no_grad()
    def look(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores [n], the logit of domain b less that of a, and features [n, d] of uint8 pictures."""
        scores, features = [], []
        for start in range(0, len(pictures), BATCH):
            seen = self.net.features(self.enlarge(data.to_float(pictures[start : start + BATCH])))
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
    """The averaged network of a run of --method judge or classifier."""
    _, trainer, _ = loop.restore(run, torch.device("cpu"))
    net = trainer.network().eval()
    if not hasattr(net, "features"):
        raise ValueError(f"{run} does not hold a judge")
    return Judge(net, side)
