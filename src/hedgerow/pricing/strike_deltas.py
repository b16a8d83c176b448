"""Deltas of the strikes of one smile, under each regime beside the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.market import Smile
from hedgerow.pricing.black76 import OptionColumns
from hedgerow.pricing.gate import PRICE, Floats, check, floats
from hedgerow.pricing.smile_delta import (
    MinimumVariance,
    SmileDeltas,
    minimum_variance_deltas,
    sticky_moneyness_deltas,
    sticky_strike_deltas,
)

__all__ = ["Coefficients", "StrikeDeltas", "strike_deltas"]

Coefficients: TypeAlias = Mapping[Literal["call", "put"], MinimumVariance]


@dataclass(frozen=True, slots=True, eq=False)
class StrikeDeltas:
    """Row i of every regime is option i: the out-of-the-money side of each strike.

    Their vols are those of the smile. `minimum_variance` is a failure where nothing was regressed.
    """

    subject: str
    options: OptionColumns
    sticky_strike: SmileDeltas
    sticky_moneyness: SmileDeltas
    minimum_variance: Outcome[SmileDeltas]


def strike_deltas(
    smile: Smile, strike_usd: Floats, coefficients: Outcome[Coefficients]
) -> StrikeDeltas:
    """Give the deltas of strikes on a smile, to its forward.

    Parameters
    ----------
    smile
        Gives forward, vols and skew.
    strike_usd
        Positive, shape (n,).
    coefficients
        Of calls and of puts, which have their own; a failure is handed on.

    Returns
    -------
    StrikeDeltas, shape (n,) in each regime
        Coin per coin, undiscounted and not premium-adjusted.

    Raises
    ------
    OutOfDomain
        If a strike is not positive and finite.

    References
    ----------
    Methods sheet, section 5.4.
    """
    strikes = floats("strike_usd", strike_usd)
    check("strike_usd", strikes, PRICE)
    n = len(strikes)
    k = np.log(strikes / smile.forward_usd)
    options = OptionColumns(
        forward_usd=np.full(n, smile.forward_usd),
        strike_usd=strikes,
        vol_frac=smile.vol_frac(k),
        expiry_years=np.full(n, smile.expiry_years),
        is_call=strikes >= smile.forward_usd,
    )
    minimum: Outcome[SmileDeltas]
    if isinstance(coefficients, Failure):
        minimum = coefficients
    else:
        found, is_call = np.empty(n), options.is_call
        for side_of, rows in ((coefficients["call"], is_call), (coefficients["put"], ~is_call)):
            side = OptionColumns(
                forward_usd=options.forward_usd[rows],
                strike_usd=options.strike_usd[rows],
                vol_frac=options.vol_frac[rows],
                expiry_years=options.expiry_years[rows],
                is_call=options.is_call[rows],
            )
            found[rows] = minimum_variance_deltas(side, side_of).delta_forward_frac
        minimum = SmileDeltas("minimum_variance", found)
    return StrikeDeltas(
        subject=smile.subject,
        options=options,
        sticky_strike=sticky_strike_deltas(options),
        sticky_moneyness=sticky_moneyness_deltas(options, smile.skew_frac_per_log(k)),
        minimum_variance=minimum,
    )
