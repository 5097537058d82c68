"""Losses. Images are float NCHW in [-1, 1]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

A, B = 0, 1  # the output channels of the discriminator


def adversarial(outputs: list[Tensor], domain: int, real: bool) -> Tensor:
    """Least-squares GAN loss (Mao et al. 2017) of one domain's output, averaged over the scales."""
    target = 1.0 if real else 0.0
    losses = [((out[:, domain].float() - target) ** 2).mean() for out in outputs]
    return torch.stack(losses).mean()


def reconstruction(result: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference, in units of the [-1, 1] range."""
    return F.l1_loss(result.float(), wanted.float())
