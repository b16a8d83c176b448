"""Bid and ask vols of option quotes, and whether a quote is good enough to learn a vol from.

A price tells a vol only as finely as its tick and its spread allow, so both are given in vol beside
the vols: ``width = (ask - bid) / vega`` and ``tick / vega`` (methods.md section 4). Gates do not
drop rows, they name them; who fits a smile decides which to keep.
"""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedgerow.pricing.black76 import vega_usd_per_vol
from hedgerow.pricing.gate import Floats, flags, floats, room_of
from hedgerow.pricing.implied import Codes, ImpliedReason, implied_vols

__all__ = ["QuoteGate", "QuoteVols", "quote_vols"]

_WIDTH_VOLPT_MAX = 25.0
_TICK_VOLPT_MAX = 5.0


class QuoteGate(IntEnum):
    """The first gate a quote fails; the closed set of codes in `QuoteVols.gate_code`."""

    OK = 0
    NOT_FINITE = 1  # forward, strike, time or tick cannot be used
    NO_BID = 2
    NO_ASK = 3
    CROSSED = 4  # bid above ask
    BID_WITHIN_TICK = 5  # bid at or below the larger of intrinsic value and one tick
    NO_VOL = 6  # bid or ask has no implied vol; the reasons say why
    WIDE = 7  # the spread is more vol than allowed
    COARSE = 8  # one tick is more vol than allowed


@dataclass(frozen=True, slots=True, eq=False)
class QuoteVols:
    """Row i answers quote i; the shape is that of the broadcast of what was given.

    Attributes
    ----------
    vol_bid_frac, vol_ask_frac, vol_mid_frac
        Annualised; NaN where the reason of that price is not `ImpliedReason.OK`.
    width_volpt, tick_volpt
        ``(ask - bid) / vega`` and ``tick / vega`` in vol points, at the vol of the mid; NaN where
        the mid has none.
    reason_bid_code, reason_ask_code, reason_mid_code
        Codes of `ImpliedReason`.
    gate_code
        Code of `QuoteGate`: the first gate the quote fails, 0 where it passes all.
    """

    vol_bid_frac: Floats
    vol_ask_frac: Floats
    vol_mid_frac: Floats
    width_volpt: Floats
    tick_volpt: Floats
    reason_bid_code: Codes
    reason_ask_code: Codes
    reason_mid_code: Codes
    gate_code: NDArray[np.int8]


def quote_vols(
    bid_usd: ArrayLike,
    ask_usd: ArrayLike,
    forward_usd: ArrayLike,
    strike_usd: ArrayLike,
    expiry_years: ArrayLike,
    is_call: ArrayLike,
    *,
    tick_usd: ArrayLike,
    width_volpt_max: float = _WIDTH_VOLPT_MAX,
    tick_volpt_max: float = _TICK_VOLPT_MAX,
    out: QuoteVols | None = None,
) -> QuoteVols:
    """Give the vols of bid, ask and mid and the first gate each quote fails.

    Parameters
    ----------
    bid_usd, ask_usd
        Undiscounted, USD per coin; NaN where there is no quote. A coin premium is multiplied by its
        forward first.
    forward_usd, strike_usd, expiry_years, is_call
        As in `implied_vols`; one shape with the prices.
    tick_usd
        The venue's price step, USD per coin; multiplied by the forward if it is in coin.
    width_volpt_max, tick_volpt_max
        Vol points. The defaults keep all but the far wings of the chains measured.
    out
        Where to write, as an earlier call gave it: float64 and int8 of the shape of the broadcast,
        each in one piece.

    Returns
    -------
    QuoteVols, shape of the broadcast
        Never raises for a number, whatever it is.

    Raises
    ------
    ValueError
        If the shapes do not broadcast together.
    OutOfDomain
        If a column is masked or no real numbers, `is_call` is of another type than bool, or a field
        of `out` has another shape, type or layout.

    References
    ----------
    Methods sheet, section 4: bid above intrinsic value and one tick, width in vol points of vega.
    """
    columns = (bid_usd, ask_usd, forward_usd, strike_usd, expiry_years, tick_usd)
    shape = np.broadcast_shapes(*(np.shape(each) for each in (*columns, is_call)))
    bid, ask, F, K, T, tick = (np.broadcast_to(floats("a quote", each), shape) for each in columns)
    call = np.broadcast_to(flags("is_call", is_call), shape)
    with np.errstate(all="ignore"):
        mid = 0.5 * (bid + ask)
        found = implied_vols(np.stack((bid, ask, mid)), F, K, T, call)
        vol_bid, vol_ask, vol_mid = found.vol_frac
        reason_bid, reason_ask, reason_mid = found.reason_code
        known = reason_mid == ImpliedReason.OK
        vega = vega_usd_per_vol(
            np.where(known, F, 1.0),
            np.where(known, K, 1.0),
            np.where(known, vol_mid, 1.0),
            np.where(known, T, 1.0),
        )
        per_point = np.where(known, 0.01 * vega, np.nan)
        width = (ask - bid) / per_point
        tick_vol = tick / per_point
        intrinsic = np.maximum(np.where(call, F - K, K - F), 0.0)
        usable = (
            np.isfinite(F) & np.isfinite(K) & np.isfinite(T) & np.isfinite(tick)
            & (F > 0) & (K > 0) & (T > 0) & (tick > 0)
        )  # fmt: skip
        # From the last gate to the first: an earlier one overwrites.
        gate = np.zeros(shape, dtype=np.int8)
        gate[~(tick_vol <= tick_volpt_max)] = QuoteGate.COARSE
        gate[~(width <= width_volpt_max)] = QuoteGate.WIDE
        gate[(reason_bid != ImpliedReason.OK) | (reason_ask != ImpliedReason.OK) | ~known] = (
            QuoteGate.NO_VOL
        )
        gate[~(bid > np.maximum(intrinsic, tick))] = QuoteGate.BID_WITHIN_TICK
        gate[bid > ask] = QuoteGate.CROSSED
        gate[~(np.isfinite(ask) & (ask > 0))] = QuoteGate.NO_ASK
        gate[~(np.isfinite(bid) & (bid > 0))] = QuoteGate.NO_BID
        gate[~usable] = QuoteGate.NOT_FINITE
    answer = QuoteVols(
        vol_bid_frac=vol_bid,
        vol_ask_frac=vol_ask,
        vol_mid_frac=vol_mid,
        width_volpt=width,
        tick_volpt=tick_vol,
        reason_bid_code=reason_bid,
        reason_ask_code=reason_ask,
        reason_mid_code=reason_mid,
        gate_code=gate,
    )
    if out is None:
        return answer
    pairs = {
        each.name: (getattr(out, each.name), getattr(answer, each.name)) for each in fields(out)
    }
    for name, (room, column) in pairs.items():
        room_of(room, column.shape, dtype=column.dtype, name=f"out.{name}")
    for room, column in pairs.values():
        room[...] = column
    return out
