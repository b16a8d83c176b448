"""Implied volatility of undiscounted Black (1976) prices, to full double accuracy.

Columns go through a compiled loop (`kernels.implied`); what it leaves open, prices and moneyness
beyond any market, goes to `implied_reference`. A row without an answer has NaN beside a reason
other than `ImpliedReason.OK`. Nothing raises for a number, whatever it is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.black76 import Floats
from hedgerow.pricing.implied_reference import Codes, ImpliedReason, implied_by_numpy
from hedgerow.pricing.threads import shared_out, shares

__all__ = ["Codes", "ImpliedReason", "ImpliedVols", "implied_vols", "implied_vols_coin"]


# What one thread has to do at least: with two such shares a second thread pays
# (benchmarks/bench_threads.py).
_QUOTES_COUNT_MIN: Final = 4_096


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
        True for calls.
    threads_count
        How many threads at most, where there is enough for them; what comes out does not depend on
        it.
    out
        Where to write, as an earlier call gave it: float64 and int8 of the shape of the broadcast,
        each in one piece. Left out, memory is taken for it.

    Returns
    -------
    ImpliedVols, shape of the broadcast
        Relative error about 1e-15 times the condition of the problem, which is
        ``price / (vol * vega)``: an in-the-money price has spent most of its digits on intrinsic
        value, and none can be had back.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout, or `threads_count` is not from 1 to 64.
    """
    # Here and not above: only who prices should wait for Numba.
    from hedgerow.pricing.kernels import implied as kernel

    given = (price_usd, forward_usd, strike_usd, expiry_years)
    columns = [np.asarray(each, dtype=np.float64) for each in given]
    call = np.asarray(is_call, dtype=np.bool_)
    shape = np.broadcast_shapes(*(each.shape for each in columns), call.shape)
    # In one piece and aligned is all that the kernel takes; what is so already is not copied.
    P, F, K, T, call = (
        np.require(np.broadcast_to(each, shape).reshape(-1), requirements=("C", "A"))
        for each in (*columns, call)
    )
    found = _room(out, shape)
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
) -> ImpliedVols:
    """Find the Black vol of premiums in coin, as Deribit quotes them: premium × forward in USD.

    Parameters
    ----------
    price_coin
        Coin per coin of notional. The others as in `implied_vols`; the forward is the venue's
        underlying for that expiry.
    """
    with np.errstate(all="ignore"):
        price_usd = np.asarray(price_coin, dtype=np.float64) * np.asarray(
            forward_usd, dtype=np.float64
        )
    return implied_vols(price_usd, forward_usd, strike_usd, expiry_years, is_call)


def _room(out: ImpliedVols | None, shape: tuple[int, ...]) -> ImpliedVols:
    if out is None:
        return ImpliedVols(vol_frac=np.empty(shape), reason_code=np.empty(shape, dtype=np.int8))
    for name, column, dtype in (
        ("vol_frac", out.vol_frac, np.float64), ("reason_code", out.reason_code, np.int8),
    ):  # fmt: skip
        if column.shape != shape or column.dtype != dtype or not column.flags.carray:
            raise OutOfDomain(
                f"out.{name} must be {np.dtype(dtype)} of shape {shape}, writable and in one "
                f"piece, was {column.dtype} of shape {column.shape}"
            )
    return out
