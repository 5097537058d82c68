"""Judge the models of the zoo and write docs/zoo.md: `python -m evaluate.zoo --help`."""
