#!/usr/bin/python3
"""Make a tiny network for each family of translators in this folder. Running it again changes nothing.

Each has the inputs and outputs of its family, and computes something simple, so that a wrong channel
order, scale, label or noise shows. The docstring of each function says what its network computes.
Needs Debian's python3-onnx and python3-numpy.
"""

import json
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

HERE = Path(__file__).parent
FLOAT, HALF, INT, BYTE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.UINT8
DTYPES = {FLOAT: "float32", HALF: "float16", INT: "int64", BYTE: "uint8"}
NCHW, NHWC = ["N", 3, "H", "W"], ["N", "H", "W", 3]

Spec = dict[str, object]


class Net:
    """A graph under construction. Methods that add a value return its name."""

    def __init__(self, graph: str = "main") -> None:
        self.graph = graph
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.inputs: list[ValueInfoProto] = []
        self.outputs: list[ValueInfoProto] = []
        self.specs: dict[str, list[Spec]] = {"inputs": [], "outputs": []}

    def op(self, kind: str, *args: str, **attributes: object) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(args), [name], **attributes))
        return name

    def const(self, values: object, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def per_channel(self, values: list[float]) -> str:
        """A constant with one number per channel of an NCHW tensor."""
        return self.const(np.reshape(values, (1, -1, 1, 1)))

    def take(self, name: str, dims: list[object], role: str, dtype: int = FLOAT, **spec: object) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, dtype, dims))
        self.specs["inputs"].append(
            {"graph": self.graph, "name": name, "dtype": DTYPES[dtype], "role": role, **spec}
        )
        return name

    def give(
        self, value: str, name: str, shape: list[object], role: str, dtype: int = FLOAT, **spec: object
    ) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))
        self.specs["outputs"].append(
            {"graph": self.graph, "name": name, "dtype": DTYPES[dtype], "role": role, **spec}
        )

    def image(self, size: Spec | None, name: str = "image", role: str = "image", **more: object) -> str:
        """An NCHW image input from -1 to 1."""
        spec: Spec = {"layout": "NCHW", "image": {"channels": 3, "color": "RGB", **SIGNED}}
        return self.take(name, NCHW, role, **spec, **({"size": size} if size else {}), **more)

    def result(self, value: str, name: str = "result", **more: object) -> None:
        self.give(value, name, NCHW, more.pop("role", "image"), layout="NCHW", color="RGB", **SIGNED, **more)

    def model(self) -> ModelProto:
        graph = helper.make_graph(self.nodes, self.graph, self.inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.producer_name = "testdata/models/families.py"
        model.ir_version = 8
        return model


SIGNED = {"scale": [1 / 127.5] * 3, "offset": [-1.0] * 3}
FOURS = {"mode": "multiple", "multiple_of": 4, "h": 64, "w": 64, "min": 8, "max": 256}


def fixed(side: int, **more: object) -> Spec:
    return {"mode": "fixed", "h": side, "w": side, **more}


def save(
    name: str, family: str, title: str, nets: list[Net], batch: object = "dynamic", **parts: object
) -> None:
    """Write a model. The last graph carries the manifest; the others go to files NAME-GRAPH.onnx."""
    graphs: dict[str, Spec] = {}
    for net in nets:
        graphs[net.graph] = {"batch": batch, "deterministic": True}
    for net in nets[:-1]:
        file = f"{name}-{net.graph}.onnx"
        graphs[net.graph]["file"] = file
        write(net.model(), file)
    manifest = {
        "schema": "gtx.model/1",
        "name": name,
        "title": title,
        "family": family,
        "version": "1",
        "license": "MIT",
        "source": "testdata/models/families.py",
        "graphs": graphs,
        "inputs": [spec for net in nets for spec in net.specs["inputs"]],
        "outputs": [spec for net in nets for spec in net.specs["outputs"]],
        **parts,
    }
    model = nets[-1].model()
    entry = model.metadata_props.add()
    entry.key, entry.value = "gtx.manifest", json.dumps(manifest, separators=(",", ":"))
    write(model, f"{name}.onnx")


def write(model: ModelProto, file: str) -> None:
    checker.check_model(model)
    (HERE / file).write_bytes(model.SerializeToString(deterministic=True))


def domains(*ids: str) -> list[Spec]:
    return [{"id": i} for i in ids]


def pix2pix() -> None:
    """Inverts red. Images are padded to 64×64."""
    net = Net()
    net.result(net.op("Mul", net.image(fixed(64, fit="pad")), net.per_channel([-1, 1, 1])))
    save("pix2pix", "pix2pix", "Red inverted", [net], batch=1, domains=domains("map"))


def cyclegan() -> None:
    """To winter: halves green about grey. To summer: inverts blue."""
    nets = []
    for graph, factors in (("to-winter", [1, 0.5, 1]), ("to-summer", [1, 1, -1])):
        net = Net(graph)
        net.result(net.op("Mul", net.image(FOURS), net.per_channel(factors)))
        nets.append(net)
    directions = [
        {"from": "summer", "to": "winter", "graph": "to-winter"},
        {"from": "winter", "to": "summer", "graph": "to-summer"},
    ]
    save(
        "cyclegan",
        "CycleGAN",
        "One graph a direction",
        nets,
        domains=domains("summer", "winter"),
        directions=directions,
    )


def unit() -> None:
    """The latent is half the image. Decoding adds 0.5 to red (winter) or to blue (summer)."""
    nets, shape = [], ["N", 3, "H", "W"]
    for domain in ("summer", "winter"):
        net = Net(f"encode-{domain}")
        net.give(net.op("Mul", net.image(FOURS), net.const(0.5)), "latent", shape, "latent")
        nets.append(net)
    for domain, colour in (("summer", [0, 0, 0.5]), ("winter", [0.5, 0, 0])):
        net = Net(f"decode-{domain}")
        net.result(net.op("Add", net.take("latent", shape, "latent"), net.per_channel(colour)))
        nets.append(net)
    save(
        "unit",
        "UNIT",
        "Through one latent space",
        nets,
        domains=domains("summer", "winter"),
        stages=[
            {"graph": "decode-winter", "feed": {"latent": "encode-summer.latent"}},
            {"graph": "decode-summer", "feed": {"latent": "encode-winter.latent"}},
        ],
        directions=[
            {"from": "summer", "to": "winter", "graph": "decode-winter"},
            {"from": "winter", "to": "summer", "graph": "decode-summer"},
        ],
    )


def dtn() -> None:
    """The features are the mean of red and blue. The result is their negative: grey, 32×32, not resized."""
    f = Net("f")
    weights = f.const(np.reshape([0.5, 0, 0.5], (1, 3, 1, 1)))
    features = ["N", 1, 32, 32]
    f.give(f.op("Conv", f.image(fixed(32, restore="none")), weights), "features", features, "latent")
    g = Net("g")
    grey: Spec = {"layout": "NCHW", "color": "GRAY", "scale": [1 / 127.5], "offset": [-1.0]}
    g.give(g.op("Neg", g.take("features", features, "latent")), "result", features, "image", **grey)
    save(
        "dtn",
        "DTN",
        "Grey emoji",
        [f, g],
        domains=domains("emoji"),
        stages=[{"graph": "g", "feed": {"features": "f.features"}}],
    )


def fader() -> None:
    """Adds 0.1·(α − (1 − α)), with α from -9 to 10."""
    net = Net()
    image = net.image(FOURS)
    strength = {"op": "lerp", "neutral": 0.5, "min": -19, "max": 19}
    pair = net.take("attribute", ["N", 2], "label", label={"kind": "pair", "strength": strength})
    change = net.op("Gemm", pair, net.const([[-0.1], [0.1]]))
    spread = net.op("Reshape", change, net.const([-1, 1, 1, 1], np.int64))
    net.result(net.op("Add", image, spread))
    save(
        "fader",
        "Fader Networks",
        "An attribute by degrees",
        [net],
        domains=[{"id": "plain", "code": 0}, {"id": "glasses", "code": 1}],
    )


def distancegan() -> None:
    """Swaps red and blue, since only its input is BGR. The image is cropped to its centre."""
    net = Net()
    size = fixed(64, fit="crop", filter="bicubic")
    image = net.take(
        "image", NCHW, "image", layout="NCHW", image={"channels": 3, "color": "BGR", **SIGNED}, size=size
    )
    net.result(net.op("Identity", image))
    save(
        "distancegan",
        "DistanceGAN",
        "One-sided",
        [net],
        batch=1,
        domains=domains("shoes", "bags"),
        directions=[{"from": "bags", "to": "shoes", "graph": "main"}],
    )


def genegan() -> None:
    """NHWC, 0 to 255. Returns source + strength·exemplar/2 and exemplar − strength·exemplar/2."""
    net = Net()
    spec: Spec = {"layout": "NHWC", "image": {"channels": 3, "color": "RGB"}, "size": fixed(32)}
    source = net.take("source", NHWC, "image", **spec)
    exemplar = net.take("exemplar", NHWC, "exemplar", **spec)
    strength = {"op": "scale", "min": 0, "max": 2}
    amount = net.take("strength", ["N", 1], "strength", label={"strength": strength})
    spread = net.op("Reshape", amount, net.const([-1, 1, 1, 1], np.int64))
    moved = net.op("Mul", net.op("Mul", exemplar, net.const(0.5)), spread)
    out: Spec = {"layout": "NHWC", "color": "RGB"}
    net.give(net.op("Add", source, moved), "with", NHWC, "image", **out)
    net.give(net.op("Sub", exemplar, moved), "without", NHWC, "image", suffix="-without", **out)
    save("genegan", "GeneGAN", "The smile moves over", [net], domains=domains("smiling"))


def dnagan() -> None:
    """Source and exemplar swap the channel that the attribute names, red or blue. Returns both."""
    net = Net()
    size = fixed(32)
    source, exemplar = net.image(size, "source"), net.image(size, "exemplar", "exemplar")
    which = net.take("attribute", ["N", 2], "label", label={"kind": "onehot"})
    channels = net.op("Gemm", which, net.const([[1, 0, 0], [0, 0, 1]]))
    mask = net.op("Reshape", channels, net.const([-1, 3, 1, 1], np.int64))
    swap = net.op("Mul", net.op("Sub", exemplar, source), mask)
    net.result(net.op("Add", source, swap), "with")
    net.result(net.op("Sub", exemplar, swap), "without", suffix="-swapped")
    save("dnagan", "DNA-GAN", "Attributes change places", [net], domains=domains("bangs", "smiling"))


def pix2pixhd() -> None:
    """One-hot classes, edges and features. Class k becomes the grey level 7k, edges become white."""
    net = Net()
    size = {"mode": "multiple", "multiple_of": 8, "max": 2048}
    labels = net.take(
        "labels",
        ["N", 35, "H", "W"],
        "labelmap",
        layout="NCHW",
        labelmap={"encoding": "onehot", "classes": 35},
        size=size,
    )
    edges = net.take("edges", ["N", 1, "H", "W"], "instance", layout="NCHW")
    features = net.take(
        "features", ["N", 3, "H", "W"], "const", layout="NCHW", shape=[-1, 3, -1, -1], value=0
    )
    levels = np.repeat([[7 * k / 127.5 - 1 for k in range(35)]], 3, axis=0)
    colour = net.op("Add", net.op("Conv", labels, net.const(levels[:, :, None, None])), features)
    net.result(net.op("Add", colour, net.op("Mul", edges, net.const(2))))
    save("pix2pixhd", "pix2pixHD", "Streets from label maps", [net], domains=domains("photo"))


def spade() -> None:
    """Classes of a palette, as grey levels 0, 100 and 200; edges of the instance map become white."""
    net = Net()
    size = {"mode": "multiple", "multiple_of": 8, "max": 2048}
    palette = [[0, 0, 0], [0, 0, 255], [255, 0, 0]]
    labels = net.take(
        "labels",
        ["N", 3, "H", "W"],
        "labelmap",
        layout="NCHW",
        labelmap={"encoding": "palette", "classes": 3, "palette": palette, "nearest": True},
        size=size,
    )
    edges = net.take("edges", ["N", 1, "H", "W"], "instance", layout="NCHW", instance={"ids": True})
    levels = np.repeat([[100 * k / 127.5 - 1 for k in range(3)]], 3, axis=0)
    colour = net.op("Conv", labels, net.const(levels[:, :, None, None]))
    net.result(net.op("Add", colour, net.op("Mul", edges, net.const(2))))
    save("spade", "SPADE", "Streets from objects", [net], domains=domains("photo"))


def stargan() -> None:
    """black adds -0.2 to red, blond 0.2, brown 0.1. male adds 0.3 to green, young 0.3 to blue."""
    names = ["black", "blond", "brown", "male", "young"]
    net = Net()
    image = net.image(FOURS)
    strength = {"op": "lerp", "min": 0, "max": 2}
    label = {
        "kind": "multihot",
        "names": names,
        "base": "source",
        "exclusive_groups": [names[:3]],
        "strength": strength,
    }
    vector = net.take("label", ["N", 5], "label", label=label)
    weights = [[-0.2, 0, 0], [0.2, 0, 0], [0.1, 0, 0], [0, 0.3, 0], [0, 0, 0.3]]
    change = net.op("Gemm", vector, net.const(weights))
    net.result(net.op("Add", image, net.op("Reshape", change, net.const([-1, 3, 1, 1], np.int64))))
    save("stargan", "StarGAN", "Faces by attributes", [net], domains=domains(*names))


def stargan_joint() -> None:
    """Labels of two data sets and a mask.

    Name k of a set, counted from 0, adds 0.1·(k + 1): to red for the first set, to blue for the second.
    The mask adds 0.1 to green for the first set and 0.2 for the second.
    """
    celeba, rafd = ["black", "blond", "brown", "male", "young"], ["angry", "happy", "sad"]
    net = Net()
    image = net.image(FOURS)
    label = {
        "kind": "concat",
        "names": celeba + rafd,
        "parts": [5, 3],
        "mask": True,
        "base": "source",
        "exclusive_groups": [celeba[:3], rafd],
    }
    vector = net.take("label", ["N", 10], "label", dtype=INT, label=label)
    number = net.op("Cast", vector, to=FLOAT)
    weights = np.zeros((10, 3))
    weights[:5, 0] = 0.1 * np.arange(1, 6)
    weights[5:8, 2] = 0.1 * np.arange(1, 4)
    weights[8:, 1] = [0.1, 0.2]
    change = net.op("Gemm", number, net.const(weights))
    net.result(net.op("Add", image, net.op("Reshape", change, net.const([-1, 3, 1, 1], np.int64))))
    save("stargan-joint", "StarGAN, joint", "Labels of two data sets", [net], domains=domains(*celeba, *rafd))


def pggan() -> None:
    """Red is 100 times the mean square of z, so exactly 100. Green is noise. Blue is 50 or 100, by class."""
    net = Net()
    noise = {"dist": "normal", "shape": [512], "hypersphere": True}
    z = net.take("z", ["N", 512], "noise", noise=noise)
    label = net.take("label", ["N", 2], "label", label={"kind": "onehot"})
    square = net.op("ReduceMean", net.op("Mul", z, z), axes=[1], keepdims=1)
    red = net.op(
        "Mul",
        net.op("Reshape", square, net.const([-1, 1, 1, 1], np.int64)),
        net.const(np.full((1, 1, 16, 16), 100)),
    )
    part = net.op("Slice", z, net.const([0], np.int64), net.const([256], np.int64), net.const([1], np.int64))
    green = net.op(
        "Add",
        net.op("Mul", net.op("Reshape", part, net.const([-1, 1, 16, 16], np.int64)), net.const(30)),
        net.const(128),
    )
    number = net.op(
        "Reshape", net.op("Gemm", label, net.const([[50], [100]])), net.const([-1, 1, 1, 1], np.int64)
    )
    blue = net.op("Mul", number, net.const(np.ones((1, 1, 16, 16))))
    picture = net.op("Concat", red, green, blue, axis=1)
    net.give(picture, "picture", ["N", 3, 16, 16], "image", layout="NCHW", color="RGB")
    save("pggan", "PGGAN", "Pictures of noise", [net], domains=domains("bedroom", "church"))


def lapgan() -> None:
    """The coarse level halves the image about grey. The fine level adds 0.25 and a tenth of its noise."""
    coarse = Net("coarse")
    coarse.result(
        coarse.op(
            "Mul",
            coarse.image({"mode": "multiple", "multiple_of": 4, "h": 16, "w": 16, "restore": "none"}),
            coarse.const(0.5),
        )
    )
    fine = Net("fine")
    image = fine.image(None)
    noise = {"dist": "uniform", "shape": [1, -1, -1]}
    z = fine.take("noise", ["N", 1, "H", "W"], "noise", layout="NCHW", noise=noise)
    grain = fine.op("Mul", z, fine.per_channel([0.1, 0.1, 0.1]))
    residual = fine.op("Add", fine.op("Mul", image, fine.const(0)), fine.op("Add", grain, fine.const(0.25)))
    fine.result(residual, "residual", role="residual")
    save(
        "lapgan",
        "LAPGAN",
        "Level by level",
        [coarse, fine],
        domains=domains("sharp"),
        stages=[{"graph": "fine", "feed": {"image": "coarse.result"}, "upsample": 2, "combine": "add"}],
    )


def bicyclegan() -> None:
    """Adds 0.3 times the mean of z. z is noise, or eight copies of the mean red of an exemplar."""
    encoder = Net("encoder")
    exemplar = encoder.image(FOURS, "exemplar", "exemplar", exemplar={"min": 0, "max": 1})
    red = encoder.op(
        "Slice",
        exemplar,
        encoder.const([0], np.int64),
        encoder.const([1], np.int64),
        encoder.const([1], np.int64),
    )
    mean = encoder.op("ReduceMean", red, axes=[1, 2, 3], keepdims=0)
    column = encoder.op("Reshape", mean, encoder.const([-1, 1], np.int64))
    encoder.give(encoder.op("Mul", column, encoder.const(np.ones((1, 8)))), "z", ["N", 8], "latent")
    net = Net("generator")
    image = net.image(FOURS)
    z = net.take("z", ["N", 8], "noise", noise={"dist": "normal", "shape": [8]})
    mean = net.op("Mul", net.op("ReduceMean", z, axes=[1], keepdims=1), net.const(0.3))
    net.result(net.op("Add", image, net.op("Reshape", mean, net.const([-1, 1, 1, 1], np.int64))))
    save(
        "bicyclegan",
        "BicycleGAN",
        "Many answers",
        [encoder, net],
        domains=domains("day"),
        stages=[{"graph": "generator", "feed": {"z": "encoder.z"}}],
    )


def funit() -> None:
    """Adds a quarter of the mean of the exemplars and a quarter of the first one's mean."""
    net = Net()
    image = net.image(FOURS)
    exemplars = net.take(
        "exemplars",
        ["N", "K", "H", "W", 3],
        "exemplar",
        layout="NHWC",
        image={"channels": 3, "color": "RGB", **SIGNED},
        size=fixed(16),
        exemplar={"min": 1, "max": 5},
    )
    mean = net.op("ReduceMean", exemplars, axes=[1, 2, 3], keepdims=0)
    starts, ends, axis = (net.const([k], np.int64) for k in (0, 1, 1))
    first = net.op("ReduceMean", net.op("Slice", exemplars, starts, ends, axis), axes=[1, 2, 3], keepdims=0)
    manner = net.op("Add", net.op("Mul", mean, net.const(0.5)), net.op("Mul", first, net.const(0.5)))
    spread = net.op("Reshape", manner, net.const([-1, 3, 1, 1], np.int64))
    net.result(net.op("Add", image, net.op("Mul", spread, net.const(0.5))))
    save("funit", "FUNIT", "In the manner of a few images", [net], domains=domains("alike"))


def routed() -> None:
    """A classifier tells dark (summer) from bright (autumn). Summer adds 0.4 to red, autumn subtracts it."""
    judge = Net("judge")
    mean = judge.op("ReduceMean", judge.image(fixed(16)), axes=[1, 2, 3], keepdims=0)
    column = judge.op("Reshape", mean, judge.const([-1, 1], np.int64))
    judge.give(judge.op("Mul", column, judge.const([[-20, 20]])), "logits", ["N", 2], "logits")
    nets = [judge]
    for domain, red in (("summer", 0.4), ("autumn", -0.4)):
        net = Net(f"from-{domain}")
        net.result(net.op("Add", net.image(FOURS), net.per_channel([red, 0, 0])))
        nets.append(net)
    save(
        "routed",
        "classifier first",
        "Each season by a way of its own",
        nets,
        domains=domains("summer", "autumn", "winter"),
        directions=[{"from": d, "to": "winter", "graph": f"from-{d}"} for d in ("summer", "autumn")],
        classifier={
            "graph": "judge",
            "activation": "softmax",
            "classes": ["summer", "autumn"],
            "threshold": 0.9,
            "policy": "unknown",
        },
    )


def upscaler() -> None:
    """Doubles the size by nearest neighbours. Grey in and out, float16 from 0 to 1."""
    net = Net()
    unit: Spec = {"scale": [1 / 255], "offset": [0]}
    shape = ["N", 1, "H", "W"]
    grey = net.take(
        "image",
        shape,
        "image",
        HALF,
        layout="NCHW",
        image={"channels": 1, "color": "GRAY", **unit},
        size={"mode": "any", "restore": "none"},
    )
    big = net.op(
        "Resize",
        net.op("Cast", grey, to=FLOAT),
        "",
        net.const([1, 1, 2, 2]),
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    net.give(
        net.op("Cast", big, to=HALF), "result", shape, "image", HALF, layout="NCHW", color="GRAY", **unit
    )
    save("upscaler", "super-resolution", "Twice as large", [net], domains=domains("x2"))


def coordinates() -> None:
    """Bytes, NCHW and BGR. Adds 20 times x to the first channel, blue."""
    net = Net()
    image = net.take(
        "image", NCHW, "image", BYTE, layout="NCHW", image={"channels": 3, "color": "BGR"}, size=FOURS
    )
    xy = net.take("xy", ["N", 2, "H", "W"], "coords", layout="NCHW")
    x = net.op("Conv", xy, net.const(np.reshape([[20, 0], [0, 0], [0, 0]], (3, 2, 1, 1))))
    total = net.op(
        "Clip",
        net.op("Round", net.op("Add", net.op("Cast", image, to=FLOAT), x)),
        net.const(0),
        net.const(255),
    )
    net.give(net.op("Cast", total, to=BYTE), "result", NCHW, "image", BYTE, layout="NCHW", color="BGR")
    save("coordinates", "CoordConv", "Brighter to the right", [net], domains=domains("ramp"))


def covering() -> None:
    """Half of the image, with white over it where green is greater than red, as far as the code says."""
    net = Net()
    image = net.image(FOURS)
    label = {"kind": "scalar", "strength": {"op": "scale", "min": 0, "max": 1, "neutral": 0}}
    code = net.take("code", ["N", 1], "label", label=label)
    red, green, _ = (net.op("Gather", image, net.const([c], np.int64), axis=1) for c in range(3))
    green_ground = net.op("Cast", net.op("Greater", green, red), to=FLOAT)
    strength = net.op("Reshape", code, net.const([-1, 1, 1, 1], np.int64))
    white = net.op("Add", net.op("Mul", image, net.const(0.0)), net.const(1.0))
    net.result(net.op("Mul", image, net.const(0.5)), "graded")
    net.give(
        net.op("Mul", green_ground, strength), "opacity", ["N", 1, "H", "W"], "opacity",
        layout="NCHW", color="GRAY", scale=[1 / 255],
    )  # fmt: skip
    net.result(white, "cover", role="cover")
    over = [{"graph": "main", "combine": "over"}]
    snow = [{"id": "winter", "code": 1}]
    save("covering", "opacity and cover", "Snow on green ground", [net], domains=snow, stages=over)


if __name__ == "__main__":
    for make in (
        pix2pix, cyclegan, unit, dtn, fader, distancegan, genegan, dnagan, pix2pixhd, stargan,
        stargan_joint, pggan, lapgan, bicyclegan, routed, upscaler, coordinates,
        covering, funit, spade,
    ):  # fmt: skip
        make()
