"""What gamma earns against theta, as tables for the terminal and a drawing."""

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.hedging.structures import ScalpOutlook, ScalpRow, break_even_move_frac
from hedgerow.pricing import GREEKS, DollarGreeks
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import percent, plain, usd, usd_all
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid

__all__ = ["ScalpLeg", "ScalpShown", "scalp_svg", "scalp_tables"]

_HEAD: tuple[Column, ...] = (("Figure", "", False), ("Value", "", True), ("Remark", "", False))
_NAMES = [name for name, each in GREEKS.items() if each.title in ("Gamma", "Theta", "Vega")]
_LEGS: tuple[Column, ...] = (
    ("Option", "", False), ("Coins", "", True), ("Vol", "", True),
    *((GREEKS[name].title, GREEKS[name].unit, True) for name in _NAMES),
    ("Entry", "USD", True),
)  # fmt: skip
_ROWS: tuple[Column, ...] = (
    ("Realised", "", True), ("Gamma", "USD", True), ("Theta", "USD", True),
    ("Hedges", "USD", True), ("Entry", "USD", True), ("Expected", "USD", True),
    ("One deviation", "USD", True),
)  # fmt: skip
_REMARKS = {"Vega": "; not hedged here"}
_NOTE = (
    "Received is positive. Gamma is taken to stay what it is today, vols to stay where they are, "
    "and the delta to be hedged at every interval and at no other time; the deviation is of the "
    "gamma line, from moves nobody saw between two hedges. Funding of the hedge is not counted."
)


class ScalpLeg(DollarGreeks, frozen=True, kw_only=True):
    """One option got into, all of it; `entry_usd` is None where nobody quotes that side."""

    name: str
    quantity_coin: float
    vol_frac: float
    entry_usd: float | None


class ScalpShown(DollarGreeks, frozen=True, kw_only=True):
    """What is scalped, and what is expected of it; `legs` are empty where it is held already.

    `entry_usd` is None where some of it is not known: it is then left out of every figure.
    """

    subject: str
    coin: str
    hedge_hours: float
    cost_frac: float
    entry_usd: float | None
    legs: tuple[ScalpLeg, ...]
    outlook: ScalpOutlook
    unknown: tuple[Failure, ...] = ()


def scalp_tables(shown: ScalpShown) -> RenderableType:
    """The legs, what breaks even, and one row for each vol that may come."""
    found = shown.outlook
    parts = headed(
        f"Gamma of {shown.subject}, hedged every {shown.hedge_hours:g} h for "
        f"{found.horizon_days:g} d at {percent(shown.cost_frac, 3)} of what is traded"
    )
    if shown.legs:
        legs = [
            (leg.name, plain(leg.quantity_coin, 2, sign=True), percent(leg.vol_frac),
             *(usd(getattr(leg, name)) for name in _NAMES), usd(leg.entry_usd))
            for leg in shown.legs
        ]  # fmt: skip
        parts += [grid("Got into", _LEGS, legs), Text()]
    parts += [
        grid("What breaks even", _HEAD, _figures(shown)),
        Text(),
        grid("Expected at a realised vol", _ROWS, _rows(shown)),
        Text(),
        note(_NOTE),
    ]
    return Group(*parts, *troubles("Unknown, and left out", shown.unknown))


def scalp_svg(shown: ScalpShown, rows: tuple[ScalpRow, ...]) -> str:
    """Draw what is expected over the vol that is realised, a deviation to either side of it."""
    vols = [100.0 * row.vol_realised_frac for row in rows]
    at = np.array([row.expected_usd for row in rows])
    around = np.array([row.deviation_usd for row in rows])
    curves = [
        Curve("expected", at.tolist()),
        Curve("a deviation more", (at + around).tolist()),
        Curve("a deviation less", (at - around).tolist()),
        Curve("theta alone", [row.theta_usd for row in rows]),
    ]
    found = shown.outlook
    marks = [
        (100.0 * vol, word)
        for vol, word in (
            (found.vol_break_even_frac, "pays for theta"),
            (found.vol_paid_frac,
             "pays for hedges, entry unknown" if shown.entry_usd is None else "pays for all"),
        )
        if vol is not None
    ]  # fmt: skip
    return curves_svg(
        f"Gamma of {shown.subject}",
        vols,
        "vol realised, % a year",
        [Panel(f"Expected over {found.horizon_days:g} days", "USD", curves)],
        marks=marks,
    )


def _figures(shown: ScalpShown) -> list[tuple[str, str, str]]:
    found = shown.outlook
    curved = found.gamma_coin_per_usd * found.price_usd**2
    side = "above" if curved > 0.0 else "below"
    gains = f"the book gains {side} it" if curved else "there is no gamma"
    vol = found.vol_break_even_frac
    day_years = 1.0 / 365.0
    move = None
    if vol is not None:
        move = break_even_move_frac(vol_implied_frac=vol, elapsed_years=day_years)
    return [
        *((GREEKS[name].title, usd(getattr(shown, name)),
           GREEKS[name].unit + _REMARKS.get(GREEKS[name].title, "")) for name in _NAMES),
        ("Vol that pays for theta", _or_none(vol), gains),
        ("Move of a day that does", _or_none(move, 2), "one deviation of that vol"),
        ("Vol that pays for all", _or_none(found.vol_paid_frac),
         "hedges paid too" if not shown.legs
         else "hedges and entry paid too" if shown.entry_usd is not None
         else "hedges paid too; entry is unknown and left out"),
        ("Hedges", plain(found.rebalances_count, 0), "within the time"),
    ]  # fmt: skip


def _or_none(value_frac: float | None, decimals: int = 1) -> str:
    return "none" if value_frac is None else percent(value_frac, decimals)


def _rows(shown: ScalpShown) -> list[tuple[str, ...]]:
    found = shown.outlook.rows
    is_known = shown.entry_usd is not None
    columns = [
        [percent(row.vol_realised_frac) for row in found],
        usd_all([row.gamma_usd for row in found]),
        usd_all([row.theta_usd for row in found]),
        usd_all([row.hedging_usd + 0.0 for row in found]),
        usd_all([row.entry_usd + 0.0 if is_known else None for row in found]),
        usd_all([row.expected_usd for row in found]),
        usd_all([row.deviation_usd for row in found]),
    ]
    return list(zip(*columns, strict=True))
