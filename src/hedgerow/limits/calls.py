"""The ladder of a margin call: calm, watch, call, inject, reduce, liquidated; and the calls on it.

An account climbs by the metrics that its policy asks (`TRIGGERS`), whichever is worst, and comes
down only from well inside (`hysteresis`). From `call` on a call is open: how much, in what, by
when, which way, from whom, and what closes it. Nothing that was sent closes a call: only an
observation of the account later than the call, by whose numbers it has come down.

`liquidated` is a fact and not a rung that is held: the account is liquidatable as it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.limits.arrival import Goal, Patient, Use, amount_to_goals
from hedgerow.limits.call_records import (
    LADDER,
    Call,
    CallPolicy,
    CallRoute,
    CallRung,
    OnLadder,
    Receipt,
    Way,
)
from hedgerow.limits.chance import horizon_at
from hedgerow.limits.hysteresis import CLEAR_FRAC, level_held
from hedgerow.limits.judge import levels_passed
from hedgerow.limits.metrics import TRIGGERS, USE
from hedgerow.limits.seen import Chance, Given, Measured, Seen, account_node
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.portfolio import Account, book
from hedgerow.solvency import distance
from hedgerow.units import SECOND_NS, format_ns, percent

__all__ = ["Look", "on_ladder", "open_calls"]

_CALL: Final = LADDER.index("call")
_LAST: Final = len(LADDER) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One account as it was seen on its desk, and who knows how likely its liquidation is.

    `rulebook` is None where it is not at hand; `debt_asset` is what most is owed of in a lending
    market. `step_ccy` is the least amount that a call is told in.
    """

    seen: Seen
    account: Account
    rulebook: Rulebook | None
    chance: Chance | None
    step_ccy: Decimal
    debt_asset: str | None = None

    @property
    def node(self) -> str:
        """Its place in the exposure tree."""
        return account_node(self.account)

    @property
    def report(self) -> Outcome[MarginReport]:
        """What its venue asks of it."""
        return self.seen.reports[self.node]

    @property
    def time_ns(self) -> int:
        """The time of the look; the account itself was observed before."""
        return self.seen.snapshot.time_ns

    def measured(self, metric: str, horizon_ns: int) -> Measured:
        """Measure the account as a limit on it would be."""
        given = Given(horizon_ns=horizon_ns, chance=self.chance)
        (found,) = TRIGGERS[metric].measure(metric, self.seen, given, lambda n: n == self.node)
        return found

    def of_changed(self, account: Account, rulebook: Rulebook) -> "Look":
        """Look at the account alone as if it were this one, in the same market."""
        terms, snapshot = self.seen.book.terms, self.seen.snapshot
        seen = Seen(
            book([account], terms),
            snapshot,
            msgspec.structs.replace(self.seen.exposures, rows=()),
            {self.node: require(account, terms, snapshot, rulebook)},
            {self.node: distance(account, terms, snapshot, rulebook)},
        )
        return replace(self, seen=seen, account=account)


def on_ladder(
    policy: CallPolicy, before: OnLadder | None, look: Look, routes: Sequence[CallRoute]
) -> OnLadder:
    """Give where an account stands after one more look, by where it stood before."""
    found = {metric: look.measured(metric, policy.horizon_ns) for metric in TRIGGERS}
    asked = {metric: found[metric] for metric in policy.triggers}
    level, since_ns = _held(policy, before, look, asked)
    stands = OnLadder(
        account_id=policy.account_id,
        node=look.node,
        rung=_rung(level, look, asked),
        level_index=level,
        since_ns=since_ns,
        reasons=_reasons(policy, asked, level),
        measured_frac={metric: each.value_frac_usd_or_coin for metric, each in found.items()},
        toward=next((each.toward for each in found.values() if each.toward), ""),
    )
    former = None if before is None else before.call
    return _with_call(stands, policy, former, look, routes)


def _held(
    policy: CallPolicy, before: OnLadder | None, look: Look, asked: Mapping[str, Measured]
) -> tuple[int, int]:
    """Give the level after this look, and since when it is held."""
    passed, cleared = _worst(policy, asked), _worst(policy, asked, CLEAR_FRAC)
    if _is_liquidatable(look):
        passed = cleared = _LAST
    if before is None:
        return passed, look.time_ns
    if _is_unknown(asked):  # what is not known does not let it down
        passed = cleared = max(passed, before.level_index)
    level = level_held(
        before.level_index, before.since_ns, passed, cleared, look.time_ns, policy.dwell_ns
    )
    return level, before.since_ns if level == before.level_index else look.time_ns


