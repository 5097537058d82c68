"""ROC curves as SVG. One kind of plot does not need a plotting library."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 420, 300, 46
COLOURS = ("#1f5fa8", "#c2571a", "#3a8a4d", "#8a3a7a")

Curve = Sequence[tuple[float, float]]


def roc(positive: Sequence[float], negative: Sequence[float]) -> Curve:
    """The points (false alarms, found) over all thresholds, both from 0 to 1."""
    points = [(0.0, 0.0)]
    for level in sorted({*positive, *negative}, reverse=True):
        points.append(
            (
                sum(v >= level for v in negative) / len(negative),
                sum(v >= level for v in positive) / len(positive),
            )
        )
    return points


def lines(
    title: str,
    across: str,
    up: str,
    curves: dict[str, Curve],
    right: float,
    low: float = 0.0,
    marks: dict[str, tuple[float, float]] | None = None,
) -> str:
    """Plot curves, cut off to the right of `right` and below `low`. marks are dots on the curves."""

    def x(v: float) -> float:
        return MARGIN + min(v, right) / right * (WIDTH - MARGIN - 12)

    def y(v: float) -> float:
        return HEIGHT - MARGIN - (max(v, low) - low) / (1 - low) * (HEIGHT - MARGIN - 30)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{WIDTH / 2}" y="16" text-anchor="middle" font-size="13">{title}</text>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">{across}</text>',
        f'<text transform="translate(12 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{up}</text>',
    ]
    for i in range(6):
        vx, vy = right * i / 5, low + (1 - low) * i / 5
        parts += [
            f'<path d="M{x(vx):.1f} {y(low):.1f}V{y(1):.1f}" stroke="#ddd"/>',
            f'<path d="M{x(0):.1f} {y(vy):.1f}H{x(right):.1f}" stroke="#ddd"/>',
            f'<text x="{x(vx):.1f}" y="{y(low) + 15:.1f}" text-anchor="middle">{vx:g}</text>',
            f'<text x="{x(0) - 5:.1f}" y="{y(vy) + 4:.1f}" text-anchor="end">{vy:.2g}</text>',
        ]
    for i, (name, curve) in enumerate(curves.items()):
        shown = [p for p in curve if p[0] <= right] or [(0.0, low)]
        path = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in [*shown, (right, shown[-1][1])])
        colour = COLOURS[i % len(COLOURS)]
        parts += [
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{WIDTH - 16}" y="{y(low) - 10 - 15 * (len(curves) - 1 - i):.1f}" '
            f'text-anchor="end" fill="{colour}">{name}</text>',
        ]
        if marks and name in marks:
            a, b = marks[name]
            parts.append(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="4" fill="{colour}"/>')
    return "\n".join([*parts, "</svg>", ""])
