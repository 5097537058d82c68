"""Manifests (`gtx.model/1`): they tell gtx how to feed a network and how to read its results."""

from __future__ import annotations

from typing import Any

KEY = "gtx.manifest"
LICENSE = "weights: research use only; trained on photographs whose copyright stays with the photographers"

Manifest = dict[str, Any]


def _common(name: str, title: str, family: str, training: dict[str, Any]) -> Manifest:
    return {
        "schema": "gtx.model/1",
        "name": name,
        "title": title,
        "family": family,
        "version": "1",
        "license": LICENSE,
        "source": "scripts/train",
        "training": training,
        "graphs": {"main": {"batch": "dynamic", "deterministic": True}},
    }


def _image_input(minimum: int) -> dict[str, Any]:
    return {
        "graph": "main",
        "name": "image",
        "dtype": "uint8",
        "layout": "NHWC",
        "shape": [-1, -1, -1, 3],
        "role": "image",
        "image": {"channels": 3, "color": "RGB", "scale": [1, 1, 1], "offset": [0, 0, 0]},
        "size": {
            "mode": "multiple",
            "h": 256,
            "w": 256,
            "multiple_of": 8,
            "min": minimum,
            "max": 512,
            "fit": "stretch",
        },
    }


def generator_manifest(name: str, title: str, domains: tuple[str, str], training: dict[str, Any]) -> Manifest:
    """The manifest of a domain-coded generator. Domain a has the code -1, domain b the code +1."""
    manifest = _common(name, title, "domain-code", training)
    strength = {"op": "scale", "min": 0, "max": 1.5, "neutral": 0}
    label = {"kind": "scalar", "strength": strength, "requires_source_label": False}
    manifest["inputs"] = [
        _image_input(64),
        {
            "graph": "main",
            "name": "code",
            "dtype": "float32",
            "shape": [-1],
            "role": "label",
            "label": label,
        },
    ]
    manifest["outputs"] = [
        {
            "graph": "main",
            "name": "translation",
            "role": "image",
            "dtype": "uint8",
            "layout": "NHWC",
            "color": "RGB",
            "scale": [1, 1, 1],
            "offset": [0, 0, 0],
        }
    ]
    manifest["domains"] = [{"id": domains[0], "code": -1}, {"id": domains[1], "code": 1}]
    return manifest


def layers_manifest(name: str, title: str, domains: tuple[str, str], training: dict[str, Any]) -> Manifest:
    """The manifest of a generator that gives a graded image, an opacity and a cover.

    An output of role `opacity` has one channel of bytes, 255 for opaque. An output of role `cover` is
    an image like the one of role `image`. All three have the size of the network's input.
    `combine: over` says how the translation is made of them, per channel and in bytes (sRGB values as
    they are, not linear light):

        translation = (1 - opacity / 255) * image + opacity / 255 * cover

    At another size than the network's, the image comes first to the photograph's own size as for
    any translator, without the cover. Then cover and opacity are enlarged and laid over it. The
    strength is in all three outputs already: it scales the code, the graph scales the opacity by
    its size, and the cover does not depend on it.
    """
    manifest = generator_manifest(name, title, domains, training)
    image = {**manifest["outputs"][0], "name": "graded"}
    opacity = {**image, "name": "opacity", "role": "opacity", "color": "GRAY"}
    opacity.update(scale=[1], offset=[0])
    manifest["outputs"] = [image, opacity, {**image, "name": "cover", "role": "cover"}]
    manifest["stages"] = [{"graph": "main", "combine": "over"}]
    return manifest


def classifier_manifest(
    name: str, title: str, domains: tuple[str, str], training: dict[str, Any]
) -> Manifest:
    """The manifest of a two-class classifier with logits in the order of the domains."""
    manifest = _common(name, title, "classifier", training)
    manifest["inputs"] = [_image_input(32)]
    manifest["outputs"] = [{"graph": "main", "name": "logits", "role": "logits", "dtype": "float32"}]
    manifest["classifier"] = {
        "graph": "main",
        "activation": "softmax",
        "classes": list(domains),
        "threshold": 0.5,
    }
    manifest["domains"] = [{"id": domain} for domain in domains]
    return manifest
