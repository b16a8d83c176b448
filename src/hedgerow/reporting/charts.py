"""One line chart as HTML: an inline SVG that stretches, with its labels and marks as text over it.

The SVG holds only geometry and is stretched to the width of the page; words and numbers are HTML
at percentages of the same box. So a chart reads as well on a phone as on a wide screen, and needs
no script. `page.js` adds the crosshair and lets lines be switched off.
"""

from collections.abc import Sequence
from html import escape

from hedgerow.reporting.axes import Scale, time_ticks
from hedgerow.reporting.drawing import svg
from hedgerow.reporting.figures import clock, plain
from hedgerow.reporting.shapes import Chart, Line, Mark, rows_kept
from hedgerow.units import SECOND_NS

__all__ = ["chart_html"]

_DRAWN_COUNT = 720  # rows drawn per chart, about; a screen shows no more
_LISTED_COUNT = 36  # rows of the table under a chart, about


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


_LANES_MAX = 4
_FIRST_LANES = {"liquidation": 0, "hedge": 1, "transfer": 2}


def _lanes(chart: Chart, clusters: Sequence[Sequence[Mark]]) -> list[int]:
    """Give each label the lowest lane above the plot in which it covers no other."""
    per_sign = 0.0075 if chart.is_wide else 0.016
    lanes = [0] * len(clusters)
    ends: list[list[tuple[float, float]]] = [[] for _ in range(_LANES_MAX)]
    order = sorted(range(len(clusters)), key=lambda n: _FIRST_LANES.get(clusters[n][0].kind, 3))
    for n in order:
        middle = chart.across_frac(clusters[n][0].time_ns)
        half = per_sign * (len(_label(clusters[n])) + 1.2) / 2
        left, right = middle - half, middle + half
        lane = next(
            (k for k, taken in enumerate(ends) if all(right < a or left > b for a, b in taken)),
            _LANES_MAX - 1,
        )
        ends[lane].append((left, right))
        lanes[n] = lane
    return lanes


def _label(cluster: Sequence[Mark]) -> str:
    first = cluster[0].label
    return first if len(cluster) == 1 else f"{first}+{len(cluster) - 1}"


def _marks(chart: Chart, clusters: Sequence[Sequence[Mark]], lanes: Sequence[int]) -> str:
    parts = []
    for cluster, lane in zip(clusters, lanes, strict=True):
        first = cluster[0]
        lines = [mark.title for mark in cluster[:6]]
        if len(cluster) > 6:
            lines.append(f"and {len(cluster) - 6} more")
        title = escape("\n".join(lines))
        run = f' data-run="{escape(first.run)}"' if first.run else ""
        parts.append(
            f'<a class="mark {escape(first.kind)}" href="{escape(first.href)}"{run} '
            f'title="{title}" aria-label="{title}" '
            f'style="left:{_percent(chart.across_frac(first.time_ns))};--lane:{lane}">'
            f"<b>{escape(_label(cluster))}</b></a>"
        )
        # Those that share a label keep their own hairline: each is still where it happened.
        parts += [
            f'<i class="mark {escape(mark.kind)}"{run} '
            f'style="left:{_percent(chart.across_frac(mark.time_ns))}"></i>'
            for mark in cluster[1:]
        ]
    return "".join(parts)


def _legend(chart: Chart) -> str:
    keys = []
    for g, group in enumerate(chart.groups):
        for n, line in enumerate(group.lines):
            run = f' data-run="{escape(line.run)}"' if line.run else ""
            keys.append(
                f'<button type="button" class="key" data-line="{g}-{n}"{run} aria-pressed="true" '
                f'data-absent="{escape(line.absent_text)}">'
                f'<i class="swatch {escape(line.style)}"></i>{escape(line.label)}</button>'
            )
    return f'<div class="legend">{"".join(keys)}</div>'


def _table(chart: Chart) -> str:
    """The same series as a table, thinned further; for those who cannot see or hover."""
    tables = []
    for group in chart.groups:
        kept = rows_kept(group, max(3, _LISTED_COUNT // (2 * len(group.lines))))
        head = "".join(f'<th scope="col">{escape(line.label)}</th>' for line in group.lines)
        body = "".join(
            f'<tr><th scope="row">{clock(group.times_ns[at])}</th>'
            + "".join(
                f"<td>{escape(line.text(at, chart.decimals, chart.suffix))}</td>"
                for line in group.lines
            )
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
    decimals = chart.decimals

    def number(line: Line, at: int) -> str:
        value = line.values[at]
        if value is None:
            return "false" if at in line.absent else "null"
        return f"{value:.{decimals}f}"

    groups = []
    for group, kept in zip(chart.groups, rows, strict=True):
        times = ",".join(str((group.times_ns[at] - chart.start_ns) // SECOND_NS) for at in kept)
        lines = ",".join(
            "[" + ",".join(number(line, at) for at in kept) + "]" for line in group.lines
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
        rows_kept(
            group,
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
    clusters = _joined(chart, chart.marks)
    lanes = _lanes(chart, clusters)
    return (
        f'<figure class="chart{size}" id="{chart.chart_id}"{run} '
        f'data-suffix="{escape(chart.suffix)}">'
        f"<figcaption><h4>{escape(chart.title)} <small>{escape(chart.unit)}</small></h4>"
        f"{_legend(chart)}</figcaption>"
        f'<div class="box" style="--lanes:{max(lanes, default=0) + 1}">'
        f'<div class="ys">{ticks}</div>'
        f'<div class="plot" tabindex="0" role="group" aria-label="{escape(chart.title)}: '
        'arrow keys read values">'
        f"{svg(chart, rows)}{_spans(chart)}{_marks(chart, clusters, lanes)}"
        f'<div class="cross"></div></div><div class="xs">{times}</div></div>'
        f"{_table(chart)}{_data(chart, rows)}</figure>\n"
    )
