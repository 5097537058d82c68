"""Translate a folder of photographs with pyvips, which spreads each image over all processors.

python3 vips.py MODEL IN OUT WIDTHxHEIGHT source|model
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pyvips

model, source, target, size, keep = sys.argv[1:]
width, height = (int(side) for side in size.split("x"))
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
winter = np.ones(1, np.float32)

for path in sorted(Path(source).iterdir()):
    small = pyvips.Image.thumbnail(str(path), width, height=height, size="force").numpy()
    (translated,) = session.run(None, {"image": small[None], "code": winter})
    result = pyvips.Image.new_from_array(translated[0], interpretation="srgb")
    if keep == "source":
        photo = pyvips.Image.new_from_file(str(path))
        result = result.resize(photo.width / width, vscale=photo.height / height)
    result.jpegsave(str(Path(target) / path.name), Q=90)
    print(path.name, flush=True)
