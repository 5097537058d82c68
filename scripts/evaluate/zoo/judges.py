"""Judges of translations, each trained on real images only and measured on the validation images.

A judge is trained when it is first needed and kept in the cache, with its own accuracy. No judge is
part of any loss.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evaluate.zoo import pictures
from train import data, files
from train.networks.efficientnet import features
from train.networks.judge import PreBlock

BATCH = 50
# The hair colours exclude each other; a face may have none of them.
HAIR = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
ATTRIBUTES = ("Bangs", "Eyeglasses", "Smiling", "Male", "Young", *HAIR)

Batches = Callable[[np.random.Generator], Tensor]  # the loss of a random batch


@dataclass(frozen=True)
class Judge:
    """A trained network, and its figures on the real validation images by name."""

    net: nn.Module
    accuracy: dict[str, float]
    digest: str = ""  # of its file

    @torch.no_grad()
    def look(self, images: np.ndarray) -> np.ndarray:
        """What the network gives for uint8 [n, h, w, 3], in parts of BATCH images."""
        starts = range(0, len(images), BATCH)
        return torch.cat([self.net(data.to_float(images[i : i + BATCH])) for i in starts]).numpy()


def fit(net: nn.Module, loss: Callable[[np.random.Generator], Tensor], recipe: dict[str, Any]) -> nn.Module:
    """AdamW for recipe["steps"] steps, the rate falling to zero over the last two thirds."""
    steps, rate = recipe["steps"], recipe["lr"]
    optimiser = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], rate, weight_decay=0.02)
    for step in range(steps):
        rng = np.random.default_rng((recipe["seed"], step))
        torch.manual_seed(step)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, 1.5 * (1 - step / steps), (step + 1) / 20)
        net.train()
        value = loss(rng)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    return net.eval()


def autocast() -> torch.autocast:
    """bfloat16 in the convolutions, for PyTorch 2, whose normalisations can take it on the CPU."""
    return torch.autocast("cpu", torch.bfloat16, enabled=torch.__version__ >= "2")


def kept(
    name: str, recipe: dict[str, Any], root: Path, make: Callable[[], Judge], build: Callable[[], nn.Module]
) -> Judge:
    """The judge from the cache. If it is not there, it is trained and stored first."""
    key = hashlib.sha256(json.dumps([name, recipe, str(root.resolve())], sort_keys=True).encode())
    path = data.cache_dir() / "judges" / f"{name}-{key.hexdigest()[:16]}.pt"
    if not path.exists():
        print(f"evaluate.zoo: training the judge of {name}", file=sys.stderr)
        judge = make()
        with files.replacing(path) as file:
            torch.save({"net": judge.net.state_dict(), "accuracy": judge.accuracy}, file)
    state = torch.load(path, map_location="cpu")
    net = build()
    net.load_state_dict(state["net"])
    return Judge(net.eval(), state["accuracy"], hashlib.sha256(path.read_bytes()).hexdigest())


def shifted(images: np.ndarray, rng: np.random.Generator, reach: int) -> np.ndarray:
    """Each image moved by up to `reach` pixels both ways, its edge repeated."""
    side = images.shape[1]
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    at = rng.integers(0, 2 * reach + 1, (len(images), 2))
    return np.stack([x[t : t + side, o : o + side] for x, (t, o) in zip(padded, at)])


def jittered(images: Tensor, rng: np.random.Generator, amount: float) -> Tensor:
    return torch.stack([data.jitter_colour(x, rng, amount) for x in images])


class DigitReader(nn.Module):
    """Ten logits of [n, 3, 32, 32] in [-1, 1]. Colours are ignored."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, w), (w, 2 * w), (2 * w, 3 * w)):
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.GroupNorm(8, outputs), nn.SiLU()]
            layers += [nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(3 * w * 16, 10))

    def forward(self, image: Tensor) -> Tensor:
        luma = torch.tensor(data.LUMA)[:, None, None]
        return self.body((image * luma).sum(1, keepdim=True))


