"""The generator with a cover G(image, code): grade the photograph, then lay something opaque over it."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.exported import FOLDED
from train.networks.efficientnet import features
from train.networks.generator import HEADROOM

SLOPE = 0.1
# The cover before it is bounded, at first: the mean of both domains, and what b has more than half of.
# To a a dark green, to b a bluish white.
PAINT = ((0.25, 0.35, 0.17), (0.6, 0.5, 0.83))
# How far a channel of the cover may lie from the mean of the three, to a and to b: soil and grass have
# any colour, but what looks white becomes cyan or yellow when it is laid over a whole meadow.
TINT = (4.0, 0.015)
# How much further from the mean of the three a channel of the grade may lie than it did, to a and to b:
# in winter only blue may gain and red lose. Trunks and rock at dusk became red and brown otherwise.
LOSS, GAIN = ((4.0, 4.0, 4.0), (0.12, 0.03, 0.03)), ((4.0, 4.0, 4.0), (0.03, 0.03, 0.12))
RELIEF = 8.0  # of what is lighter or darker than its surroundings, in [-1, 1], on the opacity's logit


class Layers(NamedTuple):
    """What the translation is made of, all at the size of the image.

    graded: [n, 3, h, w] in [-1, 1]; opacity: [n, 1, h, w] from 0 to 1; cover: as graded; paint: the
    cover before it was bounded, which training keeps where bounding still lets gradients through.
    """

    graded: Tensor
    opacity: Tensor
    cover: Tensor
    paint: Tensor

    def compose(self) -> Tensor:
        """The translation, of layers that are clipped as bytes are."""
        graded, cover = self.graded.clamp(-1, 1), self.cover.clamp(-1, 1)
        return graded + self.opacity * (cover - graded)


class Steered(nn.Module):
    """A convolution, a scale and a shift that are given, and a leaky rectifier. No normalisation: the
    features come standardised, and it would cost more than many a convolution."""

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, 1, size // 2)
        nn.init.kaiming_normal_(self.conv.weight, SLOPE)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor, film: tuple[Tensor, Tensor]) -> Tensor:
        x = self.conv(x)
        scale, shift = (part.to(x.dtype) for part in film)
        return F.leaky_relu(x * (1 + scale) + shift, SLOPE)


class OpacityGenerator(nn.Module):
    """out = (1 - opacity) * graded + opacity * cover, from frozen pretrained features of the image.

    image: [n, 3, h, w] in [-1, 1], h and w multiples of 8; code: [n].

    The features tell grass, snow, sky and rock apart before the first step, so only the decoder is
    trained. Their mean over the image says which season it shows. With the sign of the code it steers
    the decoder by a scale and a shift after each convolution.

    The grade is a gain and a shift of each channel's logit, so that the photograph keeps its own
    detail. The cover is painted from the features at 1/8 size and coarser. No finer ones reach it,
    so it cannot be a bleached copy of what lies beneath. The opacity sees features at 1/4 size, too, and
    may follow the relief of the image, as far as they say so: snow lies on branches and not in gaps.

    The size of the code scales the grade and the opacity. A code of zero is the identity, and half a
    code is half the change by construction.

    Grade, cover and opacity are enlarged bilinearly, for nothing finer lies over the squares of
    pixels that nearest neighbours leave.
    """

    def __init__(
        self, known: str = "lite0", width: int = 32, context: int = 64, tint: tuple[float, float] = TINT
    ) -> None:
        super().__init__()
        self.known = features(known)
        with torch.no_grad():
            # What bfloat16 holds, for runtimes that compute in it: its rounding shifts whole channels.
            for weight in self.known.buffers():
                if weight.dim() == 4:
                    weight.copy_(weight.bfloat16())
        c2, c4, c8, c16, c32 = self.known.channels
        w = width
        self.context = nn.Linear(c32 + 1, context)
        self.side32, self.side16 = nn.Conv2d(c32, 4 * w, 1), nn.Conv2d(c16, 4 * w, 1)
        self.side8, self.side4, self.side2 = (
            nn.Conv2d(inputs, outputs, 1) for inputs, outputs in ((c8, 4 * w), (c4, 2 * w), (c2, w))
        )
        self.at16 = Steered(4 * w, 4 * w)
        self.at8 = Steered(4 * w, 4 * w)
        self.more8 = nn.ModuleList(Steered(4 * w, 4 * w) for _ in range(2))
        self.narrow4 = nn.Conv2d(4 * w, 2 * w, 1)
        self.at4 = Steered(2 * w, 2 * w)
        self.more4 = Steered(2 * w, 2 * w)
        self.narrow2 = nn.Conv2d(2 * w, w, 1)
        self.at2 = Steered(w, w)
        self.grade = nn.Conv2d(w, 6, 3, 1, 1)
        self.opacity4 = Steered(2 * w, w)
        self.opacity = nn.Conv2d(w, 2, 3, 1, 1)
        self.cover8 = Steered(4 * w, 2 * w)
        self.cover4 = Steered(2 * w, w)
        self.cover = nn.Conv2d(w, 3, 3, 1, 1)
        self.steered = [m for m in self.modules() if isinstance(m, Steered)]
        self.films = nn.Linear(context, sum(2 * m.conv.out_channels for m in self.steered))
        nn.init.normal_(self.films.weight, std=0.3 / context**0.5)
        nn.init.zeros_(self.films.bias)
        self.paint = nn.Linear(1, 3)
        for name, ends in (("loss", LOSS), ("gain", GAIN), ("tint", [[end] for end in tint])):
            self.register_buffer(name, torch.tensor(ends), persistent=False)
        with torch.no_grad():
            self.context.weight[:, 0].normal_()  # the side weighs as much as all else
            self.paint.bias.copy_(torch.tensor(PAINT[0]))
            self.paint.weight[:, 0] = torch.tensor(PAINT[1])
        # At an opacity near zero no gradient would reach the cover.
        for layer, bias in ((self.grade, 0.0), (self.opacity, -1.0), (self.cover, 0.0)):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, bias)

    @torch.no_grad()
    def adopt(self, weights: dict[str, Tensor]) -> None:
        """Take the weights of an exported model, which are by name. A KeyError names one that it lacks.

        In its file the layers that see the features first have the features' spread folded in.
        """
        found = {}
        for tap, name in enumerate(("side2", "side4", "side8", "side16", "side32")):
            weight, bias = (weights[f"{name}.{part}{FOLDED}"] for part in ("weight", "bias"))
            mean, scale = (getattr(self.known.spread, f"{part}{tap}")[:, 0, 0] for part in ("mean", "scale"))
            weight = weight.to(scale) / scale[:, None, None]
            found[f"{name}.weight"] = weight
            found[f"{name}.bias"] = bias.to(scale) + (weight[:, :, 0, 0] * scale * mean).sum(1)
        for name, parameter in self.named_parameters():
            parameter.copy_(found[name] if name in found else weights[name])

    def see(self, image: Tensor) -> list[Tensor]:
        """The features of an image, in float32: depthwise convolutions gain nothing from less."""
        with torch.autocast(image.device.type, enabled=False):
            return self.known.spread(self.known(image.float()))

    def layers(self, image: Tensor, code: Tensor, seen: list[Tensor] | None = None) -> Layers:
        """The graded image, the opacity and the cover. seen: the image's features, if they are there."""
        f2, f4, f8, f16, f32 = self.see(image) if seen is None else seen
        side, strength = torch.sign(code)[:, None], torch.abs(code)[:, None, None, None]
        known = torch.cat([side, f32.mean((2, 3))], dim=1)
        context = F.leaky_relu(self.context(known), SLOPE)
        sizes = [m.conv.out_channels for m in self.steered for _ in range(2)]
        films = self.films(context)[:, :, None, None].split(sizes, dim=1)
        film = dict(zip(self.steered, zip(films[::2], films[1::2])))

        x = self.at16(onto(self.side32(f32), self.side16(f16)), film[self.at16])
        x = self.at8(onto(x, self.side8(f8)), film[self.at8])
        first, second = self.more8
        x = x + second(first(x, film[first]), film[second])

        paint = self.cover8(x, film[self.cover8])
        paint = self.cover(self.cover4(enlarge(paint), film[self.cover4])).float()
        paint = enlarge(paint, 4.0) + self.paint(side)[:, :, None, None]
        x = self.at4(enlarge(self.narrow4(x)) + self.side4(f4), film[self.at4])
        x = x + self.more4(x, film[self.more4])
        opacity = enlarge(self.opacity(self.opacity4(x, film[self.opacity4])).float(), 4.0)
        image = image.float()
        opacity = torch.sigmoid(opacity[:, :1] + RELIEF * opacity[:, 1:] * relief(image))
        x = self.at2(enlarge(self.narrow2(x)) + self.side2(f2), film[self.at2])
        grade = enlarge(self.grade(x).float())

        graded = regraded(image, strength * (grade[:, :3] * image + grade[:, 3:]))
        loss, gain, tint = (of_side(ends, side) for ends in (self.loss, self.gain, self.tint))
        graded = restrained(graded, image, loss, gain)
        cover = tinted(bounded(paint), tint)
        return Layers(graded, torch.clamp(strength * opacity, max=1), cover, paint)

    def forward(self, image: Tensor, code: Tensor, seen: list[Tensor] | None = None) -> Tensor:
        return self.layers(image, code, seen).compose()


