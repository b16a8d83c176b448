"""The ladder of a margin call: calm, watch, call, inject, reduce, liquidated; and the calls on it.

An account climbs by its use, its distance or its probability of liquidation, whichever is worst,
and comes down only from well inside (`hysteresis`). From `call` on a call is open: how much, in
what, by when, which way, from whom, and what closes it. Nothing that was sent closes a call: only
an observation of the account later than the call, by whose numbers it has come down.

`liquidated` is a fact and not a rung that is held: the account is liquidatable as it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.limits.arrival import Use
from hedgerow.limits.call_records import (
    LADDER,
    Call,
    CallPolicy,
    CallRoute,
    CallRung,
    OnLadder,
    Receipt,
    Triggers,
    Way,
)
from hedgerow.limits.chance import distance_at, horizon_at
from hedgerow.limits.hysteresis import CLEAR_FRAC, level_held
from hedgerow.limits.judge import levels_passed
from hedgerow.limits.rescue import Goal, Patient, amount_to_goal, moves_both_ways
from hedgerow.limits.seen import Chance, Side
from hedgerow.margin import MarginReport
from hedgerow.solvency import Distance
from hedgerow.units import SECOND_NS, format_ns, to_model

__all__ = ["Look", "on_ladder", "open_calls"]

_CALL: Final = LADDER.index("call")


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One account as it was seen, and who knows how likely its liquidation is.

    `coins` are those it hangs on; `debt_asset` is what most is owed of in a lending market.
    """

    node: str
    patient: Patient | None
    report: Outcome[MarginReport]
    distance: Outcome[Distance]
    coins: tuple[str, ...]
    chance: Chance | None
    time_ns: int
    time_observed_ns: int
    step_ccy: Decimal
    debt_asset: str | None = None


class _Measure(NamedTuple):
    name: str
    side: Side
    triggers: Triggers
    number: Outcome[float]


def on_ladder(
    policy: CallPolicy, before: OnLadder | None, look: Look, routes: Sequence[CallRoute]
) -> OnLadder:
    """Give where an account stands after one more look, by where it stood before."""
    measures = _measures(policy, look)
    unknown = [each.number for each in measures if isinstance(each.number, Failure)]
    passed = max(_level(each, 0.0) for each in measures)
    cleared = max(_level(each, CLEAR_FRAC) for each in measures)
    report = look.report
    is_liquidatable = not isinstance(report, Failure) and report.is_liquidatable
    if is_liquidatable:
        passed = cleared = len(LADDER) - 1
    level, since_ns = passed, look.time_ns
    if before is not None:
        if unknown:  # what is not known does not let it down
            passed = cleared = max(passed, before.level_index)
        level = level_held(
            before.level_index, before.since_ns, passed, cleared, look.time_ns, policy.dwell_ns
        )
        since_ns = before.since_ns if level == before.level_index else look.time_ns
    rung: CallRung = "unknown" if unknown else LADDER[level]
    if is_liquidatable:
        rung = "liquidated"
    stands = OnLadder(
        account_id=policy.account_id,
        node=look.node,
        rung=rung,
        level_index=level,
        since_ns=since_ns,
        reasons=(
            *(f"{each.message}" for each in unknown),
            *(_said(each) for each in measures if 0 < level <= _level(each, CLEAR_FRAC)),
        ),
        use_frac=None if isinstance(report, Failure) else report.use_frac,
        distance_frac=None if isinstance(look.distance, Failure) else _nearest(look.distance),
        probability_frac=next(
            (
                each.number
                for each in measures
                if each.name == "probability" and not isinstance(each.number, Failure)
            ),
            None,
        ),
    )
    former = None if before is None else before.call
    return _with_call(stands, policy, former, look, routes)


def _with_call(
    stands: OnLadder,
    policy: CallPolicy,
    former: Call | None,
    look: Look,
    routes: Sequence[CallRoute],
) -> OnLadder:
    """Open, renew or close the call of an account."""
    report = look.report
    if isinstance(report, Failure) or look.patient is None:
        return msgspec.structs.replace(stands, call=former)  # nothing was seen, nothing closes
    if stands.level_index >= _CALL:
        return msgspec.structs.replace(
            stands, call=_call(policy, former, look, look.patient, routes)
        )
    if former is None:
        return stands
    if stands.rung == "unknown" or look.time_observed_ns <= former.opened_ns:
        return msgspec.structs.replace(stands, call=former)
    balance = look.patient.account.balance_coin(former.currency)
    has_come = former.size_ccy is not None and (
        balance - former.balance_opening_coin >= former.size_ccy > 0
    )
    receipt = Receipt(
        call_id=former.call_id,
        account_id=former.account_id,
        time_ns=look.time_ns,
        time_observed_ns=look.time_observed_ns,
        seen_in="balance" if has_come else "requirement",
        balance_coin=balance,
        equity_ccy=report.equity_ccy,
        requirement_ccy=report.requirement_maintenance_ccy,
    )
    return msgspec.structs.replace(stands, receipt=receipt)


