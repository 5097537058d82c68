"""Train image translators: `python -m train --method domain-code --a DIR --b DIR --out RUN`."""
