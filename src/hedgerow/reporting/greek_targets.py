"""Greeks of a coin by expiry, the trades that bring them to targets, and a drawing of both."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.exposure import EXPIRY_BUCKETS, ExposureRow
from hedgerow.hedging import AskState, HedgeChoice
from hedgerow.pricing import GREEKS
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import UNKNOWN, partial, plain, usd, usd_all
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid

__all__ = ["ALL", "GreeksShown", "greeks_svg", "greeks_tables", "is_missed"]

ALL: Final = "all"
# What a table has room for; JSON has every Greek.
_FIGURES: tuple[tuple[str, str, str, int], ...] = (
    ("delta_spot_coin", "Delta", "coin", 4),
    *((name, each.title, each.unit, 0) for name, each in GREEKS.items() if each.order <= 2
      and each.title in ("Gamma", "Vega", "Theta")),
)  # fmt: skip
_ASKS: tuple[Column, ...] = (
    ("Target", "", False), ("Now", "", True), ("After", "", True), ("From", "", True),
    ("To", "", True), ("State", "", False),
)  # fmt: skip
_TRADES: tuple[Column, ...] = (
    ("Trade", "", False), ("Account", "", False), ("Contracts", "", True),
    ("Crossing", "USD", True), ("Fee", "USD", True), ("Carry", "USD", True),
    ("Cost", "USD", True),
)  # fmt: skip
_NOTE = (
    "Crossing is what trading costs beyond the mark. Carry is funding over the horizon at the last "
    "rate, paid where positive; where it is unknown, trades are chosen as if there were none, and "
    "a cost without it ends in a question mark. Cost is these three and the ticket of each trade. "
    "Greeks after are those of the desk valued anew with the trades booked at their marks. "
    "Requirements are not looked at: `plan make` keeps limits."
)
# Of a bound: what rounding in a sum may add.
_SLACK_FRAC = 1e-9


class GreeksShown(msgspec.Struct, frozen=True, kw_only=True):
    """A coin by expiry, before and after, the last row being all of it; else nothing was wanted.

    `premium_usd` is what the options chosen cost (negative) or bring at their marks;
    `legs_count_max` how many trades were allowed, None where any number was.
    """

    heading: str
    coin: str
    before: tuple[ExposureRow, ...]
    after: tuple[ExposureRow, ...] | None
    choice: HedgeChoice | None
    premium_usd: float | None
    legs_count_max: int | None
    assumed: tuple[str, ...]
    unpriced: tuple[Failure, ...]


def is_missed(ask: AskState) -> bool:
    """Whether a target is not met after the trades."""
    slack = _SLACK_FRAC * max(1.0, abs(ask.before_figure), abs(ask.after_figure))
    return not ask.low_figure - slack <= ask.after_figure <= ask.high_figure + slack


def greeks_tables(shown: GreeksShown) -> RenderableType:
    """Targets, trades, and every bucket before and after them."""
    parts = headed(f"{shown.heading}: {shown.coin}")
    choice = shown.choice
    if choice is not None:
        parts += [grid("Targets", _ASKS, [_ask(each) for each in choice.asks]), Text()]
        if choice.trades:
            parts.append(grid("Cheapest trades", _TRADES, _trades(choice)))
            least = usd(max(choice.bound_usd, 0.0))
            cost = partial(usd(choice.known_usd), choice.known_usd,
                           is_partial=choice.cost_usd is None)  # fmt: skip
            aside = "lots" if choice.cost_usd is not None else "lots and unknown funding"
            few = "" if shown.legs_count_max is None else " so few"
            parts.append(note(f"They cost {cost} USD; no trades{few} cost less than "
                              f"{least} USD, {aside} left aside."))  # fmt: skip
            if shown.premium_usd:
                way = "paid" if shown.premium_usd < 0.0 else "received"
                parts.append(note(f"Premiums of {usd(abs(shown.premium_usd))} USD are {way} at the "
                                  "marks beside that."))  # fmt: skip
        else:
            parts.append(note("No trade is needed." if not any(map(is_missed, choice.asks))
                              else "No trade comes nearer."))  # fmt: skip
        if choice.conflicts:
            parts.append(note(f"Cannot all hold: {', '.join(choice.conflicts)}. They are missed by "
                              "as little as can be, each over its tolerance."))  # fmt: skip
        prices = [
            f"{each.name}: {usd(each.price_usd_per_figure)} USD per unit"
            for each in choice.shadows if abs(each.price_usd_per_figure) >= 0.005
        ]  # fmt: skip
        # Prices are those of any number of trades.
        if prices and not choice.conflicts and shown.legs_count_max is None:
            parts.append(note(f"The last unit of what binds costs: {'; '.join(prices)}."))
        parts.append(Text())
    parts.append(grid("By expiry", *_by_expiry(shown)))
    if choice is not None:
        parts += [Text(), note(_NOTE), *(note(each) for each in shown.assumed)]
    return Group(*parts, *troubles("Not offered", shown.unpriced))


def greeks_svg(
    coin: str,
    moves_frac: Sequence[float],
    spot_profits_usd: Sequence[Sequence[float]],
    vol_profits_usd: Sequence[Sequence[float]],
) -> str:
    """Draw what a coin gains at once over spot, and over its vols, before and after the trades.

    A move of 0.1 is ten per cent of spot, or ten vol points. Of profits the first row is before; a
    second one, where trades were looked for, after.
    """
    words = ("now", "after the trades")
    return curves_svg(
        f"{coin} before and after",
        [100.0 * each for each in moves_frac],
        "move of spot, %; of all vols, points",
        [
            Panel("Gained at once when spot moves", "USD",
                  [Curve(word, row) for word, row in zip(words, spot_profits_usd, strict=False)]),
            Panel("Gained at once when vols move", "USD",
                  [Curve(word, row) for word, row in zip(words, vol_profits_usd, strict=False)]),
        ],
    )  # fmt: skip


def _ask(each: AskState) -> tuple[str, ...]:
    known = [each.before_figure, each.after_figure]
    known += [end for end in (each.low_figure, each.high_figure) if isfinite(end)]
    told = dict(zip(known, usd_all(known), strict=True))
    low, high = (told.get(end, "any") for end in (each.low_figure, each.high_figure))
    state = "MISSED" if is_missed(each) else "met"
    return each.name, told[each.before_figure], told[each.after_figure], low, high, state


def _trades(choice: HedgeChoice) -> list[tuple[str, ...]]:
    return [
        (each.instrument_id, each.account_id, plain(each.quantity_contracts, 3, sign=True),
         usd(each.crossing_usd), usd(each.fee_usd),
         UNKNOWN if each.carry_usd is None else usd(each.carry_usd + 0.0),
         partial(usd(each.known_usd), each.known_usd, is_partial=each.cost_usd is None))
        for each in choice.trades
    ]  # fmt: skip


def _by_expiry(shown: GreeksShown) -> tuple[tuple[Column, ...], list[tuple[str, ...]]]:
    before = {each.node: each for each in shown.before}
    after = {each.node: each for each in shown.after or ()}
    head: list[Column] = [("Expiry", "", False)]
    for _, title, unit, _ in _FIGURES:
        head.append((title, unit, True))
        if shown.after is not None:
            head.append(("after", "", True))
    rows = []
    for place in (*EXPIRY_BUCKETS, ALL):
        if place not in before and place not in after:
            continue
        cells = [place]
        for name, _, _, decimals in _FIGURES:
            cells.append(plain(_of(before, place, name), decimals))
            if shown.after is not None:
                cells.append(plain(_of(after, place, name), decimals))
        rows.append(tuple(cells))
    return tuple(head), rows


def _of(rows: dict[str, ExposureRow], place: str, name: str) -> float:
    return float(getattr(rows[place], name) or 0.0) if place in rows else 0.0
