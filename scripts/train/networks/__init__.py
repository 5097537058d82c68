"""Networks, one file each. All take and give float NCHW tensors in [-1, 1]."""