def of_side(ends: Tensor, side: Tensor) -> Tensor:
    """[2, c] for a and b -> [n, c, 1, 1] for sides [n, 1] of -1 and 1, and between for those between."""
    to_a, to_b = ends[:1], ends[1:]
    return (to_a + (to_b - to_a) * (side + 1) / 2)[:, :, None, None]


def enlarge(x: Tensor, by: float = 2.0) -> Tensor:
    """Twice the size or more, bilinear."""
    return F.interpolate(x, scale_factor=by, mode="bilinear", align_corners=False)


def relief(image: Tensor) -> Tensor:
    """How much lighter each pixel is than its surroundings."""
    grey = image.mean(1, keepdim=True)
    # Nothing is padded, but PyTorch 1.13 would export a Pad that counts.
    return grey - enlarge(F.avg_pool2d(grey, 4, count_include_pad=False), 4.0)


def onto(coarse: Tensor, fine: Tensor) -> Tensor:
    """Add coarse features to those of twice the size, which may lack the last row or column."""
    return enlarge(coarse)[..., : fine.shape[2], : fine.shape[3]] + fine


def regraded(image: Tensor, residual: Tensor) -> Tensor:
    """tanh(artanh(image) + residual), by the theorem of addition: runtimes are slow at logarithms."""
    scaled, change = image * HEADROOM, torch.tanh(residual)
    return (scaled + change) / (1 + scaled * change) / HEADROOM


def restrained(graded: Tensor, image: Tensor, loss: Tensor, gain: Tensor) -> Tensor:
    """The graded image with each channel held to how far it lay from the mean of the three, and a bit."""
    mean, apart = graded.mean(1, keepdim=True), image - image.mean(1, keepdim=True)
    held = torch.minimum(graded - mean, F.relu(apart) + gain)
    return mean + torch.maximum(held, -F.relu(-apart) - loss)


def bounded(logits: Tensor) -> Tensor:
    return torch.tanh(logits) / HEADROOM


def tinted(image: Tensor, limit: Tensor) -> Tensor:
    """The image with each channel held to some limit away from the mean of the three."""
    mean = image.mean(1, keepdim=True)
    return mean + limit * torch.tanh((image - mean) / limit)
