"""Smiles for people and programs: tables, one line per chain, JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.market import Smile, Surface, VarianceEvent
from hedgerow.pricing import DeltaRegime, StrikeDeltas
from hedgerow.reporting.figures import clock, plain
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.tables import builtins_of
from hedgerow.units import SECOND_NS, date_utc, format_ns, years_between

__all__ = ["delta_tables", "surface_builtins", "surface_lines", "surface_tables"]

_REGIMES: dict[str, DeltaRegime] = {
    "sticky strike": "sticky_strike",
    "sticky moneyness": "sticky_moneyness",
    "minimum variance": "minimum_variance",
}


def _zero(smile: Smile) -> tuple[float, float]:
    """Vol and skew at the money."""
    zero = np.zeros(())
    return float(smile.vol_frac(zero)), float(smile.skew_frac_per_log(zero))


def _off_venue_bps(smile: Smile) -> float | None:
    """How far the forward lies above the venue's own."""
    if smile.forward_venue_usd is None:
        return None
    return 1e4 * (smile.forward_usd / smile.forward_venue_usd - 1.0)


def surface_builtins(surface: Surface, *, deltas: Sequence[StrikeDeltas] = ()) -> dict[str, Any]:
    """Give what `json.dumps` takes."""
    by_subject = {each.subject: _delta_builtins(each) for each in deltas}
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
                "forward_venue_usd": smile.forward_venue_usd,
                "model": smile.model,
                "vol_at_money_frac": _zero(smile)[0],
                "skew_frac_per_log": _zero(smile)[1],
                "svi": {name: float(value) for name, value in smile.svi._asdict().items()},
                "error_median_volpt": smile.error_median_volpt,
                "error_max_volpt": smile.error_max_volpt,
                "error_mark_volpt": smile.error_mark_volpt,
                "quotes_count": smile.quotes_count,
                "density_g_min_frac": smile.density_g_min_frac,
                "repair": smile.repair,
            }
            | by_subject.get(smile.subject, {})
            for smile in surface.smiles
        ],
        "rejected": builtins_of(surface.rejected),
        "gated": {
            quotes.subject: quotes.gated.counts() for quotes in surface.quotes if quotes.gated.gate
        },
        "events": [
            {
                "time": format_ns(event.time_ns),
                "variance_frac": event.variance_frac,
                "vol_before_frac": before,
                "vol_from_frac": after,
            }
            for event, before, after in _around_events(surface)
        ],
    }


def _delta_builtins(deltas: StrikeDeltas) -> dict[str, Any]:
    unknown = isinstance(deltas.minimum_variance, Failure)
    regimes = [deltas.sticky_strike, deltas.sticky_moneyness]
    if not isinstance(deltas.minimum_variance, Failure):
        regimes.append(deltas.minimum_variance)
    options = deltas.options
    rows = [
        {
            "strike_usd": float(options.strike_usd[at]),
            "right": "call" if options.is_call[at] else "put",
            "vol_frac": float(options.vol_frac[at]),
            "delta_forward_frac": {
                each.regime: float(each.delta_forward_frac[at]) for each in regimes
            },
        }
        for at in range(len(options.is_call))
    ]
    return {"deltas": rows} | (
        {"minimum_variance_unknown": builtins_of(deltas.minimum_variance)} if unknown else {}
    )


