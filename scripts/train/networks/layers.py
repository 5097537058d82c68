"""Layers that several networks use."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-5
UPSAMPLINGS = ("nearest", "transposed", "shuffle", "icnr")


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, reflect: bool = True) -> nn.Conv2d:
    """A convolution to h/stride x w/stride. Reflection avoids the dark frame that zero padding causes."""
    mode = "reflect" if reflect else "zeros"
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, padding_mode=mode)


def normalise(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
    """Instance normalisation.

    Group normalisation of single channels is the same. On CPUs PyTorch computes it several times as
    fast. Exported graphs have the operator that runtimes know.
    """
    if torch.onnx.is_in_onnx_export():
        return F.instance_norm(x, None, None, weight, bias, eps=EPSILON)
    return F.group_norm(x, x.shape[1], weight, bias, EPSILON)


class CodedNorm(nn.Module):
    """Instance normalisation, then a scale and a shift that are linear in the domain code.

    The code enters after the normalisation, which would cancel a constant added before it. Scale and
    shift are linear in the code, so half a code is half the change.
    """

    def __init__(self, channels: int, codes: int = 1) -> None:
        super().__init__()
        self.film = nn.Linear(codes, 2 * channels)
        nn.init.normal_(self.film.weight, std=0.3 / codes**0.5)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """code: [n], or [n, codes]."""
        code = code[:, None] if code.dim() == 1 else code
        gamma, beta = self.film(code)[:, :, None, None].chunk(2, dim=1)
        return normalise(x) * (1 + gamma.to(x.dtype)) + beta.to(x.dtype)


class Norm(nn.Module):
    """Instance normalisation with learned scale and shift, by a code if there is one."""

    def __init__(self, channels: int, codes: int = 0) -> None:
        super().__init__()
        self.coded = CodedNorm(channels, codes) if codes else None
        if not codes:
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        if self.coded is None:
            return normalise(x, self.weight, self.bias)
        return self.coded(x, code)


class ResidualBlock(nn.Module):
    """Two convolutions with coded normalisation, and a shortcut (He et al. 2016)."""

    def __init__(self, channels: int, reflect: bool = True) -> None:
        super().__init__()
        self.conv1 = conv(channels, channels, reflect=reflect)
        self.norm1 = CodedNorm(channels)
        self.conv2 = conv(channels, channels, reflect=reflect)
        self.norm2 = CodedNorm(channels)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        h = F.relu(self.norm1(self.conv1(x), code))
        return x + self.norm2(self.conv2(h), code)


def double(x: Tensor) -> Tensor:
    """Nearest-neighbour upsampling by two. It cannot print a checkerboard."""
    with torch.autocast(x.device.type, enabled=False):  # which would compute in float32
        return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Double(nn.Module):
    """Upsampling by two: `nearest`, or for comparison

    transposed  a 4x4 transposed convolution
    shuffle     a convolution to four times the channels, and a pixel shuffle (Shi et al. 2016)
    icnr        the same, started as nearest neighbours (Aitken et al. 2017)
    """

    def __init__(self, channels: int, kind: str) -> None:
        super().__init__()
        if kind not in UPSAMPLINGS:
            raise ValueError(f"unknown upsampling {kind!r}; known: {', '.join(UPSAMPLINGS)}")
        self.transposed = nn.ConvTranspose2d(channels, channels, 4, 2, 1) if kind == "transposed" else None
        self.shuffle = conv(channels, 4 * channels, reflect=False) if kind in ("shuffle", "icnr") else None
        if kind == "icnr":
            with torch.no_grad():
                for values in (self.shuffle.weight, self.shuffle.bias):
                    values.copy_(values[::4].repeat_interleave(4, dim=0))

    def forward(self, x: Tensor) -> Tensor:
        if self.shuffle is not None:
            return F.pixel_shuffle(self.shuffle(x), 2)
        return double(x) if self.transposed is None else self.transposed(x)


def multiply_accumulates(net: nn.Module, *inputs: Tensor) -> int:
    """The multiply-accumulates of convolutions and linear layers in one forward pass."""
    total = 0

    def count(layer: nn.Module, _: tuple, out: Tensor) -> None:
        nonlocal total
        weight: Tensor = layer.weight
        total += weight[0].numel() * out.numel()

    layers = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        net(*inputs)
    for hook in hooks:
        hook.remove()
    return total
