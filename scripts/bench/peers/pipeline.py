"""Translate a folder of photographs with threads.

python3 pipeline.py MODEL IN OUT WIDTHxHEIGHT source|model

One thread more than there are processors reads and writes, and one call per processor is in the
network at a time. JPEGs are shrunk while they are decoded.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

import numpy as np
import onnxruntime
from PIL import Image

model, source, target, size, keep = sys.argv[1:]
shape = tuple(int(side) for side in size.split("x"))
processors = len(os.sched_getaffinity(0))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
calls = Semaphore(processors)
winter = np.ones(1, np.float32)


def translate(path: Path) -> str:
    photo = Image.open(path)
    full = photo.size
    photo.draft("RGB", shape)
    small = np.asarray(photo.convert("RGB").resize(shape))[None]
    with calls:
        (translated,) = session.run(None, {"image": small, "code": winter})
    result = Image.fromarray(translated[0])
    if keep == "source":
        result = result.resize(full)
    result.save(Path(target) / path.name, quality=90)
    return path.name


with ThreadPoolExecutor(processors + 1) as pool:
    for name in pool.map(translate, sorted(Path(source).iterdir())):
        print(name, flush=True)
