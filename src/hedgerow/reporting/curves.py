"""Lines over a price as one SVG file: panels below each other, one axis across for all of them."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple, TypeAlias

from hedgerow.reporting.axes import Scale, scale_for
from hedgerow.reporting.figures import plain
from hedgerow.reporting.svg_text import lines_of, rows_of, text_lines

__all__ = ["Curve", "Panel", "curves_svg"]

_WIDTH, _HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 20, 46, 34
_HEAD = 40
_COLOURS = ("#0b63b0", "#d2691e", "#2e7d32", "#8e24aa", "#00838f", "#b71c1c", "#6d4c41", "#455a64")
# Once every colour is taken lines are dashed, and their names say so.
_DASHES = ("", ' stroke-dasharray="7 3"', ' stroke-dasharray="2 3"')
_STROKES = ("", "- - ", "··· ")
_ROOM, _KEY_STEP = _WIDTH - _LEFT - _RIGHT, 16
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600}.h{font-size:15px;"
    "font-weight:600}.e{fill:#777}.g{stroke:#e4e4e4}.z{stroke:#bbb}.m{stroke:#999;"
    "stroke-dasharray:3 4}polyline{fill:none;stroke-width:1.8}"
)
_Place: TypeAlias = Callable[[float], float]
_DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


# Drawing shapes are tuples, not records: their unit is that of whatever is drawn.
class Curve(NamedTuple):
    """One line; where its value is not known the pen is lifted."""

    label: str
    values: Sequence[float | None]


class Panel(NamedTuple):
    """One plot: lines over the same points across."""

    title: str
    unit: str
    curves: Sequence[Curve]


def curves_svg(
    heading: str,
    values_across: Sequence[float],
    across_title: str,
    panels: Sequence[Panel],
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    """Draw panels over the points of `values_across`; marks are dashed lines with a word."""
    wide = _scaled(values_across)
    title = lines_of(heading, _WIDTH - 24, 15.0)
    down = _HEAD + 20 * (len(title) - 1)
    parts = [text_lines(title, 12, 26, step_px=20, style="h")]
    for panel in panels:
        places = rows_of([f"···· {each.label}" for each in panel.curves], _ROOM, 12.0, 14.0)
        keys_px = _KEY_STEP * max((row for _, row in places), default=0)
        body = _panel(panel, values_across, wide, across_title, marks, places, keys_px)
        parts.append(f'<g transform="translate(0 {down})">{body}</g>')
        down += _HEIGHT + keys_px
    height = down
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img"><title>{escape(heading)}</title>'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}</svg>\n"
    )


class _Axis(NamedTuple):
    """A scale, and the power of a thousand that its numbers are divided by."""

    scale: Scale
    power: int

    def frac(self, value: float) -> float:
        """Where a value lies, from 0 at its low end to 1 at its high end."""
        return 1.0 - self.scale.down_frac(value / 10.0**self.power)

    def text(self, tick: float) -> str:
        """Write a tick."""
        return plain(tick, self.scale.decimals)

    @property
    def unit(self) -> str:
        """What to say before the unit: nothing, or a power of ten."""
        return f"10{str(self.power).translate(_DIGITS)} " if self.power else ""


def _scaled(values: Sequence[float | None]) -> _Axis:
    """Choose an axis; a line of tiny or huge numbers is drawn in a power of a thousand."""
    known = [value for value in values if value is not None]
    largest = max((abs(value) for value in known), default=0.0)
    power = 0
    if largest > 0.0 and not 1e-2 <= largest < 1e7:
        power = 3 * math.floor(math.log10(largest) / 3)
    return _Axis(scale_for([v / 10.0**power for v in known], with_zero=False), power)


def _panel(
    panel: Panel,
    values_across: Sequence[float],
    wide: _Axis,
    across_title: str,
    marks: Sequence[tuple[float, str]],
    places: Sequence[tuple[float, int]],
    keys_px: int,
) -> str:
    up = _scaled([value for curve in panel.curves for value in curve.values])
    top, bottom, right = _TOP + keys_px, _HEIGHT + keys_px - _BOTTOM, _WIDTH - _RIGHT

    def x(value: float) -> float:
        return _LEFT + wide.frac(value) * (right - _LEFT)

    def y(value: float) -> float:
        return bottom - up.frac(value) * (bottom - top)

    parts = [
        f'<text class="t" x="{_LEFT}" y="16">{escape(panel.title)} '
        f'<tspan class="e">{escape(up.unit + panel.unit)}</tspan></text>',
        f'<text class="e" text-anchor="end" x="{right}" y="{bottom + 30}">'
        f"{escape(wide.unit + across_title)}</text>",
    ]
    for tick in up.scale.ticks:
        down = y(tick * 10.0**up.power)
        parts.append(
            f'<line class="{"z" if tick == 0 else "g"}" x1="{_LEFT}" x2="{right}" '
            f'y1="{down:.1f}" y2="{down:.1f}"/><text text-anchor="end" x="{_LEFT - 6}" '
            f'y="{down + 4:.1f}">{up.text(tick)}</text>'
        )
    for tick in wide.scale.ticks:
        left = x(tick * 10.0**wide.power)
        parts.append(
            f'<line class="g" x1="{left:.1f}" x2="{left:.1f}" y1="{top}" y2="{bottom}"/>'
            f'<text text-anchor="middle" x="{left:.1f}" y="{bottom + 16}">{wide.text(tick)}</text>'
        )
    for n, (at, word) in enumerate(marks):
        left = x(at)
        if _LEFT <= left <= right:
            parts.append(
                f'<line class="m" x1="{left:.1f}" x2="{left:.1f}" y1="{top}" y2="{bottom}"/>'
                f'<text class="e" x="{left + 4:.1f}" y="{top + 10 + 14 * n}">{escape(word)}</text>'
            )
    for n, curve in enumerate(panel.curves):
        colour = _COLOURS[n % len(_COLOURS)]
        dashes = _DASHES[n // len(_COLOURS) % len(_DASHES)]
        parts += [
            f'<polyline stroke="{colour}"{dashes} points="{points}"/>'
            for points in _runs(curve.values, values_across, x, y)
        ]
        if len(panel.curves) > 1:
            left, row = places[n]
            parts.append(
                f'<text x="{_LEFT + left:g}" y="{34 + _KEY_STEP * row}" style="fill:{colour}">'
                f"{_STROKES[n // len(_COLOURS) % len(_DASHES)]}{escape(curve.label)}</text>"
            )
    return "".join(parts)


def _runs(
    values: Sequence[float | None], values_across: Sequence[float], x: _Place, y: _Place
) -> list[str]:
    """Give the points of each unbroken piece of a line."""
    runs: list[list[str]] = [[]]
    for at, value in zip(values_across, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{x(at):.1f},{y(value):.1f}")
    return [" ".join(run) for run in runs if run]
