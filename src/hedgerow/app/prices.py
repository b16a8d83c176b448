"""What ``hedgerow price option``, ``implied`` and ``scenario`` do with one option."""

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import RenderableType

from hedgerow.app.terms import Terms
from hedgerow.app.written import write_plot
from hedgerow.errors import RequestRejected
from hedgerow.pricing import (
    CoinGreeks,
    EuropeanColumns,
    EuropeanGreeks,
    Floats,
    ImpliedReason,
    QuoteGate,
    ScenarioGrid,
    coin_greeks,
    european_greeks,
    implied_vols,
    pin_risk,
    quote_vols,
    scenario_profits,
)
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.prices import (
    PricedOption,
    ScenarioTable,
    VolAnswer,
    VolQuote,
    implied_builtins,
    implied_tables,
    option_builtins,
    option_tables,
    scenario_builtins,
    scenario_tables,
    unit_words,
    vol_words,
)

__all__ = ["Moves", "Prices", "find_implied", "price_option", "price_scenario"]

_DRAWN_COUNT = 241
_DRAWN_DEVIATIONS = 3.0
_CELLS_COUNT_MAX = 100_000
_WITHOUT_MID: Final = (QuoteGate.NOT_FINITE, QuoteGate.NO_BID, QuoteGate.NO_ASK, QuoteGate.CROSSED)
# When a price is probably meant in the other unit: more coins than an option can pay, or a premium
# below a dollar where coins cost thousands.
_COINS_MAX, _DEAR_USD, _COIN_PRICE_MAX = 2.0, 1_000.0, 1.0
# Which number of an option paid in coin is drawn for a Greek: delta is the premium-adjusted one.
_COIN_GREEKS: Final = {
    each.name.partition("_")[0]: each.name
    for each in fields(CoinGreeks)
    if not each.name.startswith(("value_", "slope_"))
}


