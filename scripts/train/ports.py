"""What a network takes and gives, in the words of the manifest. Methods describe their exports by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

Spec = dict[str, Any]


@dataclass(frozen=True)
class Port:
    """An input or an output of a graph.

    role: as in the manifest. shape: of one item inside the network; "h" and "w" are the sides of the
    image. spec: what else the manifest says. Images (roles image, exemplar, opacity and cover) are
    bytes NHWC outside and floats NCHW from -1 to 1 inside the network, unless floats is set; all others
    are float32.
    """

    name: str
    role: str
    shape: tuple[int | str, ...]
    spec: Spec = field(default_factory=dict)
    floats: bool = False

    @property
    def bytes(self) -> bool:
        return self.role in ("image", "exemplar", "opacity", "cover") and not self.floats

    @property
    def channels(self) -> int:
        return int(self.shape[0])


def fixed(side: int, **more: Any) -> Spec:
    return {"mode": "fixed", "h": side, "w": side, "fit": "stretch", **more}


def multiple(of: int, side: int, least: int, most: int) -> Spec:
    return {
        "mode": "multiple", "h": side, "w": side, "multiple_of": of, "min": least, "max": most,
        "fit": "stretch",
    }  # fmt: skip


def image(size: Spec | None, name: str = "image", role: str = "image", **more: Any) -> Port:
    """An RGB image that a graph takes."""
    spec = {"size": size, **more} if size else dict(more)
    return Port(name, role, (3, "h", "w"), spec)


def result(name: str = "translation", channels: int = 3, floats: bool = False, **more: Any) -> Port:
    """An image that a graph gives."""
    return Port(name, "image", (channels, "h", "w"), more, floats)


def label(name: str, width: int, **spec: Any) -> Port:
    return Port(name, "label", (width,) if width else (), {"label": spec})


def noise(name: str, *shape: int | str, **spec: Any) -> Port:
    sides = [-1 if isinstance(n, str) else n for n in shape]
    return Port(name, "noise", shape, {"noise": {"dist": "normal", "shape": sides, **spec}})


def latent(name: str, *shape: int | str) -> Port:
    return Port(name, "latent", shape)


@dataclass(frozen=True)
class Graph:
    """A graph of an export. The network takes the inputs in order and gives the outputs in order."""

    name: str
    net: nn.Module
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    # Batch, height and width of the inputs on which file and network are compared. The first is traced.
    sizes: tuple[tuple[int, int, int], ...] = ((2, 64, 64), (1, 96, 136), (1, 256, 256))


Answer = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Exported:
    """What a method exports. The last graph carries the manifest, the others go to files beside it.

    parts: entries of the manifest: domains, directions, stages, classifier, tiling. golden: pairs of the
    arguments of a run of gtx and a function with the networks' answer. The function takes an image
    [1, 3, h, w] from -1 to 1 and returns an image of one or three channels, or logits [1, classes].
    """

    family: str
    graphs: tuple[Graph, ...]
    parts: Spec = field(default_factory=dict)
    golden: tuple[tuple[Spec, Answer], ...] = ()
    side: int = 64  # of the golden image
    tolerance: float = (
        1.5  # of the golden means: devices and versions of ONNX Runtime differ by less than a level
    )
