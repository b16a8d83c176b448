"""Policies set side by side over the same markets: what they cost, and whether it saved anything.

One `PolicyRun` per policy and market enters; a `PolicyRow` per policy leaves. Intervals are of 95 %
by redrawing markets with replacement, of shares by Wilson's formula, which also has one where
nothing happened. One market alone has no interval.

Costs of two policies are compared at equal liquidation probability by comparing them only on those
markets in which both had the same accounts liquidated: there the probabilities are equal by
construction, and what a liquidation took is counted as a cost.

References
----------
E. B. Wilson (1927), Probable inference, J. American Statistical Association 22.
B. Efron, R. Tibshirani (1993), An Introduction to the Bootstrap, section 13.3: percentiles.
"""

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "PolicyRow", "PolicyRun", "policy_rows"]

Floats = NDArray[np.float64]

_DRAWS_COUNT = 2_000
_TAIL_FRAC = 0.1
_WILSON_DEVIATIONS = 1.959964
# Differences below a cent are none.
_CENT_USD = 0.01


class PolicyRun(msgspec.Struct, frozen=True, kw_only=True):
    """One policy in one market. `market` tells the same market of another policy, as a seed does.

    `cost_usd` is what was paid in fees and beyond the mark, liquidations apart. `broken_frac` is at
    how many of its looks a limit stood at soft or beyond, counting what was on its way as arrived;
    None where nobody looked. `legs` are all it sent, written out.
    """

    policy: str
    market: str
    depth_factor_frac: float
    cost_usd: float
    loss_usd: float
    liquidated: tuple[str, ...]
    change_usd: float | None
    broken_frac: float | None
    trades_count: int
    transfers_count: int
    refused_count: int
    legs: tuple[str, ...]


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A mean with its 95 % interval; no bounds where one market alone was seen."""

    value_frac_or_usd: float
    low_frac_or_usd: float | None = None
    high_frac_or_usd: float | None = None


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy came to over all markets at one depth.

    `shortfall_usd` is the mean loss of equity in the worst tenth of markets. `dearer_usd` is by how
    much it cost more than the first policy, liquidations counted, on the `matched_count` markets in
    which both had the same accounts liquidated, and `ahead_usd` how much more equity it ended with,
    market by market; None for the first itself. `why` says how they differ, or why they do not.
    """

    policy: str
    depth_factor_frac: float
    markets_count: int
    cost_usd: Interval
    loss_usd: Interval
    liquidated_count: int
    liquidated_frac: Interval
    change_usd: Interval | None
    shortfall_usd: Interval | None
    broken_frac: float | None
    trades_count: float
    transfers_count: float
    refused_count: float
    dearer_usd: Interval | None
    ahead_usd: Interval | None
    matched_count: int
    same_legs_count: int
    why: str


def policy_rows(runs: Sequence[PolicyRun], rng: np.random.Generator) -> tuple[PolicyRow, ...]:
    """Compare policies, at each depth with the first one named; every one saw every market.

    Parameters
    ----------
    rng
        Of the redraws; drawn from in the order of the rows.
    """
    by_depth: dict[float, dict[str, list[PolicyRun]]] = {}
    for run in runs:
        by_depth.setdefault(run.depth_factor_frac, {}).setdefault(run.policy, []).append(run)
    rows = []
    for policies in by_depth.values():
        first = next(iter(policies.values()))
        for own in policies.values():
            ordered = {each.market: each for each in own}
            assert set(ordered) == {each.market for each in first}, "every policy saw every market"
            rows.append(_row([ordered[each.market] for each in first], first, rng))
    return tuple(rows)


