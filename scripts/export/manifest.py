"""Manifests (`gtx.model/1`): they tell gtx how to feed a network and how to read its results."""

from __future__ import annotations

from typing import Any

from train.ports import Exported, Graph, Port

KEY = "gtx.manifest"
LICENSE = "weights: research use only; trained on photographs whose copyright stays with the photographers"

Manifest = dict[str, Any]


def manifest(name: str, title: str, made: Exported, training: dict[str, Any]) -> Manifest:
    """The manifest of an export. The last graph is in the model's own file, the others beside it."""
    *others, _ = made.graphs
    graphs = {graph.name: {"batch": "dynamic", "deterministic": True} for graph in made.graphs}
    for graph in others:
        graphs[graph.name]["file"] = file_of(name, graph)
    return {
        "schema": "gtx.model/1",
        "name": name,
        "title": title,
        "family": made.family,
        "version": "1",
        "license": "",
        "source": "scripts/train",
        "training": training,
        "graphs": graphs,
        "inputs": [taken(graph, port) for graph in made.graphs for port in graph.inputs],
        "outputs": [given(graph, port) for graph in made.graphs for port in graph.outputs],
        **made.parts,
    }


def file_of(name: str, graph: Graph) -> str:
    """The file of a graph that is not the model's last."""
    return f"{name}-{graph.name}.onnx"


def taken(graph: Graph, port: Port) -> dict[str, Any]:
    """The entry of an input."""
    entry = {"graph": graph.name, "name": port.name, "dtype": "float32", "role": port.role}
    if port.bytes:
        channels = port.channels
        entry.update(dtype="uint8", layout="NHWC", shape=[-1, -1, -1, channels])
        colours = {"scale": [1] * channels, "offset": [0] * channels}
        entry["image"] = {"channels": channels, "color": colour(channels), **colours}
    elif port.role == "image":
        entry["layout"] = "NCHW"
        entry["image"] = {"channels": port.channels, "color": colour(port.channels), **signed(port)}
    elif port.role == "label":
        entry["shape"] = [-1, *port.shape]
    elif port.role == "noise" and "h" in port.shape:
        entry["layout"] = "NCHW"
    return {**entry, **port.spec}


def given(graph: Graph, port: Port) -> dict[str, Any]:
    """The entry of an output."""
    entry = {"graph": graph.name, "name": port.name, "role": port.role, "dtype": "float32"}
    if port.bytes:
        channels = port.channels
        entry.update(dtype="uint8", layout="NHWC", color=colour(channels))
        entry.update(scale=[1] * channels, offset=[0] * channels)
    elif port.role in ("image", "residual"):
        entry.update(layout="NCHW", color=colour(port.channels), **signed(port))
    return {**entry, **port.spec}


def signed(port: Port) -> dict[str, Any]:
    """How bytes become the floats of an image from -1 to 1."""
    return {"scale": [1 / 127.5] * port.channels, "offset": [-1] * port.channels}


def colour(channels: int) -> str:
    return "GRAY" if channels == 1 else "RGB"