def _around_events(surface: Surface) -> list[tuple[VarianceEvent, float | None, float | None]]:
    """Give the vol at the money a second before each event and at it; none where it is past."""
    out: list[tuple[VarianceEvent, float | None, float | None]] = []
    for event in surface.events:
        times = [
            years_between(surface.time_ns, event.time_ns - lead_ns) for lead_ns in (SECOND_NS, 0)
        ]
        if not surface.smiles or times[0] <= 0:
            out.append((event, None, None))
            continue
        before, after = surface.vol_frac(np.zeros(2), np.array(times))
        out.append((event, float(before), float(after)))
    return out


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
                plain(_off_venue_bps(smile), 2, sign=True),
                smile.model,
                plain(100 * vol, 2),
                plain(skew, 3),
                plain(smile.error_median_volpt, 3),
                plain(smile.error_max_volpt, 2),
                plain(smile.error_mark_volpt, 3),
                plain(smile.density_g_min_frac, 4),
                smile.repair,
            )
        )
    head: tuple[Column, ...] = (
        ("Expiry", "", False), ("Life", "days", True), ("Forward", "USD", True),
        ("from", "", False), ("Off venue", "bps", True), ("Model", "", False),
        ("At money", "%", True), ("Skew", "per log", True), ("Error", "median", True),
        ("Error", "max", True), ("Error", "to marks", True), ("Least g", "", True),
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
    parts += _gate_table(surface) + _event_table(surface)
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
            "\nErrors are in vol points against the vols fitted, within 1.5 deviations. "
            "w(k) = a + b (ρ (k - m) + √((k - m)² + s²)) is total variance at k = ln(K/F).",
            style="dim",
        )
    )
    return Group(*parts)


def _gate_table(surface: Surface) -> list[RenderableType]:
    """Set up how many strikes each gate took from each expiry."""
    counts = {each.expiry_ns: each.gated.counts() for each in surface.quotes if each.gated.gate}
    gates = sorted({gate for each in counts.values() for gate in each})
    if not gates:
        return []
    fitted = {each.expiry_ns: len(each.vol_frac) for each in surface.quotes}
    head: list[Column] = [("Expiry", "", False), ("Fitted", "strikes", True)]
    head += [(gate.replace("_", " "), "", True) for gate in gates]
    rows = [
        (
            date_utc(expiry_ns),
            str(fitted[expiry_ns]),
            *(str(taken.get(gate, 0)) for gate in gates),
        )
        for expiry_ns, taken in counts.items()
    ]
    return [Text(), grid("Strikes left out, by the first gate they failed", head, rows)]


def _event_table(surface: Surface) -> list[RenderableType]:
    """Set up the events and what the vol at the money does at each."""
    if not surface.events:
        return []
    head: tuple[Column, ...] = (
        ("Event", "UTC", False), ("Variance", "σ²T", True), ("At money before", "%", True),
        ("from then on", "%", True),
    )  # fmt: skip
    rows = [
        (
            clock(event.time_ns),
            plain(event.variance_frac, 6),
            plain(None if before is None else 100 * before, 2),
            plain(None if after is None else 100 * after, 2),
        )
        for event, before, after in _around_events(surface)
    ]
    return [Text(), grid("Events", head, rows)]


def delta_tables(deltas: Sequence[StrikeDeltas]) -> RenderableType:
    """Set up the deltas of every strike, each column under the regime it belongs to."""
    parts: list[RenderableType] = []
    why = ""
    for each in deltas:
        options = each.options
        regimes = [each.sticky_strike, each.sticky_moneyness]
        if isinstance(each.minimum_variance, Failure):
            why = each.minimum_variance.message
        else:
            regimes.append(each.minimum_variance)
        head: tuple[Column, ...] = (
            ("Strike", "USD", True), ("Right", "", False), ("Vol", "%", True),
            *((regime, "", True) for regime in _REGIMES),
        )  # fmt: skip
        rows = []
        for at in range(len(options.is_call)):
            found = {one.regime: float(one.delta_forward_frac[at]) for one in regimes}
            rows.append(
                (
                    plain(float(options.strike_usd[at]), 0),
                    "call" if options.is_call[at] else "put",
                    plain(100 * float(options.vol_frac[at]), 2),
                    *(plain(found.get(code), 4) for code in _REGIMES.values()),
                )
            )
        parts += [Text(), grid(f"Deltas to the forward, {each.subject}", head, rows)]
    if why:
        parts.append(Text(f"\nThe minimum variance delta is unknown: {why}.", style="dim"))
    return Group(*parts)
