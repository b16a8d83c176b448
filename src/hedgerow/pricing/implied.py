"""Implied volatility of undiscounted Black (1976) prices, to full double accuracy.

Columns go through a compiled loop (`kernels.implied`); what it leaves open, prices and moneyness
beyond any market, goes to `implied_reference`. A row without an answer has NaN beside a reason
other than `ImpliedReason.OK`. Nothing raises for a number, whatever it is; what is no number, or an
integer that no float holds, raises `OutOfDomain`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hedgerow.pricing.gate import Bools, Floats, flags, floats, room_of
from hedgerow.pricing.implied_reference import Codes, ImpliedReason, implied_by_numpy
from hedgerow.pricing.threads import shared_out, shares

__all__ = ["Codes", "ImpliedReason", "ImpliedVols", "implied_vols", "implied_vols_coin"]


# What one thread has to do at least: with two such shares a second thread pays
# (benchmarks/bench_threads.py).
_QUOTES_COUNT_MIN: Final = 4_096
_FLOAT_MAX: Final = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True, eq=False)
class ImpliedVols:
    """Row i answers price i: a vol, or NaN and the reason.

    Attributes
    ----------
    vol_frac
        Annualised, in the years that were given; positive and finite exactly where the reason is 0.
    reason_code
        Codes of `ImpliedReason`.
    """

    vol_frac: Floats
    reason_code: Codes


def implied_vols(
    price_usd: ArrayLike,
    forward_usd: ArrayLike,
    strike_usd: ArrayLike,
    expiry_years: ArrayLike,
    is_call: ArrayLike,
    *,
    threads_count: int = 1,
    out: ImpliedVols | None = None,
) -> ImpliedVols:
    """Find the Black vol of undiscounted prices on a forward.

    Parameters
    ----------
    price_usd
        USD per coin of notional, undiscounted: a price paid today at rate r is first multiplied by
        ``exp(r T)``.
    forward_usd, strike_usd
        USD per coin.
    expiry_years
        ACT/365 years.
    is_call
        True for calls; no other type than bool, because a -1 for a put would be true.
    threads_count
        How many threads at most, where there is enough for them; what comes out does not depend on
        it.
    out
        Where to write, as an earlier call gave it: float64 and int8 of the shape of the broadcast,
        each in one piece and none where an input lies. Left out, memory is taken for it.

    Returns
    -------
    ImpliedVols, shape of the broadcast
        Relative error about 1e-15 times the condition of the problem, which is
        ``price / (vol * vega)``: an in-the-money price has spent most of its digits on intrinsic
        value, and none can be had back.

    Raises
    ------
    OutOfDomain
        If a column is masked or no real numbers (integers beyond 64 bits are none), `is_call` is of
        another type than bool, `out` has another shape, type or layout or lies where an input does,
        or `threads_count` is not from 1 to 64.
    """
    # Here and not above: only who prices should wait for Numba.
    from hedgerow.pricing.kernels import implied as kernel

    columns = [
        floats(name, each)
        for name, each in (
            ("price_usd", price_usd),
            ("forward_usd", forward_usd),
            ("strike_usd", strike_usd),
            ("expiry_years", expiry_years),
        )
    ]
    call: Bools = flags("is_call", is_call)
    shape = np.broadcast_shapes(*(each.shape for each in columns), call.shape)
    # In one piece and aligned is all that the kernel takes; what is so already is not copied.
    P, F, K, T, call = (
        np.require(np.broadcast_to(each, shape).reshape(-1), requirements=("C", "A"))
        for each in (*columns, call)
    )
    found = _room(out, shape, P, F, K, T, call)
    vol, reason = found.vol_frac.reshape(-1), found.reason_code.reshape(-1)

    def work(first: int, last: int) -> None:
        part = slice(first, last)
        kernel.vols(P[part], F[part], K[part], T[part], call[part], vol[part], reason[part])

    shared_out(
        work,
        shares(
            len(vol),
            threads_count=threads_count,
            block_count=kernel.BLOCK,
            share_count_min=_QUOTES_COUNT_MIN,
        ),
    )
    if reason.size and reason.min() == kernel.UNSETTLED:
        rows = np.flatnonzero(reason == kernel.UNSETTLED)
        vol[rows], reason[rows] = implied_by_numpy(P[rows], F[rows], K[rows], T[rows], call[rows])
    return found


def implied_vols_coin(
    price_coin: ArrayLike,
    forward_usd: ArrayLike,
    strike_usd: ArrayLike,
    expiry_years: ArrayLike,
    is_call: ArrayLike,
    *,
    threads_count: int = 1,
    out: ImpliedVols | None = None,
) -> ImpliedVols:
    """Find the Black vol of premiums in coin, as Deribit quotes them: premium × forward in USD.

    Parameters
    ----------
    price_coin
        Coin per coin of notional. The others as in `implied_vols`; the forward is the venue's
        underlying for that expiry.
    """
    price, forward = floats("price_coin", price_coin), floats("forward_usd", forward_usd)
    with np.errstate(all="ignore"):
        price_usd = price * forward
        # A product beyond all numbers is above the maximum, and not unknown.
        is_finite = np.isfinite(price) & np.isfinite(forward)
        price_usd = np.where(is_finite, np.clip(price_usd, -_FLOAT_MAX, _FLOAT_MAX), price_usd)
    return implied_vols(
        price_usd, forward, strike_usd, expiry_years, is_call, threads_count=threads_count, out=out
    )


def _room(out: ImpliedVols | None, shape: tuple[int, ...], *inputs: Floats | Bools) -> ImpliedVols:
    vol, reason = (None, None) if out is None else (out.vol_frac, out.reason_code)
    vol = room_of(vol, shape, *inputs, name="out.vol_frac")
    reason = room_of(reason, shape, *inputs, vol, dtype=np.int8, name="out.reason_code")
    return ImpliedVols(vol_frac=vol, reason_code=reason) if out is None else out
