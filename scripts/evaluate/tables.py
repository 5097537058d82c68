"""Lay out the figures of a direction as a table."""

from __future__ import annotations

import math

from measure.page import table

Figures = dict[str, float]

# Key, title, digits and goal of each row. A row of BY_JUDGE is repeated for every judge.
BY_JUDGE = (
    ("flips", "in the target season", 2, "≥ 0.90"),
    ("flipped", "flipped, of those not there before", 2, ""),
    ("kid", "KID × 10³ to the real target", 0, "{kid}"),
    ("response", "range of the logit over strength 0…1, of the real gap", 2, "≥ 0.50"),
    ("spearman", "Spearman of strength and logit", 2, "≥ 0.90"),
    ("step", "largest quarter of the strength, of that range", 2, ""),
)
REST = (
    ("swd", "sliced Wasserstein × 10³ to the real target", 0, ""),
    ("moved", "L1 of the translation, levels", 1, ""),
    ("own", "L1 asked for its own season, of that", 2, "≤ 0.40"),
    ("own psnr", "PSNR asked for its own season, dB", 1, "≥ 23"),
    ("again", "L1 of translating again, of that", 2, "≤ 0.25"),
    ("back psnr", "PSNR there and back, dB", 1, ""),
    ("auc", "AUC of ‖G(x) − x‖ between the seasons, no label", 2, "≥ 0.90"),
    ("edges", "edges kept, correlation", 2, ""),
    ("flagged", "checkerboards flagged", 0, "0"),
)


def number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def direction(
    title: str, whole: dict[str, Figures], clear: dict[str, Figures], judges: int, kid_share: float
) -> str:
    """The table of one direction: one row per figure, one column per translator, cells `all (clear)`.

    kid_share is the kernel distance to reach, as a share of the identity's.
    """

    def row(key: str, name: str, digits: int, wanted: str) -> list[str]:
        pairs = ((number(whole[t][key], digits), number(clear[t][key], digits)) for t in whole)
        cells = [a if a == "–" else f"{a} ({b})" for a, b in pairs]
        return [name, wanted, *cells]

    rows = []
    for key, name, digits, wanted in BY_JUDGE:
        for judge in range(judges):
            limit = kid_share * whole["identity"][f"kid {judge}"]
            goal = wanted.format(kid=f"≤ {limit:.0f}")
            rows.append(row(f"{key} {judge}", f"{name}, judge {judge + 1}", digits, goal))
    rows += [row(*entry) for entry in REST]
    return table([title, "wanted", *whole], rows)
