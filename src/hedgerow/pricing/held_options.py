"""The options of a book, valued in one call, and what their Greeks are made from.

For a coin-settled option ``v = V/F`` this gives the premium-adjusted delta ``δ - v``; holding the
premium in coin adds ``v`` back, and the two together are the dollar delta ``δ`` (methods.md section
2.1).

Inside the settlement window the forward and the vol are those of the average, as the mark has them
(`hedgerow.market.averages`); where the index was not heard that is an estimate. Before the window
the venue's own convention is plain time to expiry, which its marks confirm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hedgerow.instruments import Option
from hedgerow.market import OptionMark
from hedgerow.pricing.chain_rule import Contracts, derivative
from hedgerow.pricing.domain import outside
from hedgerow.pricing.european import EuropeanColumns, european_greeks
from hedgerow.pricing.gate import NOT_NEGATIVE, PRICE, VOL, YEARS, Floats
from hedgerow.pricing.rows import Row
from hedgerow.units import YEAR_NS, to_model

__all__ = ["HeldOption", "PricedOptions", "fill_options"]

# Nothing is inside a window of no length, but `np.where` divides by it all the same.
_DUST = 1e-300
_DOMAIN: Final = (
    ("forward_usd", PRICE),
    ("price_underlying_usd", PRICE),
    ("strike_usd", NOT_NEGATIVE),
    ("vol_frac", VOL),
    ("expiry_years", YEARS),
    ("multiplier_coin_per_contract", PRICE),
)


@dataclass(frozen=True, slots=True)
class HeldOption:
    """An option on its way: its row, its terms, its mark, and the spot of its underlying."""

    row: Row
    terms: Option
    mark: OptionMark
    spot_usd: float


@dataclass(frozen=True, slots=True, eq=False)
class PricedOptions:
    """Column i of `contracts` is one coin of `held[i]`, of which a contract has `sizes_coin[i]`.

    `refused` are the others: beyond what the formula may see, with what was seen.
    """

    held: tuple[HeldOption, ...]
    contracts: Contracts | None
    sizes_coin: Floats
    refused: tuple[tuple[HeldOption, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """What the formula is given; `forward_usd` is that of the average, observed part and all.

    `forward_marked_usd` is the forward of the expiry.
    """

    forward_usd: Floats
    forward_marked_usd: Floats
    spot_usd: Floats
    strike_usd: Floats
    vol_frac: Floats
    expiry_years: Floats
    window_years: Floats
    open_frac: Floats
    vol_scale_frac: Floats
    size_coin: Floats


def fill_options(options: Sequence[HeldOption]) -> PricedOptions:
    """Value all options that can be valued, and fill their rows."""
    held: tuple[HeldOption, ...] = tuple(options)
    refused: tuple[tuple[HeldOption, str], ...] = ()
    columns = _gathered(held)
    beyond = outside(
        _DOMAIN,
        np.array(
            (
                columns.forward_usd,
                columns.forward_marked_usd,
                columns.strike_usd,
                columns.vol_frac,
                columns.expiry_years,
                columns.size_coin,
            )
        ),
    )
    if beyond:
        refused = tuple((held[at], said) for at, said in sorted(beyond.items()))
        held = tuple(one for at, one in enumerate(held) if at not in beyond)
        columns = _gathered(held)
    if not held:
        return PricedOptions(held, None, columns.size_coin, refused)
    contracts = _contracts(held, columns)
    worth = contracts.greeks.value_usd
    unit = np.where(contracts.is_coin_settled, worth / columns.forward_usd, worth)
    delta = derivative(contracts, (1, 0, 0))
    # Held in coin, the premium moves with spot by itself: premium-adjusted is what is left.
    own = np.where(contracts.is_coin_settled, delta - unit, delta)
    for i, one in enumerate(held):
        size = float(columns.size_coin[i])
        one.row.unit_ccy = size * float(unit[i])
        one.row.delta_own_coin = size * float(own[i])
        one.row.is_estimate = one.mark.is_estimate or not one.mark.is_heard
        one.row.age_ns = one.mark.age_ns
    return PricedOptions(held, contracts, columns.size_coin, refused)


def _gathered(options: Sequence[HeldOption]) -> _Columns:
    marks, terms = [one.mark for one in options], [one.terms for one in options]

    def column(items: Iterable[float]) -> Floats:
        return np.array(list(items), dtype=np.float64)

    return _Columns(
        forward_usd=column(mark.average_usd for mark in marks),
        forward_marked_usd=column(mark.forward_usd for mark in marks),
        spot_usd=column(one.spot_usd for one in options),
        strike_usd=column(to_model(each.strike_usd) for each in terms),
        vol_frac=column(mark.vol_frac for mark in marks),
        expiry_years=column(mark.expiry_years for mark in marks),
        window_years=column(each.averaging_ns / YEAR_NS for each in terms),
        open_frac=column(mark.open_frac for mark in marks),
        vol_scale_frac=column(mark.vol_scale_frac for mark in marks),
        size_coin=column(to_model(each.multiplier_coin_per_contract) for each in terms),
    )


def _contracts(held: Sequence[HeldOption], columns: _Columns) -> Contracts:
    years, open_frac = columns.expiry_years, columns.open_frac
    in_window = open_frac < 1.0
    return Contracts(
        greeks=european_greeks(
            EuropeanColumns(
                underlying_usd=columns.forward_usd,
                strike_usd=columns.strike_usd,
                vol_frac=columns.vol_scale_frac * columns.vol_frac,
                expiry_years=years,
                is_call=np.array([one.terms.right == "call" for one in held]),
            ),
            with_third_vol=True,
        ),
        forward_usd=columns.forward_usd,
        spot_usd=columns.spot_usd,
        carry_frac=columns.forward_marked_usd / columns.spot_usd,
        settlement_usd=np.array([one.row.settlement.price_usd for one in held]),
        is_coin_settled=np.array([one.terms.is_coin_settled for one in held]),
        open_frac=open_frac,
        open_frac_per_year=np.where(
            in_window & (years > 0.0), -1.0 / np.maximum(columns.window_years, _DUST), 0
        ),
        vol_scale_frac=columns.vol_scale_frac,
    )