def _call(
    policy: CallPolicy,
    former: Call | None,
    look: Look,
    patient: Patient,
    routes: Sequence[CallRoute],
) -> Call:
    missing: list[Failure] = []
    goal = _goal(policy, look, missing)
    account = patient.account
    asset = account.currency if look.debt_asset is None else look.debt_asset
    use: Use = "balance" if look.debt_asset is None else "repay"
    size = amount_to_goal(patient, goal, asset, use, look.step_ccy)
    wait_ns = _wait_ns(policy, look)
    if isinstance(size, Failure):
        missing.append(size)
    if isinstance(wait_ns, Failure):
        missing.append(wait_ns)
    ways = tuple(_way(each, goal, patient, wait_ns, look.time_ns) for each in routes)
    open_ns = [w.deadline_ns for w in ways if w.deadline_ns is not None and w.quantity_coin]
    opened_ns = look.time_ns if former is None else former.opened_ns
    closes = f"{policy.use.call_frac * (1.0 - CLEAR_FRAC):.1%}"
    return Call(
        call_id=f"{policy.account_id}-{format_ns(opened_ns)}",
        account_id=policy.account_id,
        opened_ns=opened_ns,
        size_ccy=None if isinstance(size, Failure) else size,
        currency=asset,
        deadline_ns=max(open_ns, default=None),
        ways=ways,
        owner=policy.owner,
        proof=f"{policy.account_id} seen later than the call, with a requirement below {closes} of "
        "its equity" + (" and as far and as safe as its policy asks" if goal.shocks else ""),
        balance_opening_coin=(
            account.balance_coin(asset) if former is None else former.balance_opening_coin
        ),
        missing=tuple(missing),
    )


def _goal(policy: CallPolicy, look: Look, missing: list[Failure]) -> Goal:
    """Say where a call brings an account: to its use, and as far as its other triggers ask."""
    furthest = 0.0
    if policy.distance is not None:
        furthest = policy.distance.call_frac * (1.0 + CLEAR_FRAC)
    if policy.probability is not None and look.chance is not None:
        wanted = policy.probability.call_frac * (1.0 - CLEAR_FRAC)
        found = distance_at(look.chance, look.coins, wanted, policy.horizon_ns)
        if isinstance(found, Failure):
            missing.append(found)
        elif found is not None:
            furthest = max(furthest, found)
    shocks = moves_both_ways(look.coins, furthest) if furthest > 0.0 else ()
    return Goal(policy.target_use_frac, shocks)


def _way(
    route: CallRoute, goal: Goal, patient: Patient, wait_ns: Outcome[int], time_ns: int
) -> Way:
    found = amount_to_goal(patient, goal, route.asset, route.use, route.step_coin)
    missing = tuple(each for each in (found, wait_ns) if isinstance(each, Failure))
    return Way(
        route=route.name,
        asset=route.asset,
        use=route.use,
        quantity_coin=None if isinstance(found, Failure) else found,
        latency_p99_s=route.latency_p99_s,
        deadline_ns=None
        if isinstance(wait_ns, Failure)
        else time_ns + wait_ns - round(route.latency_p99_s * SECOND_NS),
        missing=missing,
    )


def _wait_ns(policy: CallPolicy, look: Look) -> Outcome[int]:
    """Say how long the account may wait for its rescue to arrive."""
    if isinstance(look.distance, Failure):
        return look.distance
    if look.chance is None:
        return _no_vol(policy.account_id)
    return horizon_at(look.chance, look.coins, look.distance, policy.patience_frac)


def _measures(policy: CallPolicy, look: Look) -> list[_Measure]:
    """Give every measure that the policy asks, as a number or as why there is none."""
    use: Outcome[float]
    if isinstance(look.report, Failure):
        use = look.report
    else:
        # Without equity the requirement is more than all of it.
        use = 1.0 if look.report.use_frac is None else to_model(look.report.use_frac)
    found = [_Measure("use", "ceiling", policy.use, use)]
    far: Outcome[float] = (
        look.distance if isinstance(look.distance, Failure) else _nearest(look.distance)
    )
    if policy.distance is not None:
        found.append(_Measure("distance", "floor", policy.distance, far))
    if policy.probability is not None:
        likely: Outcome[float]
        if isinstance(look.distance, Failure):
            likely = look.distance
        elif look.chance is None:
            likely = _no_vol(policy.account_id)
        else:
            likely = look.chance(look.coins, look.distance, policy.horizon_ns)
        found.append(_Measure("probability", "ceiling", policy.probability, likely))
    return found


def _level(measure: _Measure, inside_frac: float) -> int:
    if isinstance(measure.number, Failure):
        return 0
    bounds = measure.triggers.bounds_frac
    return levels_passed(measure.side, bounds, measure.number, inside_frac)


def _said(measure: _Measure) -> str:
    assert not isinstance(measure.number, Failure)
    return f"{measure.name} is {measure.number:.1%}"


def _nearest(distance: Distance) -> float:
    nearest = distance.nearest_frac
    if nearest is not None:
        return nearest
    return min(abs(distance.searched_down_frac), distance.searched_up_frac)


def _no_vol(account_id: str) -> Failure:
    return Failure(
        subject=account_id,
        reason="missing_data",
        message=f"no vol is known, so nobody can say how long {account_id} may wait",
    )


def open_calls(stands: Mapping[str, OnLadder]) -> tuple[Call, ...]:
    """Give the calls that are open, the one that may wait least first."""
    calls = [each.call for each in stands.values() if each.call is not None]
    return tuple(sorted(calls, key=lambda call: (call.deadline_ns or 0, call.call_id)))
