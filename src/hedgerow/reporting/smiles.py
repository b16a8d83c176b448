"""Smiles for people and programs: tables, one line per chain, JSON, and a drawing as one SVG file.

The charts of the page draw values over time; a smile has log-moneyness below it, so its drawing is
its own: one small panel per expiry, quotes as dots and the fit as a line.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.market import ChainColumns, Smile, SmileQuotes, Surface, near_money, smile_quotes
from hedgerow.market.svi import Floats, total_variance
from hedgerow.reporting.axes import Scale, scale_for
from hedgerow.reporting.figures import clock, plain
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.tables import builtins_of
from hedgerow.units import date_utc, format_ns

__all__ = ["smiles_svg", "surface_builtins", "surface_lines", "surface_tables"]

_COLUMNS_COUNT = 4
_WIDTH, _HEIGHT = 300, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 40, 26
_DRAWN_DEVIATIONS = 3.5
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#333}.t{font-weight:600}.h{font-size:15px;"
    "font-weight:600}.e{fill:#777}.g{stroke:#e4e4e4}.z{stroke:#bbb}.f{fill:none;stroke:#0b63b0;"
    "stroke-width:1.6}.q{fill:#d2691e;fill-opacity:.75}.o{fill:#bbb}"
)


def _zero(smile: Smile) -> tuple[float, float]:
    """Vol and skew at the money."""
    zero = np.zeros(())
    return float(smile.vol_frac(zero)), float(smile.skew_frac_per_log(zero))


def surface_builtins(surface: Surface) -> dict[str, Any]:
    """Give what `json.dumps` takes."""
    return {
        "underlying": surface.underlying,
        "time": format_ns(surface.time_ns),
        "smiles": [
            {
                "subject": smile.subject,
                "expiry": format_ns(smile.expiry_ns),
                "expiry_years": smile.expiry_years,
                "forward_usd": smile.forward_usd,
                "forward_source": smile.forward_source,
                "vol_at_money_frac": _zero(smile)[0],
                "skew_frac_per_log": _zero(smile)[1],
                "svi": {name: float(value) for name, value in smile.svi._asdict().items()},
                "error_median_volpt": smile.error_median_volpt,
                "error_max_volpt": smile.error_max_volpt,
                "quotes_count": smile.quotes_count,
                "density_g_min_frac": smile.density_g_min_frac,
                "repair": smile.repair,
            }
            for smile in surface.smiles
        ],
        "rejected": builtins_of(surface.rejected),
    }


def surface_lines(surface: Surface) -> str:
    """Write one line for a chain, and one for each slice that was not accepted."""
    errors = [smile.error_median_volpt for smile in surface.smiles]
    worst = f", errors to {max(errors):.2f} vol points" if errors else ""
    asked = len(surface.smiles) + len(surface.rejected)
    head = (
        f"{clock(surface.time_ns)} {surface.underlying}  "
        f"{len(surface.smiles)} of {asked} accepted{worst}"
    )
    return "\n".join(
        [
            head,
            *(
                f"    {each.subject}: {each.reason.replace('_', ' ')}: {each.message}"
                for each in surface.rejected
            ),
        ]
    )


def surface_tables(surface: Surface) -> RenderableType:
    """Set up the slices of one chain, and below them those rejected."""
    rows = []
    for smile in surface.smiles:
        vol, skew = _zero(smile)
        rows.append(
            (
                date_utc(smile.expiry_ns),
                plain(smile.expiry_years * 365, 1),
                plain(smile.forward_usd, 2),
                smile.forward_source,
                plain(100 * vol, 2),
                plain(skew, 3),
                plain(smile.error_median_volpt, 3),
                plain(smile.error_max_volpt, 2),
                plain(smile.density_g_min_frac, 4),
                smile.repair,
            )
        )
    head: tuple[Column, ...] = (
        ("Expiry", "", False), ("Life", "days", True), ("Forward", "USD", True),
        ("from", "", False), ("At money", "%", True), ("Skew", "per log", True),
        ("Error", "median", True), ("Error", "max", True), ("Least g", "", True),
        ("Repair", "", False),
    )  # fmt: skip
    parts: list[RenderableType] = [
        grid(f"{surface.underlying}, {clock(surface.time_ns)} UTC", head, rows),
        Text(),
        grid(
            "Parameters",
            (("Expiry", "", False), *((name, "", True) for name in ("a", "b", "ρ", "m", "s"))),
            [
                (date_utc(each.expiry_ns), *(plain(float(one), 6) for one in each.svi))
                for each in surface.smiles
            ],
        ),
    ]
    if surface.rejected:
        parts += [
            Text(),
            grid(
                "Rejected",
                (("What", "", False), ("Reason", "", False), ("Message", "", False)),
                [(f.subject, f.reason.replace("_", " "), f.message) for f in surface.rejected],
            ),
        ]
    parts.append(
        Text(
            "\nErrors are in vol points against the chain's vols, within 1.5 deviations. "
            "w(k) = a + b (ρ (k - m) + √((k - m)² + s²)) is total variance at k = ln(K/F).",
            style="dim",
        )
    )
    return Group(*parts)


def smiles_svg(pairs: Sequence[tuple[ChainColumns, Surface]]) -> str:
    """Draw every expiry of some chains, rejected ones by their quotes alone."""
    parts: list[str] = []
    top = 0
    for chain, surface in pairs:
        fits = {smile.expiry_ns: smile for smile in surface.smiles}
        reasons = {each.subject: each.reason for each in surface.rejected}
        drawn = [each for each in smile_quotes(chain) if isinstance(each, SmileQuotes)]
        title = f"{surface.underlying}, {clock(surface.time_ns)} UTC"
        parts.append(
            f'<text class="h" x="12" y="{top + 24}">{escape(title)}</text>'
            f'<text class="e" x="{_WIDTH + _LEFT}" y="{top + 24}">vol over ln(K/F); line: fit; '
            "orange: quotes within 1.5 deviations, which the error counts; grey: the others</text>"
        )
        for n, quotes in enumerate(drawn):
            x = (n % _COLUMNS_COUNT) * _WIDTH
            y = top + 34 + (n // _COLUMNS_COUNT) * _HEIGHT
            panel = _panel(quotes, fits.get(quotes.expiry_ns), reasons.get(quotes.subject, ""))
            parts.append(f'<g transform="translate({x} {y})">{panel}</g>')
        top += 34 + -(-len(drawn) // _COLUMNS_COUNT) * _HEIGHT
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
    across = scale_for(k, with_zero=True, ticks_count=4)
    curve_k: Floats = np.linspace(k.min(), k.max(), 121)
    curve = np.zeros(0)
    if smile is not None:
        w = total_variance(smile.svi, curve_k)
        curve = 100.0 * np.sqrt(w / smile.expiry_years)
    up = scale_for([*vol, *curve], with_zero=False, ticks_count=4)
    counts = near_money(quotes.moneyness_log, quotes.vol_frac, quotes.expiry_years)[near]
    dots = "".join(
        f'<circle class="{"q" if is_near else "o"}" cx="{_x(one, across):.1f}" '
        f'cy="{_y(level, up):.1f}" r="2.2"/>'
        for one, level, is_near in zip(k, vol, counts, strict=True)
    )
    line = ""
    if smile is not None:
        points = " ".join(
            f"{_x(one, across):.1f},{_y(level, up):.1f}"
            for one, level in zip(curve_k, curve, strict=True)
        )
        line = f'<polyline class="f" points="{points}"/>'
        note = f"error {smile.error_median_volpt:.2f} vol points"
    else:
        note = f"rejected: {reason.replace('_', ' ')}"
    life = f"{date_utc(quotes.expiry_ns)}, {quotes.expiry_years * 365:.1f} days"
    return (
        f'<text class="t" x="{_LEFT}" y="16">{escape(life)}</text>'
        f'<text class="e" x="{_LEFT}" y="31">{escape(note)}</text>{_axes(across, up)}{dots}{line}'
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
            f"{plain(tick, up.decimals)}%</text>"
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