DIGITS = {"steps": 1500, "lr": 2e-3, "batch": 64, "seed": 1, "side": 32}


def digits(root: Path, recipe: dict[str, Any] = DIGITS) -> Judge:
    """A reader of digits, trained on MNIST. accuracy: {"digits": share read right}."""

    def make() -> Judge:
        pixels, labels = pictures.digits(root, "train", recipe["side"])
        net = DigitReader()

        def loss(rng: np.random.Generator) -> Tensor:
            chosen = rng.integers(len(pixels), size=recipe["batch"])
            x = data.to_float(pixels[chosen])
            # Small turns, sizes, slants and shifts: results need not sit as MNIST does.
            n = len(x)
            angle, size = rng.uniform(-0.25, 0.25, n), rng.uniform(0.9, 1.25, n)
            slant, move = rng.uniform(-0.15, 0.15, n), rng.uniform(-0.12, 0.12, (n, 2))
            cos, sin = np.cos(angle) * size, np.sin(angle) * size
            theta = np.stack([cos, -sin + slant, move[:, 0], sin, cos, move[:, 1]], 1).reshape(n, 2, 3)
            grid = F.affine_grid(torch.from_numpy(theta).float(), list(x.shape), align_corners=False)
            x = F.grid_sample(x + 1, grid, align_corners=False) - 1
            return F.cross_entropy(net(x), torch.from_numpy(labels[chosen]))

        judge = Judge(fit(net, loss, recipe), {})
        real, truth = pictures.digits(root, "validation", recipe["side"])
        return Judge(judge.net, {"digits": float((judge.look(real).argmax(1) == truth).mean())})

    return kept("digits", recipe, root, make, DigitReader)


class FaceReader(nn.Module):
    """Logits for ATTRIBUTES of [n, 3, 64, 64] in [-1, 1]."""

    def __init__(self, outputs: int = len(ATTRIBUTES), width: int = 24) -> None:
        super().__init__()
        w = width
        self.enter = nn.Conv2d(3, w, 5, 2, 2)
        self.stages = nn.ModuleList(PreBlock(i, o) for i, o in ((w, 2 * w), (2 * w, 3 * w), (3 * w, 4 * w)))
        self.norm = nn.GroupNorm(8, 4 * w)
        self.mix = nn.Linear(4 * w * 16, 128)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(128, outputs)

    def forward(self, image: Tensor) -> Tensor:
        x = self.enter(image)
        for stage in self.stages:
            x = F.max_pool2d(stage(x), 2)
        x = self.mix(F.silu(self.norm(x)).flatten(1))
        return self.head(self.dropout(F.silu(x)))


FACES = {"steps": 1600, "lr": 1.5e-3, "batch": 64, "seed": 1}


def faces(root: Path, recipe: dict[str, Any] = FACES) -> Judge:
    """A reader of attributes, positive for yes. accuracy: by attribute, the mean over yes and no."""

    def make() -> Judge:
        given = pictures.faces(root, "train", 64)
        labels = np.stack([given.attributes[name] for name in ATTRIBUTES], 1).astype(np.float32)
        net = FaceReader()
        # Rare attributes weigh more, so that zero is the fair threshold for a balanced set.
        share = torch.from_numpy(labels.mean(0))
        balance = (1 - share) / share

        def loss(rng: np.random.Generator) -> Tensor:
            chosen = rng.integers(len(labels), size=recipe["batch"])
            x = shifted(given.pixels[chosen], rng, 3)
            mirror = rng.random(len(x)) < 0.5
            x = np.where(mirror[:, None, None, None], x[:, :, ::-1], x)
            x = jittered(data.to_float(x), rng, 0.1)
            target = torch.from_numpy(labels[chosen]) * 0.96 + 0.02
            with autocast():
                logits = net(x)
            return F.binary_cross_entropy_with_logits(logits.float(), target, pos_weight=balance)

        judge = Judge(fit(net, loss, recipe), {})
        real = pictures.faces(root, "validation", 64)
        said = judge.look(real.pixels) > 0
        figures = {}
        for i, name in enumerate(ATTRIBUTES):
            yes = real.attributes[name] == 1
            figures[name] = float((said[yes, i].mean() + (~said[~yes, i]).mean()) / 2)
        return Judge(judge.net, figures)

    return kept("faces", recipe, root, make, FaceReader)


