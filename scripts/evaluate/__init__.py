"""Measure exported models on the validation folders: `python -m evaluate --help`."""
