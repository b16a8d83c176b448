"""The options of a book, valued in one call, and what their Greeks are made from.

For a coin-settled option ``v = V/F`` this gives the premium-adjusted delta ``δ - v``; holding the
premium in coin adds ``v`` back, and the two together are the dollar delta ``δ`` (methods.md section
2.1).

Inside the settlement window the average A is ``(1 - f) A_obs + f F``, f the fraction of the window
that is left, and only the part still to come moves: a shock of spot comes now, so it does not move
what is observed by now. Its deviation is ``f F σ √(T/3)`` dollars, which is so much of A; that the
ratio of F to A changes with a shock is of second order in what is a third of a per cent, and left
out. Where the index was not heard, the observed part is taken at the forward, hence an estimate.
Before the window the venue's own convention is plain time to expiry, which its marks confirm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hedgerow.instruments import Option
from hedgerow.market import OptionMark, Snapshot
from hedgerow.pricing.chain_rule import Contracts, derivative
from hedgerow.pricing.domain import outside
from hedgerow.pricing.european import EuropeanColumns, Floats, european_greeks
from hedgerow.pricing.gate import NOT_NEGATIVE, PRICE, VOL, YEARS
from hedgerow.pricing.rows import Row
from hedgerow.units import YEAR_NS, to_model, years_between

__all__ = ["HeldOption", "PricedOptions", "fill_options"]

_DUST = 1e-300  # stands for no window at all, which nothing is inside of
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
    """An option on its way: its row, its terms, its mark, and the spot of its underlying.

    `average_observed_usd` is that of its settlement window so far; None where there is none or it
    is not known.
    """

    row: Row
    terms: Option
    mark: OptionMark
    spot_usd: float
    average_observed_usd: float | None = None


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

    `forward_marked_usd` is the forward of the expiry, `open_frac` the part of the average to come,
    `vol_scale_frac` the vol of the average, in plain time, over the option's own. `is_known` where
    all that has gone by of a window was heard.
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
    is_known: NDArray[np.bool_]
    size_coin: Floats


def fill_options(options: Sequence[HeldOption], snapshot: Snapshot) -> PricedOptions:
    """Value all options that can be valued, and fill their rows."""
    held: tuple[HeldOption, ...] = tuple(options)
    refused: tuple[tuple[HeldOption, str], ...] = ()
    columns = _gathered(held, snapshot)
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
        columns = _gathered(held, snapshot)
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
        one.row.is_estimate = one.mark.is_estimate or not columns.is_known[i]
        one.row.age_ns = one.mark.age_ns
    return PricedOptions(held, contracts, columns.size_coin, refused)


def _gathered(options: Sequence[HeldOption], snapshot: Snapshot) -> _Columns:
    years = np.array([one.mark.expiry_years for one in options], dtype=np.float64)
    present = np.array(
        [years_between(snapshot.time_ns, one.terms.expiry_ns) for one in options], dtype=np.float64
    )
    window = np.array([one.terms.averaging_ns / YEAR_NS for one in options], dtype=np.float64)
    marked = np.array([one.mark.forward_usd for one in options], dtype=np.float64)
    # None becomes NaN: not known.
    observed = np.array([one.average_observed_usd for one in options], dtype=np.float64)
    open_frac, open_now = _open_frac(years, window), _open_frac(present, window)
    has_begun = open_now < 1.0
    forward, ratio = marked, np.ones(len(options))
    if has_begun.any():
        factors = [snapshot.shock.on(one.terms.underlying) for one in options]
        averaged, ratio = _averaged(marked, np.array(factors), open_now, observed)
        forward = np.where(has_begun, averaged, marked)
    return _Columns(
        forward_usd=forward,
        forward_marked_usd=marked,
        spot_usd=np.array([one.spot_usd for one in options], dtype=np.float64),
        strike_usd=np.array([to_model(one.terms.strike_usd) for one in options], dtype=np.float64),
        vol_frac=np.array([one.mark.vol_frac for one in options], dtype=np.float64),
        expiry_years=years,
        window_years=window,
        open_frac=open_frac,
        # Never more than one, as A is never less than what is open of F.
        vol_scale_frac=np.where(open_frac < 1.0, open_frac * ratio / np.sqrt(3.0), 1.0),
        is_known=~np.isnan(observed) | (open_frac >= 1.0),
        size_coin=np.array(
            [to_model(one.terms.multiplier_coin_per_contract) for one in options], dtype=np.float64
        ),
    )


def _averaged(
    marked: Floats, factor: Floats, open_now: Floats, observed: Floats
) -> tuple[Floats, Floats]:
    """Give the forward of the average, and F over A as they were before the shock.

    What was heard keeps its price; what nobody heard keeps the forward from before the shock.
    """
    with np.errstate(invalid="ignore"):  # what no double holds is found and told
        before = marked / factor
        unheard = before * (1.0 + open_now * (factor - 1.0))
        heard = open_now * marked + (1.0 - open_now) * observed
        ratio = before / (open_now * before + (1.0 - open_now) * observed)
    is_heard = ~np.isnan(observed)
    return np.where(is_heard, heard, unheard), np.where(is_heard, ratio, 1.0)


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


def _open_frac(years: Floats, window_years: Floats) -> Floats:
    """Give the fraction of the settlement average that is still to come."""
    is_inside = (years < window_years) | (years <= 0.0)
    return np.where(is_inside, np.maximum(years, 0.0) / np.maximum(window_years, _DUST), 1.0)
