"""The weights of an exported model, to train on from: `python -m train --init MODEL.onnx`."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from train.data import DataError

SUFFIX = ".onnx"
HALF = ".half"  # what export.graph adds to the names of weights that it stores as float16
FOLDED = ".folded"  # what export.lean adds to the names of weights that it folds something into


def given(init: str) -> bool:
    """Whether a run starts from an exported model, so without discriminators and optimisers."""
    return init.endswith(SUFFIX)


def weights(path: Path) -> dict[str, Tensor]:
    """The floats of a file by the names they had in their network. Those stored as float16 become float32."""
    import onnx.numpy_helper  # whoever trains from other weights does not need it
    from google.protobuf.message import DecodeError

    try:
        tensors = onnx.load_from_string(path.read_bytes()).graph.initializer
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except DecodeError as error:
        raise DataError(f"{path} is no ONNX model") from error
    found = {}
    for tensor in tensors:
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16):
            name = tensor.name.removesuffix(HALF)
            while name.startswith("net."):  # what wraps a network for the export
                name = name.removeprefix("net.")
            found[name] = torch.from_numpy(onnx.numpy_helper.to_array(tensor).astype("float32"))
    return found
