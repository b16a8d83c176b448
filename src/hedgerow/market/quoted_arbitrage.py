"""Arbitrage that stands in the quotes and marks of a chain, before anything is fitted to them.

Within an expiry it is looked for in bids and asks, which can be traded: two wings bought at their
asks for less than the body sells at its bid, or an option that pays more bought for less than one
that pays less. Between expiries no strike lies at the same ln(K/F) twice, so marks are compared:
total variance must not fall. The rows of a recorded chain were asked for one after the other, so
what is found may be gone for whoever wants to trade it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hedgerow.market.chain import ChainColumns
from hedgerow.market.svi import Floats
from hedgerow.units import date_utc, years_between

__all__ = ["QuotedArbitrage", "quoted_arbitrage"]

_FALL_VOLPT_MIN = 0.1  # marks are printed to a hundredth, and lie apart: less is no finding


@dataclass(frozen=True, slots=True)
class QuotedArbitrage:
    """What was found, one sentence each: within expiries in quotes, between them in marks."""

    butterflies: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()


def quoted_arbitrage(chain: ChainColumns) -> QuotedArbitrage:
    """Look at neighbouring strikes of every expiry, and at neighbouring expiries.

    A gain of a price step or less is none: quotes move in steps.
    """
    within: list[str] = []
    slices: list[tuple[str, float, Floats, Floats]] = []
    for expiry_ns in np.unique(chain.expiry_ns):
        rows = np.flatnonzero(chain.expiry_ns == expiry_ns)
        name = f"{chain.underlying} {date_utc(int(expiry_ns))}"
        for is_call in (True, False):
            within += _within(chain, rows[chain.is_call[rows] == is_call], name, is_call=is_call)
        years = years_between(chain.time_ns, int(expiry_ns))
        k, vol = _marks(chain, rows)
        if years > 0 and len(k) > 1:
            slices.append((name, years, k, vol))
    between = [
        said
        for earlier, later in pairwise(slices)
        if (said := _between(earlier, later)) is not None
    ]
    return QuotedArbitrage(tuple(within), tuple(between))


def _within(chain: ChainColumns, rows: NDArray[np.int64], name: str, *, is_call: bool) -> list[str]:
    rows = rows[np.isfinite(chain.price_bid_usd[rows]) & np.isfinite(chain.price_ask_usd[rows])]
    rows = rows[np.argsort(chain.strike_usd[rows])]
    K, bid, ask = chain.strike_usd[rows], chain.price_bid_usd[rows], chain.price_ask_usd[rows]
    tick = np.zeros(len(rows)) if chain.price_tick_usd is None else chain.price_tick_usd[rows]
    right = "calls" if is_call else "puts"
    found = []
    # A call pays more the lower its strike, a put the higher.
    dear, cheap = (slice(None, -1), slice(1, None))[:: 1 if is_call else -1]
    gain = bid[cheap] - ask[dear]
    for at in np.flatnonzero(gain > tick[cheap]):
        found.append(
            f"{name} {right} {K[at]:g} and {K[at + 1]:g}: the one that pays more costs "
            f"{gain[at]:.2f} USD less than the other sells for"
        )
    if len(K) > 2:
        part = (K[2:] - K[1:-1]) / (K[2:] - K[:-2])
        gain = bid[1:-1] - part * ask[:-2] - (1.0 - part) * ask[2:]
        for at in np.flatnonzero(gain > tick[1:-1]):
            found.append(
                f"{name} {right} {K[at]:g}, {K[at + 1]:g} and {K[at + 2]:g}: the middle one sells "
                f"for {gain[at]:.2f} USD more than the others cost that pay at least as much"
            )
    return found


def _marks(chain: ChainColumns, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Give ln(K/F), rising, and the mark vols of the out-of-the-money side."""
    F, K, vol = chain.forward_usd[rows], chain.strike_usd[rows], chain.vol_mark_frac[rows]
    with np.errstate(invalid="ignore"):
        kept = np.isfinite(F) & (F > 0) & (vol > 0) & (chain.is_call[rows] == (K >= F))
    k, first = np.unique(np.log(K[kept] / F[kept]), return_index=True)
    return k, vol[kept][first]


def _between(
    earlier: tuple[str, float, Floats, Floats], later: tuple[str, float, Floats, Floats]
) -> str | None:
    """Compare total variance at the strikes of the earlier that the later reaches around."""
    name, T, k, vol = earlier
    name_later, T_later, k_later, vol_later = later
    inside = (k >= k_later[0]) & (k <= k_later[-1])
    if not inside.any():
        return None
    w = np.interp(k[inside], k_later, vol_later**2 * T_later)
    fall = 100.0 * (vol[inside] - np.sqrt(w / T))
    worst = int(np.argmax(fall))
    if fall[worst] <= _FALL_VOLPT_MIN:
        return None
    return (
        f"{name_later}: its marks have less total variance than those of {name} at "
        f"{int((fall > _FALL_VOLPT_MIN).sum())} of {len(fall)} strikes, most at ln(K/F) = "
        f"{k[inside][worst]:.3f}, by {fall[worst]:.2f} vol points"
    )
