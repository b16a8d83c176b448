"""What ``hedgerow price option`` does: value, Greeks, remarks, and a drawing where asked to."""

import math
from pathlib import Path

import numpy as np

from hedgerow.app.one_option import columns_of, given_of, items_of, show_option, title_of
from hedgerow.app.terms import Terms
from hedgerow.app.written import write_plot
from hedgerow.errors import RequestRejected
from hedgerow.pricing import (
    CoinGreeks,
    EuropeanGreeks,
    coin_greeks,
    european_greeks,
    pin_risk,
)
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.number_words import unit_words
from hedgerow.reporting.priced_option import PricedOption, option_builtins, option_tables

__all__ = ["price_option"]

_DRAWN_COUNT = 241
_DRAWN_DEVIATIONS = 3.0


def price_option(
    terms: Terms, vol_frac: float, *, plot: Path | None, greek: str, as_json: bool
) -> int:
    """Value an option, print it, and draw it where asked to.

    Raises
    ------
    RequestRejected
        If no Greek is called so.
    """
    drawn = [word for word in EuropeanGreeks.by_word() if word != "value"]
    if greek not in drawn:
        raise RequestRejected(f"--greek {greek} is none of {', '.join(drawn)}")
    years = terms.years()
    options = columns_of(terms, np.array([terms.underlying_usd]), vol_frac, years)
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
        title=f"{title_of(terms, years)}, vol {100 * vol_frac:g} %",
        given=given_of(terms, years) | {"vol_frac": vol_frac},
        underlying_usd=terms.underlying_usd,
        raw=raw,
        coin=coin,
        is_limit=is_limit,
        is_pinned=is_pinned,
        remarks=(
            *terms.remarks(),
            *_remarks(terms, vol_frac, years, is_limit=is_limit, is_pinned=is_pinned),
        ),
    )
    if plot is not None:
        write_plot(plot, _drawing(terms, vol_frac, years, greek), as_json=as_json)
    show_option(lambda: option_builtins(answer), lambda: option_tables(answer), as_json=as_json)
    return 0


def _first(greeks: EuropeanGreeks | CoinGreeks) -> dict[str, float]:
    """Give the numbers of the first option by name."""
    columns = ((name, getattr(greeks, name)) for name in greeks.__struct_fields__)
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


def _drawing(terms: Terms, vol_frac: float, years: float, greek: str) -> str:
    """Draw the value, what it is at expiry, and one Greek over the underlying."""
    reach = math.exp(min(max(_DRAWN_DEVIATIONS * vol_frac * math.sqrt(years), 0.1), 1.5))
    ends = [terms.underlying_usd, *([terms.strike_usd] if terms.strike_usd else [])]
    spots = np.linspace(min(ends) / reach, max(ends) * reach, _DRAWN_COUNT)
    options = columns_of(terms, spots, vol_frac, years)
    sign = 1.0 if terms.is_call else -1.0
    expired = np.maximum(sign * (spots - terms.strike_usd), 0.0)
    greeks: EuropeanGreeks | CoinGreeks = european_greeks(options, with_third_vol=True)
    unit = "USD"
    if terms.is_coin_settled:
        greeks, unit, expired = coin_greeks(options), "coin", expired / spots
    names = greeks.by_word()
    name = names[greek]
    values = getattr(greeks, names["value"])
    return curves_svg(
        f"{title_of(terms, years)}, vol {100 * vol_frac:g} %",
        items_of(spots),
        "underlying, USD",
        [
            Panel(
                "Value",
                unit,
                (Curve("now", items_of(values)), Curve("at expiry", items_of(expired))),
            ),
            Panel(
                greek.capitalize(),
                unit_words(name),
                (Curve(greek, items_of(getattr(greeks, name))),),
            ),
        ],
        marks=((terms.strike_usd, "strike"), (terms.underlying_usd, "now")),
    )
