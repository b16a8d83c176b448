"""The forward of each expiry: what the venue says, or what calls and puts agree on.

A listed future is a forward that somebody trades; where a venue names none, put-call parity
``C - P = D (F - K)`` over strikes near the money gives both forward and discount.
"""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome

__all__ = ["Forward", "ForwardSource", "from_parity", "from_rows", "from_strike"]

Floats: TypeAlias = NDArray[np.float64]
ForwardSource: TypeAlias = Literal["venue", "parity"]

_PAIRS_COUNT_MIN = 3


class Forward(NamedTuple):
    """A forward, the discount that goes with it, and where both come from."""

    forward_usd: float
    discount_frac: float
    source: ForwardSource


def from_rows(forward_usd: Floats) -> float:
    """Give the one forward of rows that were asked for one after the other: their median.

    Rows of one recorded expiry differ by up to 0.4 %; the median is near the middle of the sweep.
    """
    return float(np.median(forward_usd))


def from_parity(
    subject: str,
    strike_usd: Floats,
    call_usd: Floats,
    put_usd: Floats,
    spread_usd: Floats,
    *,
    discount_frac: float | None = None,
) -> Outcome[Forward]:
    """Regress C - P on K with weights 1/spread².

    Parameters
    ----------
    subject
        Named in a failure.
    strike_usd, call_usd, put_usd, spread_usd
        One row per strike that has both; mids and the sum of both spreads, discounted as traded.
        Rows that are not finite, or whose spread is not positive, are left out.
    discount_frac
        If the rate is known it is kept, and only the forward is regressed.

    Returns
    -------
    Forward or Failure
        ``too_few_quotes`` below three strikes (one where the discount is known), ``not_converged``
        where the line found has no positive forward and discount.
    """
    columns = [np.asarray(x, dtype=np.float64) for x in (strike_usd, call_usd, put_usd, spread_usd)]
    keep = np.all(np.isfinite(columns), axis=0) & (columns[3] > 0)
    K, C, P, spread = (each[keep] for each in columns)
    needed = _PAIRS_COUNT_MIN if discount_frac is None else 1
    if len(np.unique(K)) < needed:
        return Failure(
            subject=subject,
            reason="too_few_quotes",
            message=f"{len(np.unique(K))} strikes with call and put, parity needs {needed}",
        )
    weight = (spread.min() / spread) ** 2
    gap = C - P
    centre = float(np.average(K, weights=weight))
    level = float(np.average(gap, weights=weight))
    if discount_frac is None:
        d = K - centre
        discount = -float((weight * d * (gap - level)).sum() / (weight * d * d).sum())
    else:
        discount = discount_frac
    forward = centre + level / discount if discount > 0 else -1.0
    if not (np.isfinite(forward) and forward > 0):
        return Failure(
            subject=subject,
            reason="not_converged",
            message=f"parity gives discount {discount:.6g}, forward {forward:.6g}",
        )
    return Forward(forward, discount, "parity")


def from_strike(
    strike_usd: Floats, call_usd: Floats, put_usd: Floats, discount_frac: float
) -> tuple[float, float]:
    """Give the strike where call and put lie nearest, and the forward that parity gives there.

    The rule of published volatility indices; NaN prices are passed over, and of two strikes equally
    near the lower one is taken.
    """
    gap = call_usd - put_usd
    at = int(np.nanargmin(np.abs(gap)))
    strike = float(strike_usd[at])
    return strike, strike + float(gap[at]) / discount_frac
