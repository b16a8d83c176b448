"""What ``hedgerow margin`` does: look at the desk once, ask the margin room, print."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from rich.console import Group

from hedgerow.app.asked import heading_of, lacking, looked_at, opened, show, status_of, surveyed
from hedgerow.app.loose_ends import terms_from_name
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.what_is_missing import remedies_of
from hedgerow.errors import DeskRejected, Failure, Outcome, OutOfDomain, RecordingRejected
from hedgerow.instruments import EntryContract, Instrument, Option, lot_of
from hedgerow.limits import Survey, account_node
from hedgerow.margin import Leg, Rulebook, mark_ccy, what_if, with_legs
from hedgerow.portfolio import Account
from hedgerow.reporting import builtins_of, explain_tables, margin_tables, what_if_tables
from hedgerow.reporting.figures import significant
from hedgerow.reporting.framing import troubles
from hedgerow.solvency import WhatIf, compared, distance, standing
from hedgerow.units import is_multiple

__all__ = [
    "in_lots",
    "judged_nodes",
    "leg_of",
    "legs_by_account",
    "show_requirements",
    "show_what_if",
    "terms_for",
]

# A coin costs thousands of dollars, and nobody pays a hundred times the mark for an option.
_TIMES_MARK_MAX: Final = 100.0


def show_requirements(
    source: Source, *, account: str | None, with_evidence: bool, as_json: bool
) -> int:
    """Print requirements line by line."""
    state = surveyed(source)
    reports = {node: state.reports[node] for node in judged_nodes(state, account)}
    tables = explain_tables if with_evidence else margin_tables
    shown = tables(reports, heading=heading_of(state))
    missing = lacking(state)
    told = builtins_of(reports)
    if missing:
        # The value of the desk is part of the exit status: the answer says what it lacks.
        told["desk"] = {"type": "failure", "lacking": builtins_of(missing)}
        shown = Group(shown, *troubles("Missing: the value of the desk is unknown", missing))
    show(told, shown, as_json=as_json)
    return status_of(state, as_json=as_json, asked=account)


def judged_nodes(state: Survey, account: str | None) -> tuple[str, ...]:
    """Give the node of an account that a venue may liquidate, or of all of them.

    Raises
    ------
    DeskRejected
        If there is none, or none of that name.
    """
    if not state.reports:
        raise DeskRejected("no account of the desk has a rulebook, so none must hold anything")
    names = {node: node.split("/")[-1] for node in state.reports}
    nodes = tuple(node for node, name in names.items() if account in (None, name))
    if not nodes:
        known = ", ".join(names.values())
        raise DeskRejected(f"no account {account!r} with a rulebook; there are: {known}")
    return nodes


def show_what_if(source: Source, *, account: str | None, add: Sequence[str], as_json: bool) -> int:
    """Print every account that gets a leg, or all, before and after."""
    desk, market, at_ns = opened(source)
    legs = legs_by_account(add, account, [each.account_id for each in desk.accounts])
    names = {leg.instrument_id for named in legs.values() for leg in named}
    instruments = {
        **desk.instruments,
        **{name: terms_for(name, desk.instruments) for name in names},
    }
    in_lots([leg for named in legs.values() for leg in named], instruments)
    known = [each.account_id for each in desk.accounts if each.rulebook is not None]
    for name in legs:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise DeskRejected(f"no account {name!r} with a rulebook; there are: {listed}")
    state = looked_at(desk, market, at_ns)
    found = {
        account_node(each): _compared(
            each,
            legs.get(each.account_id, ()),
            state,
            instruments,
            desk.rulebooks,
            remedies_of(desk, market, state.snapshot),
        )
        for each in state.book.accounts
        if each.account_id in known and account in (None, each.account_id)
    }
    heading = f"{heading_of(state)}, with some legs more"
    shown = what_if_tables(found, heading=heading, hints=_unit_hints(found, instruments))
    show(builtins_of(found), shown, as_json=as_json)
    return status(_troubles(found), is_quiet=as_json)


def leg_of(text: str) -> Leg:
    """Read a leg.

    >>> leg = leg_of("BTC-PERPETUAL:-5@60000")
    >>> leg.instrument_id, int(leg.quantity_contracts), int(leg.price_ccy)
    ('BTC-PERPETUAL', -5, 60000)

    Raises
    ------
    DeskRejected
        If it is none, or says no price.
    """
    traded, at, price = text.rpartition("@")
    if not at or not price:
        raise DeskRejected(f"--add {text}: no price; write INSTRUMENT:QUANTITY@PRICE")
    name, _, quantity = traded.rpartition(":")
    if not name or not quantity:
        raise DeskRejected(f"--add {text}: no quantity; write INSTRUMENT:QUANTITY@PRICE")
    try:
        return Leg(
            instrument_id=name, quantity_contracts=Decimal(quantity), price_ccy=Decimal(price)
        )
    except InvalidOperation as bad:
        raise DeskRejected(
            f"--add {text}: quantity and price must be numbers, such as BTC-PERPETUAL:-5@60000"
        ) from bad
    except ValueError as bad:
        raise DeskRejected(f"--add {text}: {bad}") from bad


def legs_by_account(
    add: Sequence[str], account: str | None, known: Sequence[str]
) -> Mapping[str, Sequence[Leg]]:
    """Give each account its legs; without one account for all, each leg names its own.

    Raises
    ------
    DeskRejected
        If a leg names no account, or names one of the desk's where one for all is named too.
    """
    legs: dict[str, list[Leg]] = {}
    for text in add:
        name, slash, rest = text.partition("/")
        if account is not None:
            if slash and name in known:
                told = "names it again" if name == account else "names another"
                raise DeskRejected(
                    f"--account {account} says where every leg goes, and --add {text} {told}: "
                    f"leave out --account, or write --add {rest}"
                )
            legs.setdefault(account, []).append(leg_of(text))
            continue
        if not slash:
            raise DeskRejected(
                f"--add {text}: into which account? Say --account, or write ACCOUNT/{text}"
            )
        legs.setdefault(name, []).append(leg_of(rest))
    return legs


def in_lots(legs: Sequence[Leg], instruments: Mapping[str, Instrument]) -> None:
    """Refuse a leg that no venue would take.

    Raises
    ------
    DeskRejected
        If a quantity is no multiple of its instrument's lot.
    """
    for leg in legs:
        lot = lot_of(instruments[leg.instrument_id])
        if lot is not None and not is_multiple(leg.quantity_contracts, lot):
            raise DeskRejected(
                f"--add {leg.instrument_id}: the quantity must be a multiple of the lot {lot:f}, "
                f"was {leg.quantity_contracts}"
            )


def terms_for(name: str, described: Mapping[str, Instrument]) -> Instrument:
    """Give the terms of an instrument that the desk describes, or whose name says them.

    Raises
    ------
    DeskRejected
        If neither is so.
    """
    if name in described:
        return described[name]
    try:
        return terms_from_name(name)
    except RecordingRejected as bad:
        raise DeskRejected(
            f"no instrument {name!r}: the desk describes {', '.join(described)}, and a name such "
            "as BTC-PERPETUAL or BTC-27MAR26-80000-P says its own terms"
        ) from bad


def _compared(
    account: Account,
    legs: Sequence[Leg],
    state: Survey,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    remedied: Callable[[Failure], str],
) -> Outcome[WhatIf]:
    """Set one account before and after its legs side by side; what is unknown now stays so.

    Raises
    ------
    DeskRejected
        If the account can be judged now and could not with the legs, such as for want of a price.
    """
    node = account_node(account)
    report, far = state.reports[node], state.distances[node]
    if isinstance(report, Failure):
        return report
    if isinstance(far, Failure):
        return far
    before = standing(report, far)
    if not legs:
        return compared(report, (), (), before, before)
    rulebook = rulebooks[report.rulebook]
    try:
        changed = with_legs(account, legs, instruments)
        then = what_if(account, legs, instruments, state.snapshot, rulebook)
    except OutOfDomain as bad:
        raise DeskRejected(f"{account.account_id}: {bad}") from bad
    if isinstance(then, Failure):
        raise DeskRejected(f"{account.account_id} with the legs: {remedied(then)}")
    there = distance(changed, instruments, state.snapshot, rulebook)
    if isinstance(there, Failure):
        raise DeskRejected(f"{account.account_id} with the legs: {remedied(there)}")
    marks = [_mark(leg, instruments, state) for leg in legs]
    return compared(report, legs, marks, before, standing(then, there))


def _mark(leg: Leg, instruments: Mapping[str, Instrument], state: Survey) -> float | None:
    """Give the mark of a leg that has been booked, so is future, perpetual or option."""
    terms = instruments[leg.instrument_id]
    assert isinstance(terms, EntryContract | Option)
    mark = mark_ccy(terms, state.snapshot)
    return None if isinstance(mark, Failure) else mark


def _unit_hints(
    found: Mapping[str, Outcome[WhatIf]], instruments: Mapping[str, Instrument]
) -> Sequence[str]:
    """Say where an option quoted in coin has a price that looks as if it were in dollars."""
    told: dict[str, None] = {}
    for each in found.values():
        if isinstance(each, Failure):
            continue
        for leg, mark in zip(each.legs, each.marks_ccy, strict=True):
            terms = instruments[leg.instrument_id]
            if not isinstance(terms, Option) or not terms.is_coin_settled or not mark:
                continue
            if float(leg.price_ccy) > _TIMES_MARK_MAX * mark:
                told[
                    f"{leg.price_ccy} for {leg.instrument_id}: is that in USD? the venue quotes it "
                    f"in {terms.settlement}, its mark is {significant(mark, 4)}."
                ] = None
    return tuple(told)


def _troubles(found: Mapping[str, Outcome[WhatIf]]) -> list[str]:
    told = []
    for node, each in found.items():
        if isinstance(each, Failure):
            told.append(f"the requirement of {node.split('/')[-1]} is unknown")
        elif each.after.is_liquidatable:
            told.append(f"{each.account_id} would be liquidatable")
    return told