def price_option(
    terms: Terms, vol_frac: float, *, plot: Path | None, greek: str, as_json: bool
) -> int:
    """Value an option, print it, and draw it where asked to."""
    years = terms.years()
    options = _columns(terms, np.array([terms.underlying_usd]), vol_frac, years)
    raw = _first(european_greeks(options, with_third_vol=True))
    coin: dict[str, float] = {}
    if terms.is_coin_settled:
        # What a venue shows is not discounted.
        growth = math.exp(terms.rate_frac_per_year * years)
        shown = {"delta_venue_frac": raw["delta_underlying_frac"] * growth}
        coin = shown | _first(coin_greeks(options))
    is_limit = options.edges is not None
    is_pinned = bool(pin_risk(terms.underlying_usd, terms.strike_usd, vol_frac, years))
    answer = PricedOption(
        title=f"{_title(terms, years)}, vol {100 * vol_frac:g} %",
        given=_given(terms, years) | {"vol_frac": vol_frac},
        underlying_usd=terms.underlying_usd,
        raw=raw,
        coin=coin,
        is_limit=is_limit,
        is_pinned=is_pinned,
        remarks=_remarks(terms, vol_frac, years, is_limit=is_limit, is_pinned=is_pinned),
    )
    if plot is not None:
        write_plot(plot, _drawing(terms, vol_frac, years, greek), as_json=as_json)
    _show(lambda: option_builtins(answer), lambda: option_tables(answer), as_json=as_json)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What was paid or quoted: coin per coin where `is_in_coin`, else USD per coin."""

    paid_ccy: float | None
    bid_ccy: float | None
    ask_ccy: float | None
    tick_ccy: float | None
    is_in_coin: bool

    def check(self) -> None:
        """Refuse what does not say which prices are meant.

        Raises
        ------
        RequestRejected
            If no price is given, or a bid without its ask, or both without a tick.
        """
        sides = {"--bid": self.bid_ccy, "--ask": self.ask_ccy}
        given = [flag for flag, side in sides.items() if side is not None]
        if self.paid_ccy is None and not given:
            raise RequestRejected("no price was given: pass --price, or --bid, --ask and --tick")
        if len(given) == 1:
            (other,) = sides.keys() - set(given)
            raise RequestRejected(f"{given[0]} without {other}: pass both, or --price for one")
        if given and not self.tick_ccy:
            raise RequestRejected(
                "--bid and --ask need --tick, the venue's price step, larger than zero: 0.0001 "
                "with --in-coin, or 5 in USD"
            )
        if not given and self.tick_ccy is not None:
            raise RequestRejected("--tick goes with --bid and --ask; it says nothing of --price")


def find_implied(terms: Terms, prices: Prices, *, as_json: bool) -> int:
    """Find the vols of prices, print them, and exit with 1 where one has none."""
    prices.check()
    years = terms.years()
    forward = terms.underlying_usd * math.exp(terms.checked_carry() * years)
    unit_usd = forward if prices.is_in_coin else 1.0
    growth = math.exp(terms.rate_frac_per_year * years)
    answers: list[VolAnswer] = []

    def undiscounted(price_ccy: float) -> float:
        return price_ccy * unit_usd * growth

    def lacking(name: str, gate: QuoteGate) -> None:
        answers.append(
            VolAnswer(price_of=name, price_usd=None, price_coin=None, vol_frac=None, reason=gate)
        )

    def add(name: str, price_ccy: float, vol_frac: Any, reason_code: Any) -> None:
        reason = ImpliedReason(int(reason_code))
        answers.append(
            VolAnswer(
                price_of=name,
                price_usd=price_ccy * unit_usd,
                price_coin=price_ccy if prices.is_in_coin else None,
                vol_frac=float(vol_frac) if reason is ImpliedReason.OK else None,
                reason=reason,
            )
        )

    asked = (forward, terms.strike_usd, years, terms.is_call)
    if prices.paid_ccy is not None:
        found = implied_vols(undiscounted(prices.paid_ccy), *asked)
        add("price", prices.paid_ccy, found.vol_frac, found.reason_code)
    quote: VolQuote | None = None
    bid, ask, tick = prices.bid_ccy, prices.ask_ccy, prices.tick_ccy
    if bid is not None and ask is not None and tick is not None:
        quoted = quote_vols(
            undiscounted(bid), undiscounted(ask), *asked, tick_usd=undiscounted(tick)
        )
        add("bid", bid, quoted.vol_bid_frac, quoted.reason_bid_code)
        add("ask", ask, quoted.vol_ask_frac, quoted.reason_ask_code)
        gate = QuoteGate(int(quoted.gate_code))
        has_mid = gate not in _WITHOUT_MID
        if has_mid:
            add("mid", 0.5 * (bid + ask), quoted.vol_mid_frac, quoted.reason_mid_code)
        else:
            lacking("mid", gate)
        quote = VolQuote(
            width_volpt=_known(quoted.width_volpt) if has_mid else None,
            tick_volpt=_known(quoted.tick_volpt) if has_mid else None,
            gate=gate,
        )
    hint = _unit_hint(terms, prices, forward)
    given = _given(terms, years)
    _show(
        lambda: implied_builtins(given, answers, quote, hint),
        lambda: implied_tables(_title(terms, years), answers, quote, hint),
        as_json=as_json,
    )
    lost = [each for each in answers if each.vol_frac is None]
    if lost and not as_json:
        said = "; ".join(f"the {each.price_of}: {each.why}" for each in lost)
        sys.stderr.write(f"exit 1: no vol of {said}\n")
    return 1 if lost else 0


def _unit_hint(terms: Terms, prices: Prices, forward: float) -> str | None:
    """Say where prices look as if they were counted in the other unit."""
    given = (prices.paid_ccy, prices.bid_ccy, prices.ask_ccy)
    known = [price for price in given if price]
    if not known:
        return None
    if prices.is_in_coin and max(known) > _COINS_MAX * max(1.0, terms.strike_usd / forward):
        way = "divide it by the forward" if terms.is_coin_settled else "leave out --in-coin"
        return f"{max(known):g} coins are dear for an option on one; if it is in USD, {way}"
    if not prices.is_in_coin and forward >= _DEAR_USD and max(known) < _COIN_PRICE_MAX:
        return (
            f"{max(known):g} USD is little for an option on a coin of {forward:,.0f} USD; if it is "
            "in coin, add --in-coin"
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The axes of a grid; every move of one is met by every move of the others."""

    price_moves_frac: tuple[float, ...]
    vol_moves_frac: tuple[float, ...]
    vol_shifts_volpt: tuple[float, ...]
    elapsed_days: tuple[float, ...]

    def grid(self) -> ScenarioGrid:
        """Cross the axes.

        Raises
        ------
        RequestRejected
            If there are more cells than anybody reads.
        """
        count = math.prod(
            map(len, (self.price_moves_frac, self.vol_moves_frac, self.vol_shifts_volpt,
                      self.elapsed_days))
        )  # fmt: skip
        if count > _CELLS_COUNT_MAX:
            raise RequestRejected(
                f"--spot-moves, --vol-moves, --vol-points and --days make {count:,} cells, at most "
                f"{_CELLS_COUNT_MAX:,} are priced; leave some out"
            )
        return ScenarioGrid.product(
            price_moves_frac=self.price_moves_frac,
            vol_moves_frac=self.vol_moves_frac,
            vol_shifts_frac=np.array(self.vol_shifts_volpt) / 100.0,
            elapsed_years=np.array(self.elapsed_days) / 365.0,
        )


