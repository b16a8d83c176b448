"""What the minimum variance delta is regressed on: how marks moved with their forwards before."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.market import ChainColumns
from hedgerow.pricing import (
    Coefficients,
    Floats,
    MinimumVariance,
    OptionColumns,
    greeks,
    minimum_variance_fit,
    value_usd,
)
from hedgerow.units import DAY_NS, years_between

__all__ = ["DAYS_COUNT", "minimum_variance_of"]

DAYS_COUNT = 30
_ROWS_COUNT_MIN = 500
_GAP_NS_MAX = DAY_NS
_LIFE_NS_MIN = 14 * DAY_NS
_DELTA_MIN, _DELTA_MAX = 0.05, 0.95


def minimum_variance_of(underlying: str, past: Sequence[ChainColumns]) -> Outcome[Coefficients]:
    """Regress calls and puts apart on the changes between consecutive chains.

    The change of a value is that of forward and mark vol with time held still, so that no decay
    enters. Options count with two weeks to live or more and a Black delta between 0.05 and 0.95 in
    size, as in Hull and White (2017); chains more than a day apart are no consecutive ones.

    Parameters
    ----------
    underlying
        Of all the chains; named in a failure.
    past
        In order of time, and before the time whose deltas are asked for.
    """
    changes = [_change(before, after) for before, after in pairwise(past)]
    out: dict[Literal["call", "put"], MinimumVariance] = {}
    rights: tuple[tuple[Literal["call", "put"], bool], ...] = (("call", True), ("put", False))
    for right, is_call in rights:
        rows = [_joined(each, is_call) for each in changes if each is not None]
        count = sum(each.shape[1] for each in rows)
        subject = f"{underlying} {right}s, minimum variance"
        if count < _ROWS_COUNT_MIN:
            message = (
                f"{count} changes in the {DAYS_COUNT} days before, the regression needs "
                f"{_ROWS_COUNT_MIN}; look at a later time of a recording"
            )
            return Failure(subject=subject, reason="missing_data", message=message)
        F, K, vol, years, moved_value, moved_forward = np.concatenate(rows, axis=1)
        options = OptionColumns(
            forward_usd=F,
            strike_usd=K,
            vol_frac=vol,
            expiry_years=years,
            is_call=np.full(count, is_call),
        )
        try:
            out[right] = minimum_variance_fit(options, moved_value, moved_forward)
        except OutOfDomain as bad:
            return Failure(subject=subject, reason="not_converged", message=str(bad))
    return out


def _joined(change: tuple[NDArray[np.bool_], Floats], is_call: bool) -> Floats:
    calls, rows = change
    picked: Floats = rows[:, calls == is_call]
    return picked


def _keys(chain: ChainColumns) -> Iterable[tuple[int, float, bool]]:
    return zip(
        chain.expiry_ns.tolist(), chain.strike_usd.tolist(), chain.is_call.tolist(), strict=True
    )


def _change(before: ChainColumns, after: ChainColumns) -> tuple[NDArray[np.bool_], Floats] | None:
    """Give which rows are calls, and forward, strike, vol, years and both changes of each."""
    if not 0 < after.time_ns - before.time_ns <= _GAP_NS_MAX:
        return None
    later = {key: row for row, key in enumerate(_keys(after))}
    pairs = [
        (row, later[key])
        for row, key in enumerate(_keys(before))
        if key in later and key[0] - before.time_ns >= _LIFE_NS_MIN
    ]
    if not pairs:
        return None
    at, to = np.array(pairs).T
    F, F_to = before.forward_usd[at], after.forward_usd[to]
    vol, vol_to = before.vol_mark_frac[at], after.vol_mark_frac[to]
    K, is_call = before.strike_usd[at], before.is_call[at]
    years = np.array([years_between(before.time_ns, int(each)) for each in before.expiry_ns[at]])
    usable = np.isfinite(F) & np.isfinite(F_to) & np.isfinite(vol) & np.isfinite(vol_to)
    usable &= (F > 0) & (F_to > 0) & (vol > 0) & (vol_to > 0)
    rows = np.stack([F, K, vol, years, F_to, vol_to])[:, usable]
    is_call = is_call[usable]
    F, K, vol, years, F_to, vol_to = rows
    delta = greeks(
        OptionColumns(
            forward_usd=F, strike_usd=K, vol_frac=vol, expiry_years=years, is_call=is_call
        )
    ).delta_forward_frac
    moved = value_usd(F_to, K, vol_to, years, is_call) - value_usd(F, K, vol, years, is_call)
    near = (np.abs(delta) >= _DELTA_MIN) & (np.abs(delta) <= _DELTA_MAX)
    return is_call[near], np.stack([F, K, vol, years, moved, F_to - F])[:, near]
