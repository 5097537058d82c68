"""Measure how well gtx finds and repairs checkerboards: `python -m checkerboard --help`."""
