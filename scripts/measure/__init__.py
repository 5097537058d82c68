"""What the measuring commands share: `evaluate` and `checkerboard` are built on it."""
