"""Bring every account back to its buffer at the least cost, and prove it by the margin engines.

The desk is read as a problem (`collateral.reading`), allocated, and every account it touches is
asked for by its own engine: before, after each transfer in the order given, and in every scenario.
Where an engine says less than its curve promised, as it may where two assets count together for
less than apart, that much more is asked for and the problem solved again. A plan that the engines
do not bear out is not given at all.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from hedgerow.collateral.allocate import allocate
from hedgerow.collateral.engines import NOW, Asked, Changes
from hedgerow.collateral.reading import NEEDS, DeskRow, Reading
from hedgerow.collateral.records import (
    Allocation,
    BufferPolicy,
    LeastPlan,
    Move,
    Route,
    TransferPlan,
)
from hedgerow.collateral.standing import why_short
from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.limits import Survey, Use
from hedgerow.margin import MarginReport, Rulebook
from hedgerow.market import Shock
from hedgerow.units import CENT_USD, digits_of, exact_lots, percent, to_exact, to_model

__all__ = ["EARNS_FRAC_PER_YEAR", "POSTED_DAYS", "least_plan"]

# What a dollar earns that is not posted, and how long a posting stays: assumptions, by which ways
# are compared. Round figures that rank ways; no market was asked, and every answer tells of them.
EARNS_FRAC_PER_YEAR: Final = 0.05
POSTED_DAYS: Final = 30.0
# Curves that are right take one; drawn desks whose curves promised fourfold took up to five.
_ROUNDS_COUNT = 6
# What floats leave of a figure: engines are asked for as much more where they find less.
_LEFT_FRAC = Decimal("1e-9")
# By so much of itself a level must come out above its chord to be worth another round: a thousand
# times what floats leave, and still no more than a dollar of a million.
_CHORD_FRAC = Decimal("1e-6")


def least_plan(
    policies: Iterable[BufferPolicy],
    routes: Sequence[Route],
    survey: Survey,
    rulebooks: Mapping[str, Rulebook],
    *,
    scenarios: Mapping[str, Shock] = MappingProxyType({}),
    reserve_usd: float = 0.0,
    in_transit_coin: Sequence[tuple[str, str, Decimal, Use]] = (),
    deadline_ns: Mapping[str, int] = MappingProxyType({}),
    transit_haircut_frac: Mapping[str, float] = MappingProxyType({}),
    earns_frac_per_year: float = EARNS_FRAC_PER_YEAR,
    horizon_days: float = POSTED_DAYS,
) -> LeastPlan:
    """Find the cheapest moves that refill buffers.

    Parameters
    ----------
    scenarios
        Shocks by name, after each of which an account with a buffer shall be within its trigger.
    reserve_usd
        What must stay in accounts without a rulebook, at the worst prices of the scenarios.
    in_transit_coin
        As `hedgerow.collateral.plan` takes it.
    deadline_ns
        By account, how long from now what is sent there may take; what would come later is not
        sent.
    transit_haircut_frac
        By asset, what part of it is not counted upon while it is on its way.
    earns_frac_per_year, horizon_days
        What a dollar earns that is not posted, and for how long what is posted stays.

    Returns
    -------
    LeastPlan
        Without moves where no account is short, where nothing can be known, and where the engines
        do not bear an allocation out; `unmet` then says so.

    Raises
    ------
    OutOfDomain
        If a number is negative or not finite, a haircut is above one, or a scenario has the name
        of a need; named.
    """
    _refuse_numbers(
        (
            ("reserve_usd", reserve_usd, math.inf),
            ("earns_frac_per_year", earns_frac_per_year, math.inf),
            ("horizon_days", horizon_days, math.inf),
            *((f"deadline_ns of {name}", each, math.inf) for name, each in deadline_ns.items()),
            *(
                (f"transit_haircut_frac of {asset}", each, 1.0)
                for asset, each in transit_haircut_frac.items()
            ),
        )
    )
    taken = sorted({*scenarios} & {NOW, *NEEDS})
    if taken:
        raise OutOfDomain(f"a scenario must not be called {taken[0]}, which is a need of its own")
    reading = Reading(
        policies=tuple(policies),
        routes=routes,
        asked=Asked(survey, rulebooks, dict(scenarios)),
        in_transit_coin=in_transit_coin,
        reserve_usd=reserve_usd,
        earns_frac_per_year=earns_frac_per_year,
        horizon_days=horizon_days,
        deadline_ns=deadline_ns,
        transit_haircut_frac=transit_haircut_frac,
    )
    if not reading.short:
        return LeastPlan(transfers=TransferPlan(moves=(), unmet=_told(reading)), allocation=None)
    return _settled(reading)


def _refuse_numbers(given: Iterable[tuple[str, float, float]]) -> None:
    """Hold numbers from zero to the most that each may be, and finite."""
    for label, value, value_max in given:
        if not (0.0 <= value <= value_max and value < math.inf):
            bound = "" if value_max == math.inf else f" or above {value_max:g}"
            raise OutOfDomain(f"{label} must be finite and not negative{bound}, was {value}")


def _settled(reading: Reading) -> LeastPlan:
    """Allocate, and ask the engines, until they bear out what was allocated."""
    for _ in range(_ROUNDS_COUNT):
        found = allocate(reading.problem())
        if isinstance(found, Failure):
            return _nothing(reading, found)
        moves = _moves(found, reading)
        if isinstance(moves, Failure):
            return _nothing(reading, moves)
        verdict = _verdict(found, moves, reading)
        if isinstance(verdict, Failure):
            return _nothing(reading, verdict)
        if not _learnt(verdict, moves, reading):
            unmet = (*_told(reading), *_short(found, moves, reading))
            return LeastPlan(transfers=TransferPlan(moves=moves, unmet=unmet), allocation=found)
    return _nothing(
        reading,
        Failure(
            subject="allocation",
            reason="not_converged",
            message="the margin engines do not bear out what was allocated; nothing is moved",
        ),
    )


def _told(reading: Reading) -> tuple[Failure, ...]:
    return tuple(dict.fromkeys(reading.unmet))


def _nothing(reading: Reading, why: Failure) -> LeastPlan:
    transfers = TransferPlan(moves=(), unmet=(*_told(reading), why))
    return LeastPlan(transfers=transfers, allocation=None)


def _moves(found: Allocation, reading: Reading) -> Outcome[tuple[Move, ...]]:
    """Write transfers exactly, with the use that each brings its target to, as its engine says."""
    route_of = {(r.source_account_id, r.target_account_id, r.asset, r.use): r for r in reading.ways}
    moves: list[Move] = []
    for sent in found.moves:
        link = sent.link
        route = route_of[link.source, link.target, link.asset, link.use]
        coin = exact_lots(sent.quantity_coin, route.step_coin)
        assert coin > 0, "what is sent is at least a step"
        before = _use_frac(reading, route.target_account_id, moves)
        price = reading.survey.snapshot.asset(route.asset)
        if isinstance(price, Failure):
            return price
        # As the guards count it: a cent too much rather than too little.
        price_usd = to_exact(price.price_usd, CENT_USD, "up")
        moves.append(
            Move(
                route=route,
                quantity_coin=coin,
                use_before_frac=before,
                use_after_frac=None,
                cost_expected_usd=to_model(route.fee_coin * price_usd),
                waits_for_index=sent.waits_for_index,
            )
        )
        after = _use_frac(reading, route.target_account_id, moves)
        moves[-1] = msgspec.structs.replace(moves[-1], use_after_frac=after)
    return tuple(moves)


def _changes(name: str, gone: Iterable[Move], come: Iterable[Move], reading: Reading) -> Changes:
    """Give what an account has more or less of; what was sent earlier has arrived."""
    total: dict[tuple[str, Use], Decimal] = {}
    for target, asset, coin, use in reading.in_transit_coin:
        if target == name:
            total[asset, use] = total.get((asset, use), Decimal(0)) + coin
    for move in come:
        if move.route.target_account_id == name:
            key: tuple[str, Use] = (move.route.asset, move.route.use)
            total[key] = total.get(key, Decimal(0)) + move.quantity_coin
    for move in gone:
        if move.route.source_account_id == name:
            balance: tuple[str, Use] = (move.route.asset, "balance")
            taken = move.quantity_coin + move.route.fee_coin
            total[balance] = total.get(balance, Decimal(0)) - taken
    return tuple((asset, use, coin) for (asset, use), coin in total.items())


def _use_frac(reading: Reading, name: str, moves: Sequence[Move]) -> Decimal | None:
    account = reading.standing[name].account
    if account.rulebook is None:
        return None
    report = reading.asked.report(account, _changes(name, moves, moves, reading))
    return None if isinstance(report, Failure) else report.use_frac


class _Verdict(NamedTuple):
    """What the engines say of an allocation: which rows lack how much, and what is worth more.

    `lacking_ccy` is by account and need, `worth_more` are accounts of which a row comes out above
    what its chord foretold: less might do.
    """

    lacking_ccy: tuple[tuple[tuple[str, str], Decimal], ...]
    worth_more: tuple[str, ...]


def _verdict(found: Allocation, moves: Sequence[Move], reading: Reading) -> Outcome[_Verdict]:
    """Ask the engines of every row that an allocation covers what comes of it."""
    lacking_ccy: list[tuple[tuple[str, str], Decimal]] = []
    worth_more: list[str] = []
    covered = {(cover.venue, cover.need): cover for cover in found.cover}
    for row in reading.rows:
        name = row.account.account_id
        before = reading.asked.report(row.account, (), row.scenario)
        after = reading.asked.report(
            row.account, _changes(name, moves, moves, reading), row.scenario
        )
        for report in (before, after):
            if isinstance(report, Failure):
                return report
        cover = covered.get((name, row.name))
        if cover is None:
            continue
        assert not isinstance(before, Failure)
        assert not isinstance(after, Failure)
        at = row.equity_ccy(before, after)
        is_short = f"{name}: {row.name}" in found.conflicts
        wanted = min(row.needed_ccy, row.now_ccy) if is_short else row.needed_ccy
        floor = min(row.needed_ccy, row.now_ccy)
        lowest = _lowest(row, before, found, moves, reading)
        if isinstance(lowest, Failure):
            return lowest
        lacking = max(wanted - at, floor - lowest)
        if lacking > 0:
            more = lacking + _LEFT_FRAC * abs(row.needed_ccy)
            lacking_ccy.append(((name, row.name), more))
        elif at - digits_of(cover.after_ccy) > _CHORD_FRAC * max(abs(at), Decimal(1)):
            worth_more.append(name)
    return _Verdict(tuple(lacking_ccy), tuple(worth_more))


def _learnt(verdict: _Verdict, moves: Sequence[Move], reading: Reading) -> bool:
    """Ask for what lacks, and at the amounts that were chosen; say whether any of it is new."""
    is_new = False
    for key, more_ccy in verdict.lacking_ccy:
        # Twice as much as before, for steps swallow what is too little.
        reading.raised_ccy[key] = 2 * reading.raised_ccy.get(key, Decimal(0)) + more_ccy
        is_new = True
    for name in verdict.worth_more:
        is_new = _sampled(name, moves, reading) or is_new
    return is_new


def _lowest(
    row: DeskRow,
    before: MarginReport,
    found: Allocation,
    moves: Sequence[Move],
    reading: Reading,
) -> Outcome[Decimal]:
    """Give the lowest that a row is at any time: after each leg out, with what it waited for."""
    name, lowest = row.account.account_id, row.now_ccy
    for i, move in enumerate(moves):
        if move.route.source_account_id != name:
            continue
        come = [moves[j] for j in found.moves[i].waits_for_index]
        changes = _changes(name, moves[: i + 1], come, reading)
        report = reading.asked.report(row.account, changes, row.scenario)
        if isinstance(report, Failure):
            return report
        lowest = min(lowest, row.equity_ccy(before, report))
    return lowest


def _sampled(name: str, moves: Sequence[Move], reading: Reading) -> bool:
    """Ask next time at what was chosen, too; say whether that is new."""
    is_new = False
    for asset, use, coin in _changes(name, moves, moves, reading):
        kept = reading.sampled_coin.setdefault((name, asset, use), set())
        if coin not in kept:
            kept.add(coin)
            is_new = True
    return is_new


def _short(found: Allocation, moves: Sequence[Move], reading: Reading) -> Iterable[Failure]:
    """Name the accounts that stay short."""
    for name in reading.short:
        stays = [cover for cover in found.cover if cover.venue == name and cover.short_ccy > 0]
        stays = [cover for cover in stays if f"{cover.venue}: {cover.need}" in found.conflicts]
        covers = {cover.venue for cover in found.cover}
        if name in covers and not stays:
            continue
        use = _use_frac(reading, name, moves)
        stands = reading.standing[name]
        policy = stands.policy
        shown = "unknown (no equity)" if use is None else percent(use)
        wanted = "" if policy is None else f", wanted {percent(policy.target_use_frac)}"
        needs = ", ".join(cover.need for cover in stays)
        rows = f" (short in: {needs})" if needs else ""
        yield Failure(
            subject=name,
            reason="no_source",
            message=f"use stays at {shown}{wanted}{rows}: {_why_short(name, reading)}",
        )


def _why_short(name: str, reading: Reading) -> str:
    """Say why routes do not fill an account: because those that lead there are too slow, too."""
    why = why_short(reading.standing[name], reading.routes)
    leading = [each for each in reading.routes if each.target_account_id == name]
    limit_ns = reading.deadline_ns.get(name)
    if limit_ns is None or not any(each.latency_ns > limit_ns for each in leading):
        return why
    if all(each.latency_ns > limit_ns for each in leading):
        return "no route to it arrives in time"
    return f"{why} in time"
