"""The geometry of a chart as an SVG that stretches to whatever box it is put in."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from hedgerow.reporting.axes import time_ticks
from hedgerow.reporting.shapes import Chart

__all__ = ["svg"]

WIDTH, HEIGHT = 10_000, 1_000  # of the drawing, in its own units; integers keep the file small


def _xy(chart: Chart, time_ns: int, value: float) -> tuple[int, int]:
    down = min(max(chart.scale.down_frac(value), -0.02), 1.02)
    return round(chart.across_frac(time_ns) * WIDTH), round(down * HEIGHT)


def _path(chart: Chart, times_ns: Sequence[int], values: Sequence[float | None]) -> str:
    """Draw a line; where a value is unknown the pen is lifted."""
    steps: list[str] = []
    is_down = False
    for time_ns, value in zip(times_ns, values, strict=True):
        if value is None:
            is_down = False
            continue
        x, y = _xy(chart, time_ns, value)
        # A point alone between two gaps is a line of no length; the round cap makes it a dot.
        steps.append(f"L{x} {y}" if is_down else f"M{x} {y}h0")
        is_down = True
    return "".join(steps)


def _shades(
    chart: Chart,
    times_ns: Sequence[int],
    top: Sequence[float | None],
    low: Sequence[float | None],
    style: str,
) -> str:
    """Fill between two lines: one colour where the first is above, another where it is below."""
    polygons: dict[str, list[str]] = {"spare": [], "short": []}
    rows = list(zip(times_ns, top, low, strict=True))
    for (t0, a0, b0), (t1, a1, b1) in pairwise(rows):
        if a0 is None or b0 is None or a1 is None or b1 is None:
            continue
        gap0, gap1 = a0 - b0, a1 - b1
        pieces = [(t0, a0, b0, t1, a1, b1)]
        if gap0 * gap1 < 0:
            part = gap0 / (gap0 - gap1)
            tc, c = round(t0 + part * (t1 - t0)), a0 + part * (a1 - a0)
            pieces = [(t0, a0, b0, tc, c, c), (tc, c, c, t1, a1, b1)]
        for s0, p0, q0, s1, p1, q1 in pieces:
            kind = "spare" if p0 + p1 >= q0 + q1 else "short"
            (xa, ya), (xb, yb) = _xy(chart, s0, p0), _xy(chart, s1, p1)
            (_, yc), (_, yd) = _xy(chart, s1, q1), _xy(chart, s0, q0)
            polygons[kind].append(f"M{xa} {ya}L{xb} {yb}V{yc}L{xa} {yd}z")
    return "".join(
        f'<path class="{kind} {style}" d="{"".join(d)}"/>' for kind, d in polygons.items() if d
    )


def svg(chart: Chart, rows: Sequence[tuple[int, ...]]) -> str:
    """Draw grid, shades and lines; `rows` says which rows of each group to draw."""
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-labelledby="{chart.chart_id}-t {chart.chart_id}-d">'
        f'<title id="{chart.chart_id}-t">{escape(chart.title)}, {escape(chart.unit)}</title>'
        f'<desc id="{chart.chart_id}-d">{escape(chart.description)}</desc>'
    ]
    grid = "".join(
        f"M0 {round(chart.scale.down_frac(tick) * HEIGHT)}h{WIDTH}"
        for tick in chart.scale.ticks
        if tick != 0
    )
    grid += "".join(
        f"M{round(chart.across_frac(tick.time_ns) * WIDTH)} 0v{HEIGHT}"
        for tick in time_ticks(chart.start_ns, chart.end_ns)
    )
    parts.append(f'<path class="grid" d="{grid}"/>')
    if chart.scale.low <= 0 <= chart.scale.high:
        zero = round(chart.scale.down_frac(0.0) * HEIGHT)
        parts.append(f'<path class="zero" d="M0 {zero}h{WIDTH}"/>')
    for g, (group, kept) in enumerate(zip(chart.groups, rows, strict=True)):
        times = [group.times_ns[at] for at in kept]
        columns = [[line.values[at] for at in kept] for line in group.lines]
        if group.shaded and len(columns) > 1:
            parts.append(_shades(chart, times, columns[0], columns[1], group.lines[0].style))
        for n, (line, column) in enumerate(zip(group.lines, columns, strict=True)):
            run = f' data-run="{escape(line.run)}"' if line.run else ""
            parts.append(
                f'<path class="line {escape(line.style)}" data-line="{g}-{n}"{run} '
                f'd="{_path(chart, times, column)}"/>'
            )
    return "".join(parts) + "</svg>"
