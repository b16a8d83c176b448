"""One line chart as HTML: an inline SVG that stretches, with its labels and marks as text over it.

The SVG holds only geometry and is stretched to the width of the page; words and numbers are HTML
at percentages of the same box. So a chart reads as well on a phone as on a wide screen, and needs
no script. `page.js` adds the crosshair and lets lines be switched off.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from hedgerow.reporting.axes import Scale, time_ticks
from hedgerow.reporting.figures import UNKNOWN, clock, plain
from hedgerow.reporting.thin import thin
from hedgerow.units import SECOND_NS

__all__ = ["Chart", "Group", "Line", "Mark", "Span", "chart_html", "spans_where"]

WIDTH, HEIGHT = 10_000, 1_000  # of the drawing, in its own units; integers keep the file small
_DRAWN_COUNT = 720  # rows drawn per chart, about; a screen shows no more
_LISTED_COUNT = 36  # rows of the table under a chart, about


class Line(NamedTuple):
    """One series. `style` is a class of page.css; `run` says which episode it belongs to."""

    label: str
    style: str
    values: tuple[float | None, ...]
    run: str = ""


class Group(NamedTuple):
    """Lines that share their times. `shaded` fills the gap between the first two."""

    times_ns: tuple[int, ...]
    lines: tuple[Line, ...]
    shaded: bool = False


class Mark(NamedTuple):
    """Something that happened: a numbered label above the plot and a hairline through it."""

    time_ns: int
    kind: str
    label: str
    title: str
    href: str
    run: str = ""


class Span(NamedTuple):
    """A stretch of time of which something is said instead of drawn."""

    start_ns: int
    end_ns: int
    kind: str
    label: str


class Chart(NamedTuple):
    """A chart, not yet drawn. `suffix` follows every value where it is read, such as `` %``."""

    chart_id: str
    title: str
    unit: str
    description: str
    start_ns: int
    end_ns: int
    scale: Scale
    groups: tuple[Group, ...]
    marks: tuple[Mark, ...] = ()
    spans: tuple[Span, ...] = ()
    suffix: str = ""
    run: str = ""
    is_wide: bool = False

    def across_frac(self, time_ns: int) -> float:
        """Where a time lies, from 0 at the left to 1 at the right."""
        return (time_ns - self.start_ns) / max(self.end_ns - self.start_ns, 1)


def spans_where(
    times_ns: Sequence[int], flags: Sequence[bool], kind: str, label: str
) -> tuple[Span, ...]:
    """Spans over every stretch of flagged rows, reaching to the rows beside it."""
    spans: list[Span] = []
    last = len(times_ns) - 1
    for at, flag in enumerate(flags):
        if not flag:
            continue
        start_ns, end_ns = times_ns[max(at - 1, 0)], times_ns[min(at + 1, last)]
        if spans and start_ns <= spans[-1].end_ns:
            start_ns = spans.pop().start_ns
        spans.append(Span(start_ns, end_ns, kind, label))
    return tuple(spans)


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


def _axis_text(value: float, scale: Scale) -> str:
    largest = max(abs(scale.low), abs(scale.high))
    step = scale.ticks[1] - scale.ticks[0]
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if largest >= size and step >= size / 100:
            steps = step / size
            decimals = next((d for d in range(4) if abs(round(steps, d) - steps) < 1e-9), 3)
            return plain(value / size, decimals) + (letter if value else "")
    return plain(value, scale.decimals)


def _percent(frac: float) -> str:
    return f"{frac * 100:.2f}%"


def _svg(chart: Chart, rows: Sequence[tuple[int, ...]]) -> str:
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


def _spans(chart: Chart) -> str:
    parts = []
    for span in chart.spans:
        left, right = chart.across_frac(span.start_ns), chart.across_frac(span.end_ns)
        text = f"{span.label}: {clock(span.start_ns)} to {clock(span.end_ns)} UTC"
        # Words only where they fit; the title says it everywhere.
        fits = right - left > (0.006 if chart.is_wide else 0.0115) * len(span.label)
        words = f"<span>{escape(span.label)}</span>" if fits else ""
        parts.append(
            f'<div class="span {escape(span.kind)}" title="{escape(text)}" '
            f'style="left:{_percent(left)};width:{_percent(max(right - left, 0.0015))}">'
            f"{words}</div>"
        )
    return "".join(parts)


def _joined(chart: Chart, marks: Sequence[Mark]) -> list[list[Mark]]:
    """Gather marks of one kind that would print over each other."""
    gap = 0.035 if chart.is_wide else 0.08
    clusters: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda each: (each.kind, each.run, each.time_ns)):
        begun = clusters[-1][0] if clusters else None
        if (
            begun is not None
            and (begun.kind, begun.run) == (mark.kind, mark.run)
            and chart.across_frac(mark.time_ns) - chart.across_frac(begun.time_ns) < gap
        ):
            clusters[-1].append(mark)
        else:
            clusters.append([mark])
    return sorted(clusters, key=lambda each: each[0].time_ns)


def _marks(chart: Chart) -> str:
    parts = []
    for cluster in _joined(chart, chart.marks):
        first = cluster[0]
        label = first.label if len(cluster) == 1 else f"{first.label}+{len(cluster) - 1}"
        lines = [mark.title for mark in cluster[:6]]
        if len(cluster) > 6:
            lines.append(f"and {len(cluster) - 6} more")
        title = escape("\n".join(lines))
        run = f' data-run="{escape(first.run)}"' if first.run else ""
        parts.append(
            f'<a class="mark {escape(first.kind)}" href="{escape(first.href)}"{run} '
            f'title="{title}" aria-label="{title}" '
            f'style="left:{_percent(chart.across_frac(first.time_ns))}"><b>{escape(label)}</b></a>'
        )
    return "".join(parts)


def _legend(chart: Chart) -> str:
    keys = []
    for g, group in enumerate(chart.groups):
        for n, line in enumerate(group.lines):
            run = f' data-run="{escape(line.run)}"' if line.run else ""
            keys.append(
                f'<button type="button" class="key" data-line="{g}-{n}"{run} aria-pressed="true">'
                f'<i class="swatch {escape(line.style)}"></i>{escape(line.label)}</button>'
            )
    return f'<div class="legend">{"".join(keys)}</div>'


def _value(chart: Chart, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return plain(value, chart.scale.decimals + 1) + chart.suffix


def _table(chart: Chart) -> str:
    """The same series as a table, thinned further; for those who cannot see or hover."""
    tables = []
    for group in chart.groups:
        columns = [line.values for line in group.lines]
        kept = thin(columns, max(3, _LISTED_COUNT // (2 * len(columns))))
        head = "".join(f'<th scope="col">{escape(line.label)}</th>' for line in group.lines)
        body = "".join(
            f'<tr><th scope="row">{clock(group.times_ns[at])}</th>'
            + "".join(f"<td>{_value(chart, column[at])}</td>" for column in columns)
            + "</tr>"
            for at in kept
        )
        tables.append(
            f"<p>{len(kept)} of {len(group.times_ns)} frames, lowest and highest included.</p>"
            f'<div class="scroll"><table><thead><tr><th scope="col">UTC</th>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )
    return f"<details><summary>as a table</summary>{''.join(tables)}</details>"


def _data(chart: Chart, rows: Sequence[tuple[int, ...]]) -> str:
    """What the crosshair reads, as JSON inside the page. `<` never appears in it."""
    decimals = chart.scale.decimals + 1

    def number(value: float | None) -> str:
        return "null" if value is None else f"{value:.{decimals}f}"

    groups = []
    for group, kept in zip(chart.groups, rows, strict=True):
        times = ",".join(str((group.times_ns[at] - chart.start_ns) // SECOND_NS) for at in kept)
        lines = ",".join(
            "[" + ",".join(number(line.values[at]) for at in kept) + "]" for line in group.lines
        )
        groups.append(f'{{"t":[{times}],"v":[{lines}]}}')
    length_s = (chart.end_ns - chart.start_ns) / SECOND_NS
    return (
        '<script type="application/json">'
        f'{{"start":{chart.start_ns // SECOND_NS},"length":{length_s:.0f},"decimals":{decimals},'
        f'"groups":[{",".join(groups)}]}}</script>'
    )


def chart_html(chart: Chart) -> str:
    """Draw a chart: heading, legend, plot, a table of the same numbers, and data for the script."""
    rows = [
        thin(
            [line.values for line in group.lines],
            max(40, _DRAWN_COUNT // (2 * len(group.lines) * len(chart.groups))),
        )
        for group in chart.groups
    ]
    ticks = "".join(
        f'<span style="top:{_percent(chart.scale.down_frac(tick))}">'
        f"{_axis_text(tick, chart.scale)}{chart.suffix}</span>"
        for tick in chart.scale.ticks
    )
    times = "".join(
        f'<span class="{"major" if tick.is_major else "minor"}" '
        f'style="left:{_percent(chart.across_frac(tick.time_ns))}">{tick.label}</span>'
        for tick in time_ticks(chart.start_ns, chart.end_ns)
    )
    run = f' data-run="{escape(chart.run)}"' if chart.run else ""
    size = " wide" if chart.is_wide else ""
    return (
        f'<figure class="chart{size}" id="{chart.chart_id}"{run} '
        f'data-suffix="{escape(chart.suffix)}">'
        f"<figcaption><h4>{escape(chart.title)} <small>{escape(chart.unit)}</small></h4>"
        f"{_legend(chart)}</figcaption>"
        f'<div class="box"><div class="ys">{ticks}</div>'
        f'<div class="plot" tabindex="0" aria-label="{escape(chart.title)}: '
        'arrow keys read values">'
        f"{_svg(chart, rows)}{_spans(chart)}{_marks(chart)}"
        f'<div class="cross"></div></div><div class="xs">{times}</div></div>'
        f"{_table(chart)}{_data(chart, rows)}</figure>\n"
    )