def _rung(level_index: int, look: Look, asked: Mapping[str, Measured]) -> CallRung:
    if _is_liquidatable(look):
        return "liquidated"
    return "unknown" if _is_unknown(asked) else LADDER[level_index]


def _reasons(
    policy: CallPolicy, asked: Mapping[str, Measured], level_index: int
) -> tuple[str, ...]:
    """Say what is unknown, and what keeps the account where it is."""
    unknown = [each.message for each in asked.values() if each.rung == "unknown"]
    keeps = [
        each.message
        for metric, each in asked.items()
        if 0 < level_index <= _level(policy, metric, each, CLEAR_FRAC)
    ]
    return (*unknown, *keeps)


def _worst(policy: CallPolicy, asked: Mapping[str, Measured], inside_frac: float = 0.0) -> int:
    return max(_level(policy, metric, each, inside_frac) for metric, each in asked.items())


def _level(policy: CallPolicy, metric: str, measured: Measured, inside_frac: float) -> int:
    """Give the level that one metric asks for; none of an unknown one."""
    number = measured.value_frac_usd_or_coin
    if number is None:
        return _LAST if measured.rung == "hard" else 0
    bounds = policy.triggers[metric].bounds_frac
    return levels_passed(TRIGGERS[metric].side, bounds, number, inside_frac)


def _is_unknown(asked: Mapping[str, Measured]) -> bool:
    return any(each.rung == "unknown" for each in asked.values())


def _is_liquidatable(look: Look) -> bool:
    report = look.report
    return not isinstance(report, Failure) and report.is_liquidatable


def _with_call(
    stands: OnLadder,
    policy: CallPolicy,
    former: Call | None,
    look: Look,
    routes: Sequence[CallRoute],
) -> OnLadder:
    """Open, renew, keep or close the call of an account."""
    report = look.report
    if isinstance(report, Failure) or look.rulebook is None:
        return msgspec.structs.replace(stands, call=former)  # nothing was seen, nothing closes
    if stands.level_index >= _CALL:
        call = _call(policy, former, look, look.rulebook, routes)
        return msgspec.structs.replace(stands, call=call)
    if former is None:
        return stands
    is_seen_since = look.account.time_observed_ns > former.opened_ns
    if stands.rung == "unknown" or not is_seen_since:
        return msgspec.structs.replace(stands, call=former)
    return msgspec.structs.replace(stands, receipt=_receipt(former, look, report))


def _receipt(former: Call, look: Look, report: MarginReport) -> Receipt:
    """Say which sight of the account closes its call."""
    balance = look.account.balance_coin(former.currency)
    size = former.size_ccy
    has_come = size is not None and balance - former.balance_coin >= size > 0
    return Receipt(
        call_id=former.call_id,
        account_id=former.account_id,
        time_ns=look.time_ns,
        time_observed_ns=look.account.time_observed_ns,
        seen_in="balance" if has_come else "requirement",
        balance_coin=balance,
        equity_ccy=report.equity_ccy,
        requirement_ccy=report.requirement_maintenance_ccy,
    )


def _call(
    policy: CallPolicy,
    former: Call | None,
    look: Look,
    rulebook: Rulebook,
    routes: Sequence[CallRoute],
) -> Call:
    """Open a call, or renew one by what is seen now."""
    patient = Patient(look.account, look.seen.book.terms, look.seen.snapshot, rulebook)
    goals = _goals(policy, look, rulebook)
    asset = look.account.currency if look.debt_asset is None else look.debt_asset
    use: Use = "balance" if look.debt_asset is None else "repay"
    size = amount_to_goals(patient, goals, asset, use, look.step_ccy)
    wait_ns = _wait_ns(policy, look)
    ways = tuple(_way(each, goals, patient, wait_ns) for each in routes)
    open_ns = [
        each.deadline_ns
        for each in ways
        if each.deadline_ns is not None and each.quantity_coin and not each.missing
    ]
    opened_ns = look.time_ns if former is None else former.opened_ns
    also = " and as far and as safe as its policy asks" if len(policy.triggers) > 1 else ""
    return Call(
        call_id=f"{policy.account_id}-{format_ns(opened_ns)}",
        account_id=policy.account_id,
        opened_ns=opened_ns,
        size_ccy=None if isinstance(size, Failure) else size,
        currency=asset,
        deadline_ns=max(open_ns, default=None),
        ways=ways,
        owner=policy.owner,
        proof=f"{policy.account_id} seen later than the call, with a requirement below "
        f"{percent(policy.closes_use_frac)} of its equity{also}",
        balance_coin=look.account.balance_coin(asset),
        missing=tuple(each for each in (size, wait_ns) if isinstance(each, Failure)),
    )


