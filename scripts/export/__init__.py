"""Export a training run as one ONNX file with its manifest: `python -m export RUN --out FILE`."""
