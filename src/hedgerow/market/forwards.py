"""The forward of each expiry: the venue's, a listed future, or what calls and puts agree on.

A listed future is a forward that somebody trades; where a venue names none, put-call parity
``C - P = D (F - K)`` over strikes near the money gives both forward and discount. `choose` takes
the one that is asked for, and the result names where it comes from.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome

__all__ = [
    "Forward",
    "ForwardSource",
    "choose",
    "from_chain",
    "from_parity",
    "from_rows",
    "from_strike",
]

Floats: TypeAlias = NDArray[np.float64]
ForwardSource: TypeAlias = Literal["venue", "parity", "future"]

_PAIRS_COUNT_MIN = 3
# A straddle at the money is worth √(2/π) deviations of the forward.
_STRADDLE_PER_DEVIATION = 0.7978845608028654
_NEAREST_COUNT_MIN = 4


class Forward(NamedTuple):
    """A forward, the discount that goes with it, and where both come from."""

    forward_usd: float
    discount_frac: float
    source: ForwardSource


def choose(
    subject: str,
    wanted: ForwardSource,
    *,
    venue_usd: float | None,
    future_usd: float | None,
    parity: Callable[[], Outcome[Forward]],
) -> Outcome[Forward]:
    """Take the forward that is wanted.

    Parameters
    ----------
    subject
        Named in a failure.
    wanted
        ``parity`` has no substitute: without enough pairs there is no forward. ``future`` stands
        only for expiries that have one, the others take the venue's; a venue that names none
        leaves parity.
    venue_usd, future_usd
        None where there is none.
    parity
        Asked only where it is needed.
    """
    if wanted == "parity":
        return parity()
    if wanted == "future" and future_usd is not None:
        return Forward(future_usd, 1.0, "future")
    if venue_usd is not None:
        return Forward(venue_usd, 1.0, "venue")
    return parity()


def from_rows(forward_usd: Floats) -> float | None:
    """Give the one forward of rows that were asked for one after the other: their median.

    Rows of one recorded expiry differ by up to 0.4 %; the median is near the middle of the sweep.
    Rows that are not positive and finite are passed over; None where that leaves nothing.
    """
    known = forward_usd[np.isfinite(forward_usd) & (forward_usd > 0)]
    return float(np.median(known)) if len(known) else None


def from_chain(
    subject: str,
    strike_usd: Floats,
    is_call: NDArray[np.bool_],
    bid_usd: Floats,
    ask_usd: Floats,
) -> Outcome[Forward]:
    """Pair calls and puts of one expiry, undiscounted, and regress near the money.

    The chain's prices are premiums times the forward, so the discount is one and only the forward
    is open; see `from_parity`.

    Near means within one deviation of the strike where call and put are closest, as the straddle
    there tells it, and at least the four nearest strikes: farther out one of the pair is deep in
    the money and hardly traded.
    """
    with np.errstate(invalid="ignore"):
        two_sided = (bid_usd > 0) & (ask_usd > bid_usd) & np.isfinite(ask_usd)
    call, put = np.flatnonzero(two_sided & is_call), np.flatnonzero(two_sided & ~is_call)
    K, calls, puts = np.intersect1d(strike_usd[call], strike_usd[put], return_indices=True)
    call, put = call[calls], put[puts]
    mid = 0.5 * (bid_usd + ask_usd)
    C, P = mid[call], mid[put]
    near = np.zeros(len(K), dtype=np.bool_)
    if len(K):
        at = int(np.argmin(np.abs(C - P)))
        away = np.abs(np.log(K / K[at]))
        near = away <= (C[at] + P[at]) / (_STRADDLE_PER_DEVIATION * K[at])
        near[np.argsort(away, kind="stable")[:_NEAREST_COUNT_MIN]] = True
    spread = ask_usd - bid_usd
    width = spread[call] + spread[put]
    return from_parity(subject, K[near], C[near], P[near], width[near], discount_frac=1.0)


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
