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


def by_domain(on_real: list[Tensor], on_fake: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Two losses of discriminators. The first half of the batch is from domain a, the second from b.

    The first loss is for real images in their own domain and made images in the other. The second counts
    real images of the other domain as wrong: if an output only told real images from made ones, G could
    return its input.
    """
    n = len(on_real[0]) // 2
    loss, wrong = torch.zeros(2, device=on_real[0].device)
    for domain, mine, other in ((A, slice(0, n), slice(n, None)), (B, slice(n, None), slice(0, n))):
        loss = loss + adversarial([out[mine] for out in on_real], domain, True)
        loss = loss + adversarial([out[other] for out in on_fake], domain, False)
        wrong = wrong + adversarial([out[other] for out in on_real], domain, False)
    return loss, wrong


def reconstruction(result: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference, in units of the [-1, 1] range."""
    return F.l1_loss(result.float(), wanted.float())


def judged(outputs: list[list[Tensor]], real: bool) -> Tensor:
    """Least-squares GAN loss of the judgements of several scales, averaged over them."""
    target = 1.0 if real else 0.0
    return torch.stack([((out[-1].float() - target) ** 2).mean() for out in outputs]).mean()


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of normal distributions from the standard one, mean of the batch."""
    mean, log_variance = mean.float(), log_variance.float()
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()


def told(outputs: list[list[Tensor]], real: bool) -> Tensor:
    """Cross-entropy of the judgements of several scales (Goodfellow et al. 2014), averaged over them."""
    losses = []
    for *_, out in outputs:
        target = torch.full_like(out, float(real), dtype=torch.float32)
        losses.append(F.binary_cross_entropy_with_logits(out.float(), target))
    return torch.stack(losses).mean()
