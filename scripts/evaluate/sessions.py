"""Run exported models as gtx does: bytes in, bytes out, one image at a time."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime


def open_model(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def translate(session: onnxruntime.InferenceSession, images: np.ndarray, code: float) -> np.ndarray:
    codes = np.full(1, code, np.float32)
    runs = [session.run(None, {"image": p[None], "code": codes})[0] for p in images]
    return np.concatenate(runs)


def milliseconds(session: onnxruntime.InferenceSession, size: int = 256, runs: int = 40) -> float:
    """The time of the fastest run on one image. Slower runs were disturbed by other work."""
    image = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    feed = {"image": image, "code": np.ones(1, np.float32)}
    feed = {i.name: feed[i.name] for i in session.get_inputs()}
    best = float("inf")
    for _ in range(runs):
        began = time.perf_counter()
        session.run(None, feed)
        best = min(best, time.perf_counter() - began)
    return best * 1e3