def price_scenario(
    terms: Terms,
    vol_frac: float,
    moves: Moves,
    *,
    quantity_coin: float,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Reprice an option over a grid, print it, and draw it where asked to.

    Raises
    ------
    RequestRejected
        If the quantity is nothing, or the grid too large.
    """
    if quantity_coin == 0.0:
        raise RequestRejected(
            "--quantity 0 gains nothing in any cell; leave it out for one, or write how many"
        )
    years = terms.years()
    cells = moves.grid()
    options = _columns(terms, np.array([terms.underlying_usd]), vol_frac, years)
    is_coin = np.array([terms.is_coin_settled])
    profits = quantity_coin * scenario_profits(options, cells, is_coin_settled=is_coin)[:, 0]
    table = ScenarioTable(
        title=f"{quantity_coin:+g} {_title(terms, years)}, vol {100 * vol_frac:g} %",
        given=_given(terms, years) | {"vol_frac": vol_frac, "quantity_coin": quantity_coin},
        price_moves_frac=_tuple(cells.price_move_frac),
        vol_moves_frac=_tuple(cells.vol_move_frac),
        vol_shifts_volpt=tuple(
            shift
            for _ in range(len(cells) // len(moves.vol_shifts_volpt))
            for shift in moves.vol_shifts_volpt
        ),
        elapsed_days=tuple(
            day for day in moves.elapsed_days for _ in range(len(cells) // len(moves.elapsed_days))
        ),
        profits_ccy=_tuple(profits + 0.0),  # no minus zero
        currency="coin" if terms.is_coin_settled else "USD",
    )
    if plot is not None:
        write_plot(plot, _scenario_drawing(table), as_json=as_json)
    _show(lambda: scenario_builtins(table), lambda: scenario_tables(table), as_json=as_json)
    return 0


def _columns(terms: Terms, underlying: Floats, vol_frac: float, years: float) -> EuropeanColumns:
    """One option at several underlyings. On spot its carry moves with the rate."""
    same = np.ones_like(underlying)
    return EuropeanColumns(
        underlying_usd=underlying,
        strike_usd=terms.strike_usd * same,
        vol_frac=vol_frac * same,
        expiry_years=years * same,
        is_call=np.full(len(underlying), terms.is_call),
        rate_frac_per_year=terms.rate_frac_per_year,
        carry_frac_per_year=terms.checked_carry(),
        carry_follows_rate=terms.carry_frac_per_year is not None,
    )


def _first(greeks: EuropeanGreeks | CoinGreeks) -> dict[str, float]:
    """Give the numbers of the first option by name."""
    columns = ((each.name, getattr(greeks, each.name)) for each in fields(greeks))
    return {name: float(column[0]) + 0.0 for name, column in columns if column is not None}


def _remarks(
    terms: Terms, vol_frac: float, years: float, *, is_limit: bool, is_pinned: bool
) -> tuple[str, ...]:
    told = []
    if is_limit:
        gone = "time" if years == 0.0 else "vol" if vol_frac == 0.0 else "strike or uncertainty"
        told.append(
            f"No {gone} is left: these numbers are limits. The value is what is in the money, "
            "delta a step, and the Greeks that follow from uncertainty are nothing."
        )
        forward = terms.underlying_usd * math.exp(terms.checked_carry() * years)
        if forward == terms.strike_usd:
            told.append(
                "At the strike itself delta is the middle of its step, and gamma, which grows "
                "without bound there, is written as zero, as on both sides of it."
            )
    if is_pinned:
        told.append(
            "Pin risk: on its last day the option is less than one hour's deviation from its "
            "strike. Delta may be all or nothing at expiry, whatever is written here."
        )
    return tuple(told)


def _title(terms: Terms, years: float) -> str:
    paid = ", paid in coin" if terms.is_coin_settled else ""
    on = "forward" if terms.carry_frac_per_year is None else "spot"
    return (
        f"{terms.right} {terms.strike_usd:,.10g} on {on} {terms.underlying_usd:,.10g}, "
        f"{365 * years:.6g} days{paid}"
    )


def _given(terms: Terms, years: float) -> dict[str, Any]:
    return {
        "right": terms.right,
        "underlying_usd": terms.underlying_usd,
        "underlying_is": "forward" if terms.carry_frac_per_year is None else "spot",
        "strike_usd": terms.strike_usd,
        "expiry_years": years,
        "rate_frac_per_year": terms.rate_frac_per_year,
        "carry_frac_per_year": terms.checked_carry(),
        "settlement": "coin" if terms.is_coin_settled else "usd",
    }


def _drawing(terms: Terms, vol_frac: float, years: float, greek: str) -> str:
    """Draw the value, what it is at expiry, and one Greek over the underlying."""
    reach = math.exp(min(max(_DRAWN_DEVIATIONS * vol_frac * math.sqrt(years), 0.1), 1.5))
    ends = [terms.underlying_usd, *([terms.strike_usd] if terms.strike_usd else [])]
    spots = np.linspace(min(ends) / reach, max(ends) * reach, _DRAWN_COUNT)
    options = _columns(terms, spots, vol_frac, years)
    greeks: EuropeanGreeks | CoinGreeks = european_greeks(options, with_third_vol=True)
    names = {each.name.partition("_")[0]: each.name for each in fields(EuropeanGreeks)}
    values, unit = getattr(greeks, names["value"]), "USD"
    sign = 1.0 if terms.is_call else -1.0
    expired = np.maximum(sign * (spots - terms.strike_usd), 0.0)
    name = names[greek]
    if terms.is_coin_settled:
        in_coin = coin_greeks(options)
        values, unit, expired = in_coin.value_coin, "coin", expired / spots
        greeks, name = in_coin, _COIN_GREEKS[greek]
    return curves_svg(
        f"{_title(terms, years)}, vol {100 * vol_frac:g} %",
        _tuple(spots),
        "underlying, USD",
        [
            Panel(
                "Value", unit, (Curve("now", _tuple(values)), Curve("at expiry", _tuple(expired)))
            ),
            Panel(
                greek.capitalize(), unit_words(name), (Curve(greek, _tuple(getattr(greeks, name))),)
            ),
        ],
        marks=((terms.strike_usd, "strike"), (terms.underlying_usd, "now")),
    )


def _scenario_drawing(table: ScenarioTable) -> str:
    """Draw profit over the move of the underlying: a panel a day, a line a vol."""
    prices = sorted(set(table.price_moves_frac))
    panels = []
    rows = list(
        zip(table.elapsed_days, table.vol_moves_frac, table.vol_shifts_volpt,
            table.price_moves_frac, table.profits_ccy, strict=True)
    )  # fmt: skip
    for day in dict.fromkeys(table.elapsed_days):
        curves = []
        for vol in dict.fromkeys((move, shift) for _, move, shift, _, _ in rows):
            line = {price: gain for d, m, s, price, gain in rows if (d, m, s) == (day, *vol)}
            curves.append(Curve(vol_words(*vol), [line[price] for price in prices]))
        panels.append(Panel(f"Profit after {day:g} days", table.currency, curves))
    return curves_svg(
        table.title, [100.0 * price for price in prices], "move of the underlying, %", panels
    )


def _show(
    builtins: Callable[[], dict[str, Any]], tables: Callable[[], RenderableType], *, as_json: bool
) -> None:
    if as_json:
        sys.stdout.write(json.dumps(builtins(), sort_keys=True, allow_nan=False) + "\n")
        return
    from hedgerow.app.screen import wide_console

    wide_console().print(tables(), highlight=False, crop=False)


def _known(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _tuple(column: Floats) -> tuple[float, ...]:
    return tuple(column.tolist())
