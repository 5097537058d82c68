"""Translate a folder of photographs, one after the other.

python3 naive.py MODEL IN OUT WIDTHxHEIGHT source|model
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

model, source, target, size, keep = sys.argv[1:]
shape = tuple(int(side) for side in size.split("x"))
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
winter = np.ones(1, np.float32)

for path in sorted(Path(source).iterdir()):
    photo = Image.open(path).convert("RGB")
    small = np.asarray(photo.resize(shape))[None]
    (translated,) = session.run(None, {"image": small, "code": winter})
    result = Image.fromarray(translated[0])
    if keep == "source":
        result = result.resize(photo.size)
    result.save(Path(target) / path.name, quality=90)
    print(path.name, flush=True)