def _row(
    own: Sequence[PolicyRun], first: Sequence[PolicyRun], rng: np.random.Generator
) -> PolicyRow:
    count = len(own)
    draws = rng.integers(0, count, size=(_DRAWS_COUNT, count))
    liquidated = sum(1 for each in own if each.liquidated)
    changes = [each.change_usd for each in own if each.change_usd is not None]
    is_known = len(changes) == count
    change = np.array(changes) if is_known else np.zeros(count)
    broken = [each.broken_frac for each in own if each.broken_frac is not None]
    matched = [
        _paid(each) - _paid(other)
        for each, other in zip(own, first, strict=True)
        if each.liquidated == other.liquidated
    ]
    same = sum(each.legs == other.legs for each, other in zip(own, first, strict=True))
    is_first = own[0].policy == first[0].policy
    ahead = None
    gains = [
        each.change_usd - other.change_usd
        for each, other in zip(own, first, strict=True)
        if each.change_usd is not None and other.change_usd is not None
    ]
    if not is_first and len(gains) == count:
        ahead = _interval(np.array(gains), draws)
    dearer = None
    if not is_first and matched:
        redrawn = rng.integers(0, len(matched), size=(_DRAWS_COUNT, len(matched)))
        dearer = _interval(np.array(matched), redrawn)
    return PolicyRow(
        policy=own[0].policy,
        depth_factor_frac=own[0].depth_factor_frac,
        markets_count=count,
        cost_usd=_interval(np.array([each.cost_usd for each in own]), draws),
        loss_usd=_interval(np.array([each.loss_usd for each in own]), draws),
        liquidated_count=liquidated,
        liquidated_frac=_share(liquidated, count),
        change_usd=_interval(change, draws) if is_known else None,
        shortfall_usd=_interval(-change, draws, _worst) if is_known else None,
        broken_frac=sum(broken) / len(broken) if broken else None,
        trades_count=sum(each.trades_count for each in own) / count,
        transfers_count=sum(each.transfers_count for each in own) / count,
        refused_count=sum(each.refused_count for each in own) / count,
        dearer_usd=dearer,
        ahead_usd=ahead,
        matched_count=len(matched),
        same_legs_count=same,
        why="" if is_first else _why(own, first, dearer, ahead, same),
    )


def _paid(run: PolicyRun) -> float:
    return run.cost_usd + run.loss_usd


def _mean(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=-1))


def _worst(values: Floats) -> Floats:
    """Average the largest tenth, at least one."""
    kept = math.ceil(_TAIL_FRAC * values.shape[-1])
    return np.asarray(np.sort(values, axis=-1)[..., -kept:].mean(axis=-1))


def _interval(
    values: Floats, draws: NDArray[np.int64], figure: Callable[[Floats], Floats] = _mean
) -> Interval:
    told = round(float(figure(values)), 6)
    if len(values) < 2:
        return Interval(value_frac_or_usd=told)
    low, high = np.percentile(figure(values[draws]), [2.5, 97.5])
    return Interval(
        value_frac_or_usd=told,
        low_frac_or_usd=round(float(low), 6),
        high_frac_or_usd=round(float(high), 6),
    )


def _share(happened_count: int, count: int) -> Interval:
    share, z = happened_count / count, _WILSON_DEVIATIONS
    if count < 2:
        return Interval(value_frac_or_usd=share)
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z
        / (1 + z * z / count)
        * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    )
    return Interval(
        value_frac_or_usd=round(share, 6),
        low_frac_or_usd=round(max(middle - half, 0.0), 6),
        high_frac_or_usd=round(min(middle + half, 1.0), 6),
    )


def _why(
    own: Sequence[PolicyRun],
    first: Sequence[PolicyRun],
    dearer: Interval | None,
    ahead: Interval | None,
    same_count: int,
) -> str:
    """Say how a policy differs from the first one, or why it does not."""
    name, count = first[0].policy, len(own)
    if same_count == count:
        return f"the same legs as {name} in every market"
    told = []
    mine, theirs = (sum(1 for each in runs if each.liquidated) for runs in (own, first))
    if mine != theirs:
        told.append(f"liquidated in {mine} of {count} markets, {name} in {theirs}")
    if dearer is None:
        told.append("in no market the same accounts liquidated")
    else:
        told.append(_beyond(dearer, "dearer", "cheaper"))
    if ahead is not None:
        told.append(_beyond(ahead, "ended with more equity", "ended with less equity"))
    if same_count:
        told.append(f"the same legs in {same_count}")
    looks = [
        sum(each.broken_frac or 0.0 for each in runs) / count
        for runs in (own, first)
        if all(each.broken_frac is not None for each in runs)
    ]
    if len(looks) == 2:
        told.append(f"limits broken at {looks[0]:.1%} of looks, {name} at {looks[1]:.1%}")
    return "; ".join(told)


def _beyond(found: Interval, more: str, less: str) -> str:
    """Say which way a difference goes, if it is sure to go either."""
    low, high = found.low_frac_or_usd, found.high_frac_or_usd
    if low is None or high is None:
        sign = found.value_frac_or_usd
        way = more if sign > _CENT_USD else less if sign < -_CENT_USD else f"not {more}"
        return f"{way}, in one market, so without an interval"
    if low > _CENT_USD:
        return f"{more} beyond the interval"
    if high < -_CENT_USD:
        return f"{less} beyond the interval"
    return f"not {more} nor {less.removeprefix('ended with ')} beyond the interval"
