"""May this trade be made? Every limit before and after it, and what speaks against it.

The legs are booked at their own prices, everything else stands still, and the whole desk is judged
again.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.instruments import Instrument
from hedgerow.limits.judge import WORST_FIRST
from hedgerow.limits.records import METRICS, Key, Limit, LimitState
from hedgerow.limits.survey import Survey, account_node, survey
from hedgerow.margin import Leg, MarginReport, Rulebook, with_legs
from hedgerow.portfolio import book

__all__ = ["Change", "PreTrade", "pre_trade"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One limit on one node before and after; None where it did not or does not exist.

    `objection` says why the trade must not be made on its account; empty where it may.
    """

    before: LimitState | None
    after: LimitState | None
    objection: str = ""


class PreTrade(NamedTuple):
    """The desk after the trade, every limit before and after, worst first, and what is against it.

    `objections` has those of limits, and of accounts that the trade leaves without margin.
    """

    after: Survey
    changes: tuple[Change, ...]
    objections: tuple[str, ...]


def pre_trade(
    now: Survey,
    legs: Mapping[str, Sequence[Leg]],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    limits: Iterable[Limit],
) -> PreTrade:
    """Judge a desk with some legs more.

    A trade is objected to where it takes a limit beyond hard, or one beyond soft further out, or
    where it leaves one unknown or expired: of those nobody can say that it is within. One that is
    beyond hard and comes back some of the way is not in its way.

    Parameters
    ----------
    legs
        By account.

    Raises
    ------
    OutOfDomain
        If an account is not there, or a leg cannot be booked.
    """
    known = [each.account_id for each in now.book.accounts]
    for name in legs:
        if name not in known:
            raise OutOfDomain(f"no account {name!r}; there are: {', '.join(known)}")
    accounts = [
        with_legs(each, legs.get(each.account_id, ()), instruments) for each in now.book.accounts
    ]
    after = survey(book(accounts, instruments), now.snapshot, rulebooks, limits)
    before_of, after_of = _by_key(now.limits), _by_key(after.limits)
    changes = [
        Change(before=before, after=then, objection=_objection(before, then))
        for key in {**after_of, **before_of}
        for before, then in [(before_of.get(key), after_of.get(key))]
    ]
    objections = [each.objection for each in changes if each.objection]
    return PreTrade(after, tuple(changes), (*objections, *_unmargined(now, after, legs)))


def _by_key(states: Iterable[LimitState]) -> dict[Key, LimitState]:
    """Keep the worst of equals, which comes first: a limit written twice, and renewed once."""
    found: dict[Key, LimitState] = {}
    for state in states:
        found.setdefault(state.key, state)
    return found


def _objection(before: LimitState | None, after: LimitState | None) -> str:
    if after is None:  # nothing is left there to be limited
        return ""
    name = f"{after.node} {METRICS[after.metric].title}{f' ({after.of})' if after.of else ''}"
    if after.rung == "unknown":
        return f"{name} is unknown: {after.message}"
    if after.rung == "expired":
        return f"{name} has an expired limit"
    is_worse = before is None or _is_worse(before, after)
    if after.rung == "hard":
        if before is not None and before.rung == "hard":
            return f"{name} is beyond hard and gets worse" if is_worse else ""
        return f"{name} goes beyond hard"
    if after.rung == "soft" and is_worse:
        return f"{name} gets worse beyond soft"
    return ""


def _is_worse(before: LimitState, after: LimitState) -> bool:
    if WORST_FIRST[after.rung] != WORST_FIRST[before.rung]:
        return WORST_FIRST[after.rung] < WORST_FIRST[before.rung]
    was, will_be = before.value_frac_usd_or_coin, after.value_frac_usd_or_coin
    if was is None or will_be is None:  # hard without a number: no equity, before or after
        return was is not None
    if METRICS[after.metric].side == "floor":
        return will_be < was
    return abs(will_be) > abs(was)


def _unmargined(now: Survey, after: Survey, legs: Mapping[str, Sequence[Leg]]) -> list[str]:
    """Name the accounts that trade and could not: the venue would refuse, or liquidate them.

    Of an account without a rulebook nobody can say that it could.
    """
    told = []
    for account in now.book.accounts:
        node = account_node(account)
        if not legs.get(account.account_id):
            continue
        if account.rulebook is None:
            told.append(f"{account.account_id} has no rulebook to say whether it may trade")
            continue
        report = after.reports[node]
        if isinstance(report, Failure):
            told.append(f"the requirement of {account.account_id} is unknown: {report.message}")
        elif report.is_liquidatable:
            told.append(f"{account.account_id} would be liquidatable")
        elif (lack := _lack_ccy(report)) > 0:
            was = now.reports[node]
            if isinstance(was, Failure) or _lack_ccy(was) <= lack:  # else it is on its way back
                told.append(f"{account.account_id} would lack initial margin")
    return told


def _lack_ccy(report: MarginReport) -> Decimal:
    return report.requirement_initial_ccy - report.equity_ccy
