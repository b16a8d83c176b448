"""Smiles drawn as one SVG file.

The charts of the page draw values over time; a smile has log-moneyness below it, so its drawing is
its own: one small panel per expiry, quotes as dots, strikes left out as crosses, the fit as a line.
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from hedgerow.market import Smile, SmileQuotes, Surface, near_money
from hedgerow.market.svi import Floats, total_variance
from hedgerow.reporting.axes import Scale, scale_for
from hedgerow.reporting.figures import clock, plain
from hedgerow.reporting.svg_text import lines_of, text_lines
from hedgerow.units import date_utc

__all__ = ["smiles_svg"]

_COLUMNS_COUNT = 4
_WIDTH, _HEIGHT = 300, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 40, 26
_DRAWN_DEVIATIONS = 3.5
_LEGEND = (
    "Vol over ln(K/F). Line: fit; orange: quotes within 1.5 deviations, which the error counts; "
    "grey: the others; crosses: marks of strikes a gate left out; green dashes: eSSVI."
)
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#333}.t{font-weight:600}.h{font-size:15px;"
    "font-weight:600}.e{fill:#777}.g{stroke:#e4e4e4}.z{stroke:#bbb}.f{fill:none;stroke:#0b63b0;"
    "stroke-width:1.6}.q{fill:#d2691e;fill-opacity:.75}.o{fill:#bbb}"
    ".x{stroke:#b00020;stroke-width:1.2;fill:none}.s{stroke:#2e7d32;stroke-dasharray:5 3}"
    ".r{fill:#b00020}"
)


def smiles_svg(surfaces: Sequence[Surface]) -> str:
    """Draw every expiry of some chains, rejected ones by their quotes alone."""
    parts: list[str] = []
    top = 0
    for surface in surfaces:
        fits = {smile.expiry_ns: smile for smile in surface.smiles}
        reasons = {each.subject: each.reason for each in surface.rejected}
        drawn = surface.quotes
        title = f"{surface.underlying}, {clock(surface.time_ns)} UTC"
        legend = lines_of(_LEGEND, _COLUMNS_COUNT * _WIDTH - 24, 11.0)
        head = 34 + 15 * len(legend)
        parts.append(
            f'<text class="h" x="12" y="{top + 24}">{escape(title)}</text>'
            + text_lines(legend, 12, top + 42, step_px=15, style="e")
        )
        for n, quotes in enumerate(drawn):
            x = (n % _COLUMNS_COUNT) * _WIDTH
            y = top + head + (n // _COLUMNS_COUNT) * _HEIGHT
            panel = _panel(quotes, fits.get(quotes.expiry_ns), reasons.get(quotes.subject, ""))
            parts.append(f'<g transform="translate({x} {y})">{panel}</g>')
        top += head + -(-len(drawn) // _COLUMNS_COUNT) * _HEIGHT
    width = _COLUMNS_COUNT * _WIDTH
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" '
        f'height="{top}" role="img"><title>Smiles: vol in percent over ln(K/F)</title>'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _panel(quotes: SmileQuotes, smile: Smile | None, reason: str) -> str:
    deviations = quotes.moneyness_log / (quotes.vol_frac * np.sqrt(quotes.expiry_years))
    near = np.abs(deviations) <= _DRAWN_DEVIATIONS
    if not near.any():
        near = np.ones(len(deviations), dtype=np.bool_)
    k, vol = quotes.moneyness_log[near], 100.0 * quotes.vol_frac[near]
    gated = quotes.gated
    with np.errstate(invalid="ignore"):
        reach = _DRAWN_DEVIATIONS * gated.vol_mark_frac * np.sqrt(quotes.expiry_years)
        shown = np.abs(gated.moneyness_log) <= reach
    left_k, left = gated.moneyness_log[shown], 100.0 * gated.vol_mark_frac[shown]
    across = scale_for([*k, *left_k], with_zero=True, ticks_count=4)
    curve_k: Floats = np.linspace(k.min(), k.max(), 121)
    curve = np.zeros(0)
    if smile is not None:
        w = total_variance(smile.svi, curve_k)
        curve = 100.0 * np.sqrt(w / smile.expiry_years)
    up = scale_for([*vol, *curve, *left], with_zero=False, ticks_count=4)
    counts = near_money(quotes.moneyness_log, quotes.vol_frac, quotes.expiry_years)[near]
    dots = "".join(
        f'<circle class="{"q" if is_near else "o"}" cx="{_x(one, across):.1f}" '
        f'cy="{_y(level, up):.1f}" r="2.2"/>'
        for one, level, is_near in zip(k, vol, counts, strict=True)
    )
    dots += "".join(
        f'<path class="x" d="M{_x(one, across) - 2.5:.1f} {_y(level, up) - 2.5:.1f}l5 5m0-5l-5 5"/>'
        for one, level in zip(left_k, left, strict=True)
    )
    line, style = "", "e"
    if smile is not None:
        points = " ".join(
            f"{_x(one, across):.1f},{_y(level, up):.1f}"
            for one, level in zip(curve_k, curve, strict=True)
        )
        kind = "f" if smile.model == "svi" else "f s"
        line = f'<polyline class="{kind}" points="{points}"/>'
        note = f"{smile.model}, error {smile.error_median_volpt:.2f} vol points"
    else:
        note, style = f"rejected: {reason.replace('_', ' ')}", "r"
    life = f"{date_utc(quotes.expiry_ns)}, {quotes.expiry_years * 365:.1f} days"
    return (
        f'<text class="t" x="{_LEFT}" y="16">{escape(life)}</text>'
        f'<text class="{style}" x="{_LEFT}" y="31">{escape(note)}</text>'
        f"{_axes(across, up)}{dots}{line}"
    )


def _x(value: float, scale: Scale) -> float:
    return _LEFT + (1.0 - scale.down_frac(value)) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, scale: Scale) -> float:
    return _TOP + scale.down_frac(value) * (_HEIGHT - _TOP - _BOTTOM)


def _axes(across: Scale, up: Scale) -> str:
    bottom = _HEIGHT - _BOTTOM
    parts = []
    for tick in up.ticks:
        y = _y(tick, up)
        parts.append(
            f'<line class="g" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text text-anchor="end" x="{_LEFT - 5}" y="{y + 4:.1f}">'
            f"{plain(tick, up.decimals)} %</text>"
        )
    for tick in across.ticks:
        x = _x(tick, across)
        style = "z" if tick == 0 else "g"
        parts.append(
            f'<line class="{style}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>'
            f'<text text-anchor="middle" x="{x:.1f}" y="{bottom + 15}">'
            f"{plain(tick, across.decimals, sign=tick != 0)}</text>"
        )
    return "".join(parts)
