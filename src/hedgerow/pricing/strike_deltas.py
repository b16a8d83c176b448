"""Deltas of the strikes of one smile, under each regime beside the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.market import Smile
from hedgerow.pricing.black76 import Floats, OptionColumns
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
    n = len(strike_usd)
    k = np.log(strike_usd / smile.forward_usd)
    options = OptionColumns(
        forward_usd=np.full(n, smile.forward_usd),
        strike_usd=strike_usd,
        vol_frac=smile.vol_frac(k),
        expiry_years=np.full(n, smile.expiry_years),
        is_call=strike_usd >= smile.forward_usd,
    )
    minimum: Outcome[SmileDeltas]
    if isinstance(coefficients, Failure):
        minimum = coefficients
    else:
        sides = {
            right: minimum_variance_deltas(options, coefficients[right]).delta_forward_frac
            for right in ("call", "put")
        }
        minimum = SmileDeltas(
            "minimum_variance", np.where(options.is_call, sides["call"], sides["put"])
        )
    return StrikeDeltas(
        subject=smile.subject,
        options=options,
        sticky_strike=sticky_strike_deltas(options),
        sticky_moneyness=sticky_moneyness_deltas(options, smile.skew_frac_per_log(k)),
        minimum_variance=minimum,
    )
