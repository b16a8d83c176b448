"""Policies set side by side over the same markets: what they cost, and whether it saved anything.

One `PolicyRun` per policy and market enters; a `PolicyRow` per policy leaves. Intervals are of 95 %
by redrawing markets with replacement, none of fewer than twenty markets; of shares by Wilson's
formula, which has one of any two markets and where nothing happened.

Costs of two policies are compared at equal liquidation probability (`equal_chance`); what a
liquidation took is counted as a cost, and what money cost that was moved and stayed away.

References
----------
E. B. Wilson (1927), Probable inference, J. American Statistical Association 22.
B. Efron, R. Tibshirani (1993), An Introduction to the Bootstrap, section 13.3: percentiles.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.simulation.equal_chance import (
    MARKETS_COUNT_LEAST,
    EqualChance,
    Outcomes,
    equal_chance,
)
from hedgerow.units import percent

__all__ = ["Interval", "PolicyRow", "PolicyRun", "policy_rows"]

Floats = NDArray[np.float64]

_DRAWS_COUNT = 2_000
_TAIL_FRAC = 0.1
_WILSON_DEVIATIONS = 1.959964
# Differences below a cent are none.
_CENT_USD = 0.01


class PolicyRun(msgspec.Struct, frozen=True, kw_only=True):
    """One policy in one market. `market` tells the same market of another policy, as a seed does.

    With `slack_frac` below one it kept limits nearer to liquidation: see `PolicyRow`.

    `cost_usd` is what was paid in fees and beyond the mark, liquidations apart; `capital_usd` what
    the money that was moved cost while it was away from where it lay, None where an asset that was
    moved has no price: `unpriced` names it. `broken_frac` is at how many of its looks a limit stood
    at soft or beyond, counting what was on its way as arrived; None where nobody looked. `legs` are
    all it sent, written out.
    """

    policy: str
    market: str
    depth_factor_frac: float
    slack_frac: float
    cost_usd: float
    capital_usd: float | None
    loss_usd: float
    liquidated: tuple[str, ...]
    change_usd: float | None
    broken_frac: float | None
    trades_count: int
    transfers_count: int
    refused_count: int
    legs: tuple[str, ...]
    unpriced: tuple[str, ...] = ()


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A mean with its 95 % interval; no bounds, unknown, of too few markets."""

    value_frac_or_usd: float
    low_frac_or_usd: float | None = None
    high_frac_or_usd: float | None = None


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy came to over all markets at one depth.

    A policy may have been followed with several sets of limits, `slack_frac` as far from
    liquidation as the desk's: those are one way of the frontier of cost and probability.

    `shortfall_usd` is the mean loss of equity in the worst tenth of markets. `dearer_usd` is by how
    much it cost more than the first policy, capital and liquidations counted, where both are
    liquidated with probability `compared_at_frac`, each with the limits by which that costs least;
    told once for all its limits. None for the first itself and for the desk left alone, where no
    probability is reached by both, and where what capital cost is unknown of either (`capital_usd`
    is None): `why` then says for want of which price. `ahead_usd` is how much more equity it ended
    with, market by market; None for the first itself. `why` says how they differ, or why they do
    not.
    """

    policy: str
    depth_factor_frac: float
    slack_frac: float
    markets_count: int
    cost_usd: Interval
    capital_usd: Interval | None
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
    compared_at_frac: float | None
    ahead_usd: Interval | None
    same_legs_count: int
    why: str


class _Compared(NamedTuple):
    """Costs were compared; `found` is None where no probability is reached by both."""

    found: EqualChance | None


def policy_rows(
    runs: Sequence[PolicyRun], rng: np.random.Generator, *, alone: str
) -> tuple[PolicyRow, ...]:
    """Compare policies, at each depth with the first one named; every one saw every market.

    Parameters
    ----------
    rng
        Of the redraws; drawn from in the order of the rows.
    alone
        The policy that does nothing, which the others are mixed with.

    Raises
    ------
    OutOfDomain
        If that policy is not among the runs.
    """
    by_depth: dict[float, dict[tuple[str, float], list[PolicyRun]]] = {}
    for run in runs:
        policies = by_depth.setdefault(run.depth_factor_frac, {})
        policies.setdefault((run.policy, run.slack_frac), []).append(run)
    rows = []
    for policies in by_depth.values():
        rows += _rows_at_a_depth(policies, rng, alone)
    return tuple(rows)


def _rows_at_a_depth(
    policies: dict[tuple[str, float], list[PolicyRun]], rng: np.random.Generator, alone: str
) -> list[PolicyRow]:
    markets = [each.market for each in next(iter(policies.values()))]
    ordered: dict[tuple[str, float], list[PolicyRun]] = {}
    ways: dict[str, list[Outcomes]] = {}
    unpriced: dict[str, list[PolicyRun]] = {}
    for name, own in policies.items():
        by_market = {each.market: each for each in own}
        assert set(by_market) == set(markets), "every policy saw every market"
        ordered[name] = [by_market[market] for market in markets]
        ways.setdefault(name[0], []).append(_outcomes(ordered[name]))
        if any(each.capital_usd is None for each in own):
            unpriced.setdefault(name[0], []).extend(own)
    if alone not in ways:
        raise OutOfDomain(f"no run of {alone!r} among {', '.join(map(repr, ways))}")
    first = next(iter(ordered.values()))
    (still,) = ways[alone]
    rows = []
    told: set[str] = set()
    for own in ordered.values():
        draws = rng.integers(0, len(markets), size=(_DRAWS_COUNT, len(markets)))
        policy = own[0].policy
        compared: _Compared | None = None
        lacking: dict[str, list[PolicyRun]] = {}
        if policy not in (first[0].policy, alone, *told):
            of = (policy, first[0].policy, alone)
            lacking = {name: unpriced[name] for name in of if name in unpriced}
            if not lacking:
                found = equal_chance(ways[policy], ways[first[0].policy], still, draws)
                compared = _Compared(found)
        told.add(policy)
        rows.append(_row(own, first, compared, _unpriced(own, lacking), draws))
    return rows


def _row(
    own: Sequence[PolicyRun],
    first: Sequence[PolicyRun],
    compared: _Compared | None,
    unpriced: str,
    draws: NDArray[np.int64],
) -> PolicyRow:
    """Put one policy into a row; `compared` is None where its costs are not compared at all.

    `unpriced` says so where that is for want of a price.
    """
    count = len(own)
    liquidated = sum(1 for each in own if each.liquidated)
    changes = [each.change_usd for each in own if each.change_usd is not None]
    is_known = len(changes) == count
    change = np.array(changes) if is_known else np.zeros(count)
    capital = [each.capital_usd for each in own if each.capital_usd is not None]
    broken = [each.broken_frac for each in own if each.broken_frac is not None]
    same = sum(each.legs == other.legs for each, other in zip(own, first, strict=True))
    is_first = own is first
    ahead = None
    gains = [
        each.change_usd - other.change_usd
        for each, other in zip(own, first, strict=True)
        if each.change_usd is not None and other.change_usd is not None
    ]
    if not is_first and len(gains) == count:
        ahead = _interval(np.array(gains), draws)
    found = None if compared is None else compared.found
    dearer = None
    if found is not None:
        dearer = Interval(
            value_frac_or_usd=found.dearer_usd,
            low_frac_or_usd=found.low_usd,
            high_frac_or_usd=found.high_usd,
        )
    return PolicyRow(
        policy=own[0].policy,
        depth_factor_frac=own[0].depth_factor_frac,
        slack_frac=own[0].slack_frac,
        markets_count=count,
        cost_usd=_interval(np.array([each.cost_usd for each in own]), draws),
        capital_usd=_interval(np.array(capital), draws) if len(capital) == count else None,
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
        compared_at_frac=None if found is None else found.chance_frac,
        ahead_usd=ahead,
        same_legs_count=same,
        why="; ".join(
            said
            for said in (
                unpriced,
                ""
                if is_first
                else _why(own, first, dearer, ahead, same, is_compared=compared is not None),
            )
            if said
        ),
    )


def _unpriced(own: Sequence[PolicyRun], lacking: Mapping[str, Sequence[PolicyRun]]) -> str:
    """Say for want of which prices these costs are unknown, or those they would be held against."""
    if names := _names_unpriced(own):
        return f"what it tied up is unknown, and so are its costs: no price of {names}"
    told = " and ".join(f"{way} (no price of {_names_unpriced(lacking[way])})" for way in lacking)
    if not told:
        return ""
    return f"its costs are compared with nothing: unknown is what was tied up by {told}"


def _names_unpriced(runs: Sequence[PolicyRun]) -> str:
    return ", ".join(dict.fromkeys(name for each in runs for name in each.unpriced))


def _outcomes(runs: Sequence[PolicyRun]) -> Outcomes:
    return Outcomes(
        # Where capital is unknown nobody asks for the costs; if somebody did they were unknown too.
        np.array(
            [
                each.cost_usd
                + (math.nan if each.capital_usd is None else each.capital_usd)
                + each.loss_usd
                for each in runs
            ]
        ),
        np.array([bool(each.liquidated) for each in runs]),
    )


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
    if len(values) < MARKETS_COUNT_LEAST:
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
    *,
    is_compared: bool,
) -> str:
    """Say how a policy differs from the first one, or why it does not."""
    name, count = first[0].policy, len(own)
    if same_count == count:
        return f"the same legs as {name} in every market"
    told = []
    mine, theirs = (sum(1 for each in runs if each.liquidated) for runs in (own, first))
    if mine != theirs:
        told.append(f"liquidated in {mine} of {count} markets, {name} in {theirs}")
    if dearer is not None:
        told.append(_beyond(dearer, "dearer", "cheaper"))
    elif is_compared:
        told.append("no liquidation probability is reached by both")
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
        told.append(
            f"left limits broken at {percent(looks[0])} of looks, {name} at {percent(looks[1])}"
        )
    return "; ".join(told)


def _beyond(found: Interval, more: str, less: str) -> str:
    """Say which way a difference goes, if it is sure to go either."""
    low, high = found.low_frac_or_usd, found.high_frac_or_usd
    if low is None or high is None:
        sign = found.value_frac_or_usd
        way = more if sign > _CENT_USD else less if sign < -_CENT_USD else f"not {more}"
        return f"{way}, without an interval"
    if low > _CENT_USD:
        return f"{more} beyond the interval"
    if high < -_CENT_USD:
        return f"{less} beyond the interval"
    return f"not {more} nor {less.removeprefix('ended with ')} beyond the interval"