class FaceMemory(nn.Module):
    """A direction in 64 dimensions, alike for images of one face: [n, 3, 64, 64] to [n, 64]."""

    def __init__(self) -> None:
        super().__init__()
        self.net = FaceReader(outputs=64)

    def forward(self, image: Tensor) -> Tensor:
        # The middle of the face: little hair and no background.
        return F.normalize(self.net(F.interpolate(image[..., 12:60, 12:52], (64, 64), mode="bilinear")))


IDENTITY = {"steps": 900, "lr": 1.5e-3, "batch": 64, "seed": 1, "temperature": 0.1}


def views(images: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Images with random changes that leave the identity as it is: shifts, light, colour, a covered part and
    a lower resolution."""
    x = jittered(data.to_float(shifted(images, rng, 3)), rng, 0.35)
    for image in x:
        height, width = rng.integers(8, 24, 2)
        top, left = rng.integers(8, 64 - height), rng.integers(8, 64 - width)
        image[:, top : top + height, left : left + width] = float(rng.uniform(-1, 1))
        if rng.random() < 0.3:
            image[:] = image.mean(0, keepdim=True)
    if rng.random() < 0.5:
        x = F.interpolate(F.avg_pool2d(x, 2), (64, 64), mode="bilinear")
    return x


def identity(root: Path, recipe: dict[str, Any] = IDENTITY) -> Judge:
    """Tells faces apart (contrastive, Chen et al. 2020, "SimCLR"; each photograph is its own class).

    accuracy: {"identity": how often a changed view of a validation face is nearest to its own photograph}.
    """

    def make() -> Judge:
        given = pictures.faces(root, "train", 64).pixels
        net = FaceMemory()

        def loss(rng: np.random.Generator) -> Tensor:
            chosen = given[rng.choice(len(given), recipe["batch"], replace=False)]
            with autocast():
                first, second = net(views(chosen, rng)).float(), net(views(chosen, rng)).float()
            logits = first @ second.T / recipe["temperature"]
            target = torch.arange(len(logits))
            return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2

        judge = Judge(fit(net, loss, recipe), {})
        real = pictures.faces(root, "validation", 64).pixels
        changed = ((views(real, np.random.default_rng(0)) + 1) * 127.5).clamp(0, 255).byte()
        right = nearest(judge.look(changed.movedim(1, -1).numpy()), judge.look(real)) == np.arange(len(real))
        return Judge(judge.net, {"identity": float(right.mean())})

    return kept("identity", recipe, root, make, FaceMemory)


def nearest(queries: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The index of the known direction nearest to each query."""
    return (queries @ known.T).argmax(1)


class Segmenter(nn.Module):
    """Logits of the 12 classes at each pixel of [n, 3, h, w], sides in multiples of 32.

    Frozen EfficientNet-Lite2 features, joined from coarse to fine (Lin et al. 2017, "Feature pyramid
    networks"), and two levels from the pixels themselves.
    """

    def __init__(self, width: int = 48, variant: str = "lite2") -> None:
        super().__init__()
        w = width
        self.trunk = [features(variant)]  # in a list: not a part of what is trained and stored
        self.side = nn.ModuleList(nn.Conv2d(c, w, 1) for c in self.trunk[0].channels[1:])
        self.full = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1), nn.GroupNorm(4, 16), nn.SiLU())
        self.halved = nn.Sequential(nn.Conv2d(16, 24, 3, 2, 1), nn.GroupNorm(4, 24), nn.SiLU())
        self.join = nn.ModuleList(
            self.block(i, o) for i, o in ((w, w), (w, w), (w, w), (w + 24, 40), (56, 24))
        )
        self.dropout = nn.Dropout2d(0.1)
        self.head = nn.Conv2d(24, len(pictures.FACADES), 1)

    @staticmethod
    def block(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1), nn.GroupNorm(8, outputs), nn.SiLU())

    def forward(self, image: Tensor) -> Tensor:
        with torch.no_grad():
            *finer, coarsest = self.trunk[0](image)[1:]  # strides 4 to 32
        x = self.side[-1](coarsest)
        for level, side, join in zip(reversed(finer), reversed(self.side[:-1]), self.join):
            x = join(F.interpolate(x, scale_factor=2.0) + side(level))
        full = self.full(image)
        for level, join in zip((self.halved(full), full), self.join[3:]):
            x = join(torch.cat([F.interpolate(x, scale_factor=2.0), level], 1))
        return self.head(self.dropout(x))