def _goals(policy: CallPolicy, look: Look, rulebook: Rulebook) -> tuple[Goal, ...]:
    """Say where a call brings an account: to its use, then to where every trigger lets it down.

    The second is asked of the measures themselves, by which the call is to close: an account that
    breaks nearer than it heals is not taken for a safe one, nor a distance rounded up.
    """

    def is_at_use(account: Account) -> Outcome[bool]:
        report = require(account, look.seen.book.terms, look.seen.snapshot, rulebook)
        if isinstance(report, Failure):
            return report
        return report.use_frac is not None and report.use_frac <= policy.target_use_frac

    def is_let_down(account: Account) -> Outcome[bool]:
        then = look.of_changed(account, rulebook)
        for metric in policy.triggers:
            found = then.measured(metric, policy.horizon_ns)
            if found.rung == "unknown":
                # What is measured of one account is unknown for one reason.
                return msgspec.structs.replace(found.missing[0], subject=policy.account_id)
            if _level(policy, metric, found, CLEAR_FRAC) >= _CALL:
                return False
        return True

    return (is_at_use, is_let_down) if set(policy.triggers) > {USE} else (is_at_use,)


def _way(route: CallRoute, goals: Sequence[Goal], patient: Patient, wait_ns: Outcome[int]) -> Way:
    found = amount_to_goals(patient, goals, route.asset, route.use, route.step_coin)
    latency_ns = round(route.latency_p99_s * SECOND_NS)
    return Way(
        route=route.name,
        asset=route.asset,
        use=route.use,
        quantity_coin=None if isinstance(found, Failure) else found,
        latency_p99_s=route.latency_p99_s,
        deadline_ns=None
        if isinstance(wait_ns, Failure)
        else patient.snapshot.time_ns + wait_ns - latency_ns,
        missing=tuple(
            each for each in (found, wait_ns, _short(route, found)) if isinstance(each, Failure)
        ),
    )


def _short(route: CallRoute, wanted_coin: Outcome[Decimal]) -> Failure | None:
    """Say that a source cannot send what is wanted, or that nobody knows."""
    spare = route.spare_coin
    if isinstance(wanted_coin, Failure) or (spare is not None and wanted_coin <= spare):
        return None
    if spare is None:
        said = f"what the source of {route.name} can spare is unknown"
        return Failure(subject=route.name, reason="missing_data", message=said)
    said = f"its source can spare {spare.normalize():f} {route.asset} at most"
    return Failure(subject=route.name, reason="no_source", message=said)


def _wait_ns(policy: CallPolicy, look: Look) -> Outcome[int]:
    """Say how long the account may wait for its rescue to arrive."""
    far = look.seen.distances[look.node]
    if isinstance(far, Failure):
        return far
    if look.chance is None:
        return Failure(
            subject=policy.account_id,
            reason="missing_data",
            message=f"no vol is known, so nobody can say how long {policy.account_id} may wait",
        )
    coins = look.seen.coins_of(look.account)
    return horizon_at(look.chance, coins, far, policy.patience_frac)


def open_calls(stands: Mapping[str, OnLadder]) -> tuple[Call, ...]:
    """Give the calls that are open, the one that may wait least first.

    Those that only their dwell holds open, with nothing left to send, come last.
    """
    calls = [each.call for each in stands.values() if each.call is not None]
    return tuple(
        sorted(calls, key=lambda call: (call.size_ccy == 0, call.deadline_ns or 0, call.call_id))
    )
