"""Kernel distances for small batches: their features are compared with many from the steps before."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ROOM = 768  # features of each domain, real and made


class Bank(nn.Module):
    """The last features of real and made images of domains a and b."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("real", torch.zeros(2, ROOM, channels))
        self.register_buffer("made", torch.zeros(2, ROOM, channels))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def distance(self, made: Tensor, domain: int) -> Tensor:
        """What features [n, channels] add to the kernel distance to the real ones of their domain (Binkowski
        et al. 2018), up to a constant."""
        held = min(int(self.count), ROOM)
        if held == 0:
            return made.sum() * 0
        return (kernel(made, self.made[domain, :held]) - kernel(made, self.real[domain, :held])).mean()

    @torch.no_grad()
    def remember(self, real: Tensor, made: Tensor) -> None:
        """[2, n, channels] each: of the real images of both domains, and of those made for them."""
        n = real.shape[1]
        where = (self.count + torch.arange(n, device=real.device)) % ROOM
        self.real[:, where], self.made[:, where] = real, made
        self.count += n


def kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3