SEGMENTS = {"steps": 1300, "lr": 2e-3, "batch": 6, "seed": 1, "variant": "lite2"}


def segments(root: Path, recipe: dict[str, Any] = SEGMENTS) -> Judge:
    """A segmenter of facades. accuracy: what `scores` gives at 128 and 256 pixels, "pixels 128" and so on."""

    def make() -> Judge:
        photos, truth = pictures.facades(root, "train", 256)
        net = Segmenter(variant=recipe["variant"])

        def loss(rng: np.random.Generator) -> Tensor:
            xs, ys = [], []
            for i in rng.integers(len(photos), size=recipe["batch"]):
                # 128 to 256 pixels of the photograph, scaled to 128: the judge meets results of both sizes.
                side = int(rng.integers(128, 257))
                top, left = rng.integers(0, 257 - side, 2)
                x = data.to_float(photos[i, top : top + side, left : left + side])[None]
                x = F.interpolate(x, (128, 128), mode="bilinear", align_corners=False, antialias=True)[0]
                y = torch.from_numpy(truth[i, top : top + side, left : left + side].astype(np.int64))
                at = ((torch.arange(128) + 0.5) * side / 128).long()
                y = y[at][:, at]
                if rng.random() < 0.5:
                    x, y = x.flip(-1), y.flip(-1)
                xs.append(data.jitter_colour(x, rng, 0.25))
                ys.append(y)
            return F.cross_entropy(net(torch.stack(xs)), torch.stack(ys), label_smoothing=0.05)

        judge = Judge(fit(net, loss, recipe), {})
        figures = {}
        for side in (128, 256):
            real, wanted = pictures.facades(root, "validation", side)
            for name, value in scores(segment(judge, real), wanted).items():
                figures[f"{name} {side}"] = value
        return Judge(judge.net, figures)

    return kept("facades", recipe, root, make, lambda: Segmenter(variant=recipe["variant"]))


def segment(judge: Judge, images: np.ndarray) -> np.ndarray:
    """The likeliest class of each pixel, [n, h, w]."""
    return np.concatenate([judge.look(images[i : i + 10]).argmax(1) for i in range(0, len(images), 10)])


def scores(found: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """The FCN-scores (Long et al. 2015): shares of pixels right, by pixel and by class, and mean IoU."""
    each, overlap = [], []
    for k in range(len(pictures.FACADES)):
        is_k, said_k = wanted == k, found == k
        if is_k.any():
            both = (is_k & said_k).sum()
            each.append(both / is_k.sum())
            overlap.append(both / (is_k | said_k).sum())
    return {
        "pixels": float((found == wanted).mean()),
        "classes": float(np.mean(each)),
        "iou": float(np.mean(overlap)),
    }


ALL = {"digits": digits, "faces": faces, "identity": identity, "facades": segments}
