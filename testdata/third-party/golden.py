#!/usr/bin/env python3
"""Print the golden cases of the manifests in this folder, computed by ONNX Runtime in Python.

    python3 testdata/third-party/golden.py build/third-party

No code of gtx takes part, so the cases check `gtx models add` independently. Needs numpy and
onnxruntime. scripts/fetch-third-party fetches the networks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from export import golden  # noqa: E402

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def session(name: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        str(Path(sys.argv[1]) / f"{name}.onnx"), providers=["CPUExecutionProvider"]
    )


def to_bytes(image: np.ndarray) -> golden.Pixels:
    return np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def show(name: str, side: int, image: golden.Pixels, **args: str) -> None:
    case = golden.image_case(image, **args)
    case["inputs"] |= {"h": side, "w": side}
    print(f"{name}: {json.dumps(case)}")


def unit(side: int) -> np.ndarray:
    return (golden.ramps(side, side) / 255).astype(np.float32)[None]


def main() -> None:
    net = session("multistyle26")
    for style in (0, 19):
        weights = np.eye(26, dtype=np.float32)[style]
        (out,) = net.run(None, {"image": unit(64).transpose(0, 3, 1, 2), "style_weights": weights})
        show("styles", 64, to_bytes(out[0].transpose(1, 2, 0)), to=f"style-{style}")

    predict, transform = session("arbitrary_predict"), session("arbitrary_transform")
    (style,) = predict.run(None, {"style_image": unit(256)})
    photo, latent = (i.name for i in transform.get_inputs())
    (out,) = transform.run(None, {photo: unit(384), latent: style})
    show("painting", 384, to_bytes(out[0]), to="painting")

    normalised = ((unit(320) - MEAN) / DEVIATION).astype(np.float32).transpose(0, 3, 1, 2)
    (mask,) = session("u2netp").run(["1959"], {"input.1": normalised})
    show("u2netp", 320, to_bytes(mask[0].transpose(1, 2, 0)).repeat(3, axis=2), to="mask")


main()
