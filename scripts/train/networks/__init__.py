"""Networks, one per file. Their images are float NCHW tensors in [-1, 1]."""
