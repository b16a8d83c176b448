"""Hedge bands: a table of every policy for each coin, and bands across spot as a drawing."""

import math
from collections.abc import Mapping

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.hedging import INSIDE_FRAC, Band, BandInputs, BandKind, BandsAcross, Narrowing
from hedgerow.limits import METRICS
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import UNKNOWN, duration, plain, significant, usd
from hedgerow.reporting.framing import headed, note
from hedgerow.reporting.grid import Column, grid
from hedgerow.units import percent

__all__ = ["CoinBands", "band_tables", "bands_svg", "narrowed"]

_S_PER_YEAR = 365 * 86_400
_HEAD: tuple[Column, ...] = (
    ("Policy", "", False), ("Low", "coin", True), ("Centre", "coin", True),
    ("High", "coin", True), ("Back to", "coin", False), ("Cost", "USD/day", True),
    ("of it", "bp/day", True), ("Open", "USD/day", True), ("Aversion", "1/USD", True),
    ("Remark", "", False),
)  # fmt: skip
_NOTE = (
    "Of the delta of book and hedge together. A delta outside is brought back to where the third "
    "of its columns says. Cost is what trading is expected to cost; Open is one deviation of a "
    "day's profit from the delta left open, both where the desk looks as often as it says. * is "
    "what the desk hedges by, or of which it keeps what a soft limit leaves. Without --gas a fixed "
    "cost is nothing unless the desk file has one."
)


class CoinBands(msgspec.Struct, frozen=True, kw_only=True):
    """What one coin's bands were made of, and each policy's band.

    `used` is the policy that the desk hedges by; None for the plain one, of half width
    `plain_halfwidth_coin`. `budget` says from what the risk aversion follows. `narrowing` is told
    where a soft limit leaves less of that band: the desk hedges by what is left.
    """

    inputs: BandInputs
    delta_coin: float | None
    budget: str
    used: BandKind | None
    plain_halfwidth_coin: float | None
    bands: dict[BandKind, Outcome[Band]]
    narrowing: Narrowing | None = None


def band_tables(
    found: Mapping[str, Outcome[CoinBands]], heading: str | None = None
) -> RenderableType:
    """One table a coin, a row each policy."""
    parts = headed(heading)
    for coin, made in found.items():
        if isinstance(made, Failure):
            parts += [Text(f"The bands of {coin} are unknown: {made.message}."), Text()]
            continue
        rows = [_row(kind, each, made) for kind, each in made.bands.items()]
        parts += [Text(_said(coin, made)), grid(coin, _HEAD, rows), Text()]
    return Group(*parts, note(_NOTE))


def _said(coin: str, made: CoinBands) -> str:
    """Say what the bands are of, in the words that a calculator needs."""
    inputs = made.inputs
    floor = ""
    if inputs.gamma_floor_coin_per_usd > abs(inputs.gamma_coin_per_usd):
        floor = f", taken as {inputs.gamma_floor_coin_per_usd:.4g} (its size within a day's move)"
    years = inputs.time_years
    expiry = "nothing expires" if years is None else f"{years * 365:.3g} days to expiry"
    looked = f"looked at every {duration(inputs.look_years * _S_PER_YEAR)}"
    if inputs.look_years == 0.0:
        looked = "looked at all the time"
    said = (
        f"{coin} at {significant(inputs.price_usd, 8)} USD, vol {percent(inputs.vol_frac)}, "
        f"{expiry}; delta {plain(made.delta_coin, 4)} for a target of "
        f"{plain(inputs.target_coin, 4)} ({inputs.delta_regime.replace('_', ' ')}), gamma "
        f"{inputs.gamma_coin_per_usd:.4g} coin per USD{floor}; trading costs "
        f"{1e4 * inputs.cost_frac:.3g} bp and {usd(inputs.fixed_cost_usd)} a trade; {looked}; "
        f"notional {usd(inputs.notional_usd)}. {made.budget}"
    )
    if made.used is None and made.plain_halfwidth_coin is not None:
        width = plain(made.plain_halfwidth_coin, 4)
        hedges = "it hedges" if made.narrowing is None else "by its costs it would hedge"
        said += f" The desk names no band: {hedges} outside of {width} coins either way"
        said += f", Whalley and Wilmott's by the gamma as it is{_differs(made)}."
    return said if made.narrowing is None else f"{said} {narrowed(coin, made.narrowing)}"


