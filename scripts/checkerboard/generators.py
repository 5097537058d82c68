"""Small generators that differ only in how they double the size, trained for a few seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.graph import save, trace
from measure.images import squares

# Ways to double the size: some print checkerboards on flat grey, the others cannot.
MARKING = ("deconv-k3s2", "deconv-k4s2", "pixel-shuffle")
CLEAN = ("nearest-conv", "bilinear-conv")
KINDS = MARKING + CLEAN

SIDE = 128  # of the training photographs
CROP = 64
BATCH = 8


class Scale(nn.Module):
    """Interpolation by a factor of two, then a convolution."""

    def __init__(self, mode: str, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mode = mode
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        options = {} if self.mode == "nearest" else {"align_corners": False}
        return self.conv(F.interpolate(x, scale_factor=2.0, mode=self.mode, **options))


def doubling(kind: str, inputs: int, outputs: int) -> nn.Module:
    if kind == "deconv-k3s2":
        return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    if kind == "deconv-k4s2":
        return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    if kind == "pixel-shuffle":
        return nn.Sequential(nn.Conv2d(inputs, 4 * outputs, 3, padding=1), nn.PixelShuffle(2))
    return Scale(kind.split("-")[0], inputs, outputs)


class Generator(nn.Module):
    """Two halvings, two residual blocks, two doublings. Only a 1x1 convolution follows the last doubling."""

    def __init__(self, kind: str, width: int = 12) -> None:
        super().__init__()

        def norm(channels: int) -> nn.Module:
            return nn.InstanceNorm2d(channels, affine=True)

        def block() -> nn.Module:
            return nn.Sequential(
                nn.Conv2d(2 * width, 2 * width, 3, padding=1, padding_mode="reflect"),
                norm(2 * width),
                nn.ReLU(),
            )

        self.down = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            norm(2 * width),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList([block() for _ in range(2)])
        self.up1 = nn.Sequential(doubling(kind, 2 * width, width), norm(width), nn.ReLU())
        self.up2 = nn.Sequential(doubling(kind, width, width), nn.ReLU())
        self.last = nn.Conv2d(width, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.down(x)
        for block in self.blocks:
            h = h + block(h)
        return torch.tanh(self.last(self.up2(self.up1(h))))


def kind_of(network: Path) -> str:
    """The kind in the name of an exported generator, KIND-SEED.onnx."""
    return network.stem.rsplit("-", 1)[0]


def load(folder: Path) -> Tensor:
    """At most 400 photographs of a folder as one uint8 tensor [n, 3, 128, 128]."""
    photos = squares(folder, SIDE, most=400)
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2)


def cooler(x: Tensor) -> Tensor:
    """The look to learn, on images in [-1, 1]: paler, bluer, more contrast."""
    grey = x.mean(1, keepdim=True)
    pale = 0.5 * x + 0.5 * grey + torch.tensor([-0.1, 0.0, 0.15])[:, None, None]
    return torch.tanh(1.5 * pale)


def train(kind: str, photos: Tensor, steps: int, seed: int) -> Generator:
    """Train with L1 to the look and a least-squares PatchGAN, the loss that makes checkerboards likely."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Generator(kind)
    critic = nn.Sequential(
        nn.Conv2d(3, 16, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 1, 3, 1, 1),
    )
    optimiser = torch.optim.Adam(net.parameters(), 1e-3, betas=(0.5, 0.99))
    rival = torch.optim.Adam(critic.parameters(), 4e-4, betas=(0.5, 0.99))
    for _ in range(steps):
        at = [(int(i), *rng.integers(0, SIDE - CROP + 1, 2)) for i in rng.integers(0, len(photos), BATCH)]
        x = torch.stack([photos[i, :, y : y + CROP, x : x + CROP] for i, y, x in at]).float() / 127.5 - 1
        target = cooler(x)
        fake = net(x)
        rival.zero_grad()
        loss = ((critic(target) - 1) ** 2).mean() + (critic(fake.detach()) ** 2).mean()
        loss.backward()
        rival.step()
        optimiser.zero_grad()
        loss = F.l1_loss(fake, target) * 5 + ((critic(fake) - 1) ** 2).mean()
        loss.backward()
        optimiser.step()
    return net.eval()


def manifest(kind: str, seed: int) -> dict[str, object]:
    image = {"channels": 3, "color": "RGB", "scale": [1 / 127.5] * 3, "offset": [-1] * 3}
    tensor = {"graph": "main", "dtype": "float32", "layout": "NCHW", "role": "image"}
    size = {"mode": "multiple", "h": 256, "w": 256, "multiple_of": 8, "min": 64, "max": 512}
    return {
        "schema": "gtx.model/1",
        "name": f"{kind}-{seed}",
        "title": "Cooler, trained a little",
        "family": "test",
        "version": "1",
        "license": "not for use",
        "source": "scripts/checkerboard",
        "graphs": {"main": {"batch": "dynamic", "deterministic": True}},
        "inputs": [tensor | {"name": "image", "image": image, "size": size}],
        "outputs": [
            tensor
            | {"name": "translation", "color": "RGB", "scale": image["scale"], "offset": image["offset"]}
        ],
        "domains": [{"id": "cooler"}],
    }


def export(net: Generator, kind: str, seed: int, path: Path) -> None:
    """Write the generator, with its manifest, as one ONNX file."""
    axes = {0: "n", 2: "h", 3: "w"}
    dynamic = {"image": axes, "translation": axes}
    example = (torch.zeros(2, 3, CROP, CROP),)
    save(trace(net, example, ("image",), ("translation",), dynamic, manifest(kind, seed)), path)
