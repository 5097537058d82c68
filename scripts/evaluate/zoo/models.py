"""The models of the zoo: their manifests, what they cost, and what gtx makes of images with them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from PIL import Image

from export.manifest import KEY
from measure import gtx

Spec = dict[str, Any]
TYPES = {"uint8": np.uint8, "float16": np.float16, "int64": np.int64, "int32": np.int32}
RUNS = 12  # of which the fastest counts
COUNTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True)
class Model:
    """An exported model and the gtx that runs it."""

    path: Path
    gtx: Path = field(default=gtx.BINARY)

    @cached_property
    def manifest(self) -> Spec:
        found = onnx.load(str(self.path)).metadata_props
        return json.loads(next(entry.value for entry in found if entry.key == KEY))

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def files(self) -> dict[str, Path]:
        """The file of each graph."""
        graphs = self.manifest["graphs"].items()
        return {name: self.path.with_name(spec.get("file") or self.path.name) for name, spec in graphs}

    @cached_property
    def digest(self) -> str:
        """Of all its files."""
        whole = hashlib.sha256()
        for path in sorted({self.path, *self.files.values()}):
            whole.update(path.read_bytes())
        return whole.hexdigest()

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(path.stat().st_size for path in {self.path, *self.files.values()})

    @property
    def whole(self) -> bool:
        """Whether all its files are there."""
        return all(path.exists() for path in self.files.values())

    @property
    def domains(self) -> list[str]:
        return [domain["id"] for domain in self.manifest.get("domains", [])]

    @cached_property
    def source(self) -> Spec:
        """The input that takes the image or the label map."""
        taken = (i for i in self.manifest["inputs"] if i["role"] in ("image", "labelmap") and "size" in i)
        return next(taken, {})

    @property
    def side(self) -> int:
        """The side at which images enter, in pixels."""
        return int(self.source["size"].get("h") or 256)

    @property
    def needs_labels(self) -> bool:
        """Whether the network starts from the labels of its source."""
        labels = [i["label"] for i in self.manifest["inputs"] if i["role"] == "label"]
        return any(label.get("base") == "source" or label.get("requires_source_label") for label in labels)

    def translate(self, images: np.ndarray, **options: Any) -> list[np.ndarray]:
        """What `gtx translate` makes of uint8 [n, h, w, 3], at the network's size.

        options: to, strength, source (for --from), seed, samples, and exemplar, an image [h, w, 3].
        The list has one array [n, h, w, 3] for each result: of samples, or of outputs with a suffix.
        """
        with tempfile.TemporaryDirectory() as work:
            given, made = Path(work, "given"), Path(work, "made")
            given.mkdir()
            for i, pixels in enumerate(images):
                Image.fromarray(pixels).save(given / f"{i:05}.png", compress_level=1)
            arguments = self.arguments(options, Path(work))
            self.run("translate", *arguments, "--size", "model", "-o", str(made), str(given))
            return collect(made)

    def generate(self, count: int, seed: int = 1, **options: Any) -> np.ndarray:
        """What `gtx generate` makes from noise, uint8 [n, h, w, 3]."""
        with tempfile.TemporaryDirectory() as work:
            made = Path(work, "made")
            arguments = self.arguments({"seed": seed, **options}, Path(work))
            self.run("generate", *arguments, "--count", str(count), "-o", str(made))
            paths = sorted(made.rglob("*.png"))
            return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])

    def arguments(self, options: Spec, work: Path) -> list[str]:
        chosen = ["--model", str(self.path), "--format", "png", "--checkerboard", "off", "-q"]
        for key, value in options.items():
            if key == "exemplar":
                path = work / "exemplar.png"
                Image.fromarray(value).save(path)
                value = path
            if value is not None:
                chosen += [f"--{'from' if key == 'source' else key}", str(value)]
        return chosen

    def run(self, *arguments: str) -> None:
        done = subprocess.run([self.gtx, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"gtx {' '.join(arguments)}: {done.stderr.strip()}")

    @cached_property
    def sessions(self) -> dict[str, onnxruntime.InferenceSession]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        names = ["CPUExecutionProvider"]
        return {
            graph: onnxruntime.InferenceSession(str(path), options, providers=names)
            for graph, path in self.files.items()
        }

    def order(self) -> list[str]:
        """The graphs of one translation without an exemplar, each after those that feed it."""
        manifest, found = self.manifest, []
        stages = {stage["graph"]: stage for stage in manifest.get("stages") or []}
        if manifest.get("directions"):
            final = manifest["directions"][0]["graph"]
        else:
            final = list(stages)[-1] if stages else list(manifest["graphs"])[-1]

        def visit(graph: str) -> None:
            for source in (stages.get(graph, {}).get("feed") or {}).values():
                feeder = source.rpartition(".")[0]
                if feeder and feeder not in found and not self.optional(feeder):
                    visit(feeder)
            found.append(graph)

        visit(final)
        return found

    def optional(self, graph: str) -> bool:
        """Whether a graph is left out unless there is an exemplar."""
        exemplars = [i for i in self.manifest["inputs"] if i["graph"] == graph and i["role"] == "exemplar"]
        return any(i.get("exemplar", {}).get("min", 1) == 0 for i in exemplars)

    def rehearsal(self) -> dict[str, dict[str, np.ndarray]]:
        """Inputs of the graphs of one translation, at the size of the network: {graph: {input: array}}."""
        stages = {stage["graph"]: stage for stage in self.manifest.get("stages") or []}
        made: dict[str, np.ndarray] = {}
        feeds = {}
        for graph in self.order():
            stage, feed = stages.get(graph, {}), {}
            side = self.side if self.source else 64
            inputs = [i for i in self.manifest["inputs"] if i["graph"] == graph]
            # As in gtx, the image decides the size of noise and coordinates.
            for spec in sorted(inputs, key=lambda i: i["role"] != "image"):
                array = made.get((stage.get("feed") or {}).get(spec["name"], "source"))
                if array is None:
                    array = self.blank(graph, spec, side)
                elif spec["role"] == "image":
                    down = 1 if spec["layout"] == "NHWC" else 2
                    for axis in (down, down + 1):
                        array = array.repeat(stage.get("upsample", 1), axis)
                    side = array.shape[down]
                feed[spec["name"]] = array
            feeds[graph] = feed
            names = [o.name for o in self.sessions[graph].get_outputs()]
            for name, array in zip(names, self.sessions[graph].run(None, feed)):
                made[f"{graph}.{name}"] = array
        return feeds

    def blank(self, graph: str, spec: Spec, side: int) -> np.ndarray:
        """Zeros for an input."""
        declared = next(i for i in self.sessions[graph].get_inputs() if i.name == spec["name"]).shape
        shape = [n if isinstance(n, int) else 1 for n in declared]
        if len(shape) == 4:
            down = 1 if spec.get("layout") == "NHWC" else 2
            for axis in (down, down + 1):
                if not isinstance(declared[axis], int):
                    shape[axis] = side
        return np.zeros(shape, TYPES.get(spec["dtype"], np.float32))

    def cost(self) -> dict[str, float]:
        """Of one image: {"gmac": multiply-accumulates in 10^9, "ms": on one thread}."""
        gmac = seconds = 0.0
        for graph, feed in self.rehearsal().items():
            gmac += multiply_accumulates(self.files[graph], feed) / 1e9
            best = float("inf")
            for _ in range(RUNS):
                began = time.perf_counter()
                self.sessions[graph].run(None, feed)
                best = min(best, time.perf_counter() - began)
            seconds += best
        return {"gmac": gmac, "ms": 1e3 * seconds}


def pack(image: np.ndarray, spec: Spec) -> np.ndarray:
    """An RGB image [h, w, 3] as an input takes it."""
    x = image[None]
    if spec["dtype"] != "uint8":
        how = spec["image"]
        x = x * np.float32(how.get("scale", [1] * 3)) + np.float32(how.get("offset", [0] * 3))
        x = x.astype(TYPES.get(spec["dtype"], np.float32))
    return x if spec["layout"] == "NHWC" else x.transpose(0, 3, 1, 2)


def collect(folder: Path) -> list[np.ndarray]:
    """Results NNNNN.png, NNNNN-1.png and so on, by what follows the number."""
    by_suffix: dict[str, list[np.ndarray]] = {}
    for path in sorted(folder.rglob("*.png"), key=lambda p: (len(p.stem), p.stem)):
        by_suffix.setdefault(path.stem[5:], []).append(np.asarray(Image.open(path).convert("RGB")))
    return [np.stack(images) for images in by_suffix.values()]


def multiply_accumulates(path: Path, feed: dict[str, np.ndarray]) -> int:
    """Of the convolutions and matrix products of a graph in one run, counted by the sizes they give."""
    model = onnx.load(str(path))
    known = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    for node in model.graph.node:  # weights in float16 are cast first
        if node.op_type in ("Cast", "Identity") and node.input[0] in known:
            known[node.output[0]] = known[node.input[0]]
    counted = [node for node in model.graph.node if node.op_type in COUNTED]
    asked = []
    for node in counted:
        for name in (node.output[0], *node.input[:2]):
            if name and name not in known and name not in feed and name not in asked:
                asked.append(name)
    there = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in asked if name not in there)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    shapes = {**known, **{name: list(array.shape) for name, array in feed.items()}}
    for name, array in zip(asked, session.run(asked, feed) if asked else []):
        shapes[name] = list(array.shape)
    total = 0
    for node in counted:
        given, made = shapes[node.input[0]], int(np.prod(shapes[node.output[0]]))
        weight = shapes[node.input[1]]
        if node.op_type == "Conv":
            total += made * int(np.prod(weight[1:]))
        elif node.op_type == "ConvTranspose":
            total += int(np.prod(given)) * int(np.prod(weight[1:]))
        else:
            transposed = any(a.name == "transA" and a.i for a in node.attribute)
            total += made * (given[0] if transposed else given[-1])
    return total