def narrowed(coin: str, found: Narrowing) -> str:
    """Say to what a soft limit narrows the band of a coin, and from what."""
    metric = METRICS[found.metric]
    return (
        f"The soft limit of {significant(found.soft_usd_or_coin, 10)} {metric.unit} on "
        f"{found.node} {metric.title} narrows the band that {coin} is hedged by to "
        f"{_between(found.low_coin, found.high_coin)}, {percent(INSIDE_FRAC, 0)} of it, from "
        f"{_between(found.from_low_coin, found.from_high_coin)} by its costs."
    )


def _between(low_coin: float, high_coin: float) -> str:
    return f"{plain(low_coin, 4)} … {plain(high_coin, 4)} coins"


def _differs(made: CoinBands) -> str:
    """Say why the band that no key names is not that of its row, where it is not."""
    row, plain_coin = made.bands.get("whalley-wilmott"), made.plain_halfwidth_coin
    if not isinstance(row, Band) or plain_coin is None:
        return ""
    halfwidth_coin = (row.high_coin - row.low_coin) / 2.0
    if plain(halfwidth_coin, 4) == plain(plain_coin, 4):
        return ""
    return (
        f"; the row of whalley-wilmott has {plain(halfwidth_coin, 4)}, by the gamma as it is taken "
        "above"
    )


def _row(kind: BandKind, found: Outcome[Band], made: CoinBands) -> tuple[str, ...]:
    name = f"{kind} *" if kind == made.used else kind
    if isinstance(found, Failure):
        return (name, UNKNOWN, "", "", "", "", "", "", "", found.message)
    cost = found.cost_usd_per_day
    remark = ""
    if found.interval_years is not None:
        remark = f"every {duration(found.interval_years * _S_PER_YEAR)}, wherever it is"
    if kind == "fixed-cost" and made.inputs.fixed_cost_usd == 0.0:
        remark = "no fixed cost to save: it is as narrow as it may be"
    if cost is None:
        remark = "a fixed cost for every one of ever smaller trades"
    aversion = found.risk_aversion_per_usd
    return (
        name,
        plain(found.low_coin, 4),
        plain(found.centre_coin, 4),
        plain(found.high_coin, 4),
        _goal(found),
        "no bound" if cost is None else plain(cost, 2),
        "" if cost is None else plain(1e4 * cost / made.inputs.notional_usd, 3),
        plain(found.deviation_usd_per_day, 0),
        "" if aversion is None else f"{aversion:.4g}",
        remark,
    )


def _goal(found: Band) -> str:
    match found.rebalance:
        case "edge":
            return "the edge"
        case "centre" | "centre_at_times":
            return "the centre"
        case "inner":
            return f"{plain(found.to_low_coin, 4)} or {plain(found.to_high_coin, 4)}"


def bands_svg(coin: str, found: BandsAcross) -> str:
    """Draw the delta and each policy's edges over moves of spot, a panel each policy."""
    across = [100.0 * each for each in found.moves_frac]
    panels = [
        Panel(
            kind,
            "coin",
            [
                Curve("delta, nothing traded", found.delta_coin),
                Curve("low", found.low_coin[kind]),
                Curve("high", found.high_coin[kind]),
            ],
        )
        for kind in found.low_coin
        if any(each is not None and math.isfinite(each) for each in found.low_coin[kind])
    ]
    return curves_svg(
        f"Bands of {coin} across spot", across, f"spot of {coin}, %", panels, [(0.0, "now")]
    )
