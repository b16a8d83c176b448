"""What ``hedge plan``, ``collateral plan`` and ``collateral freed`` do: print, and send nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec
from rich.console import Group

from hedgerow import collateral, hedging
from hedgerow.app.asked import breaches_of, heading_of, looked_at, opened, show, status_of
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.app.lengths import length_ns
from hedgerow.app.options import Source
from hedgerow.app.shocks import read_shock
from hedgerow.app.transit import Sent, haircuts_of, sent_of, told_on_the_way
from hedgerow.app.verdict import status
from hedgerow.collateral import (
    EARNS_FRAC_PER_YEAR,
    POSTED_DAYS,
    Allocation,
    LeastPlan,
    TransferPlan,
    freed,
    least_plan,
)
from hedgerow.errors import RequestRejected
from hedgerow.hedging import Narrowing, TradePlan
from hedgerow.limits import Survey
from hedgerow.margin import rulebooks_at
from hedgerow.market import Shock
from hedgerow.planning import cost_kinds, plan
from hedgerow.reporting import allocation_tables, builtins_of, freed_tables, plan_tables
from hedgerow.reporting.bands import narrowed
from hedgerow.reporting.remedies import with_remedy
from hedgerow.solvency import coins_moved
from hedgerow.units import MINUTE_NS

__all__ = ["show_freed", "show_hedges", "show_transfers"]

_NO_FUNDING = "Funding while a hedge is held is in no cost here; `plan make` counts it."


def show_hedges(source: Source, *, as_json: bool) -> int:
    """Print the trades that bring each coin's delta back into its band."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    trades = hedging.plan(desk.hedges, state, desk.perpetuals, is_once=True)
    nothing = TransferPlan(moves=(), unmet=())
    named = ", ".join(each.underlying for each in desk.hedges)
    asked_of = (
        f"The [[hedges]] of the desk file are for {named}."
        if named
        else "The desk file has no [[hedges]]: it names no perpetual to hedge a coin with."
    )
    acts_when = (
        f"Hedges bring a coin's delta back into its band by whole lots; none of {named} is a lot "
        "outside of its own, and other limits are not theirs."
        if desk.hedges
        else "The desk file has no [[hedges]]."
    )
    return _show(
        desk,
        market,
        state,
        trades,
        nothing,
        asked_of,
        acts_when,
        taken=(_NO_FUNDING,) if trades.trades else (),
        narrowings={
            each.underlying: each.narrowing for each in trades.trades if each.narrowing is not None
        },
        unknown=tuple(_unknown(trades)),
        as_json=as_json,
    )


def _unknown(trades: TradePlan) -> Iterator[str]:
    """Say which hedges cannot be judged; one that is only cut to book or budget is."""
    for each in trades.unmet:
        if each.reason != "no_source":
            yield f"a hedge is unknown ({each.subject}): {with_remedy(each)}"


def show_transfers(
    source: Source,
    *,
    method: Literal["least", "greedy"],
    reserve_usd: float,
    scenarios: Sequence[str],
    within: str | None,
    transit_haircut: Sequence[str],
    on_its_way: Sequence[str],
    earns_frac_per_year: float | None,
    posted_days: float | None,
    as_json: bool,
) -> int:
    """Print the transfers that refill each account's buffer.

    Raises
    ------
    RequestRejected
        If a scenario, a duration, a haircut or what is on its way cannot be read, or greedy is
        asked for what only the least cost can keep to.
    """
    asked_beside = (
        ("--reserve", reserve_usd > 0),
        ("--scenarios", scenarios),
        ("--within", within is not None),
        ("--transit-haircut", transit_haircut),
        ("--earns", earns_frac_per_year is not None),
        ("--posted-days", posted_days is not None),
    )
    for flag, is_asked in asked_beside:
        if method == "greedy" and is_asked:
            raise RequestRejected(f"{flag} goes with --method least, not with greedy")
    within_ns = length_ns("--within", within)
    desk, market, at_ns = opened(source)
    haircuts = haircuts_of(transit_haircut, desk)
    sent_coin = sent_of(on_its_way, desk)
    told = tuple(told_on_the_way(within, haircuts, sent_coin))
    state = looked_at(desk, market, at_ns)
    if method == "greedy":
        moves = collateral.plan(
            desk.buffers, desk.routes, state, rulebooks_at(desk.rulebooks, at_ns), sent_coin
        )
        return _show_moves(desk, market, state, moves, taken=told, as_json=as_json)
    earns = EARNS_FRAC_PER_YEAR if earns_frac_per_year is None else earns_frac_per_year
    days = POSTED_DAYS if posted_days is None else posted_days
    found = _least(
        desk,
        state,
        scenarios=scenarios,
        reserve_usd=reserve_usd,
        within_ns=within_ns,
        haircuts_frac={asset: each.share_frac for asset, each in haircuts.items()},
        sent_coin=sent_coin,
        earns_frac_per_year=earns,
        posted_days=days,
    )
    return _show_moves(
        desk,
        market,
        state,
        found.transfers,
        allocation=found.allocation,
        taken=(_taken(earns, days), *told),
        as_json=as_json,
    )


def _least(
    desk: Desk,
    state: Survey,
    *,
    scenarios: Sequence[str],
    reserve_usd: float,
    within_ns: int | None,
    haircuts_frac: Mapping[str, float],
    sent_coin: Sequence[Sent],
    earns_frac_per_year: float,
    posted_days: float,
) -> LeastPlan:
    """Find the cheapest transfers for all accounts at once, in every scenario asked for."""
    coins = coins_moved(tuple(state.book.terms.values()), state.book.accounts, state.snapshot)
    dollars = sorted(state.snapshot.dollars_usd)
    deadline_ns = {}
    if within_ns is not None:
        deadline_ns = {each.account_id: within_ns for each in state.book.accounts}
    return least_plan(
        desk.buffers,
        desk.routes,
        state,
        rulebooks_at(desk.rulebooks, state.snapshot.time_ns),
        scenarios={text: _scenario(text, coins, dollars) for text in scenarios},
        reserve_usd=reserve_usd,
        deadline_ns=deadline_ns,
        in_transit_coin=sent_coin,
        transit_haircut_frac=haircuts_frac,
        earns_frac_per_year=earns_frac_per_year,
        horizon_days=posted_days,
    )


def _taken(earns_frac_per_year: float, posted_days: float) -> str:
    return (
        f"What is posted no longer earns {100.0 * earns_frac_per_year:g} % a year for "
        f"{posted_days:g} days, less what it earns or saves where it is supplied or repaid: an "
        "assumption, by which ways are compared."
    )


def _show_moves(
    desk: Desk,
    market: Market,
    state: Survey,
    transfers: TransferPlan,
    *,
    as_json: bool,
    allocation: Allocation | None = None,
    taken: tuple[str, ...] = (),
) -> int:
    """Print transfers as a plan, with what they were allocated by where they were all at once."""
    nothing = TradePlan(trades=(), unmet=())
    named = ", ".join(each.account_id for each in desk.buffers)
    asked_of = (
        f"The [[buffers]] of the desk file are for {named}."
        if named
        else "The desk file has no [[buffers]]: it names no account to refill."
    )
    acts_when = (
        "Transfers refill an account that is past its trigger_use or breaks a hard limit of "
        f"distance; none of {named} is or does, and other limits are not theirs."
        if desk.buffers
        else "The desk file has no [[buffers]]."
    )
    return _show(
        desk,
        market,
        state,
        nothing,
        transfers,
        asked_of,
        acts_when,
        allocation=allocation,
        taken=taken,
        as_json=as_json,
    )


def show_freed(source: Source, *, as_json: bool) -> int:
    """Print what other modes and other venues would leave free; what has no answer comes last."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    found = freed(state, rulebooks_at(desk.rulebooks, at_ns))
    show(builtins_of(found), freed_tables(found, heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json)


def _scenario(text: str, coins: Sequence[str], dollars: Sequence[str]) -> Shock:
    try:
        return read_shock(text, coins, dollars)
    except RequestRejected as bad:
        raise RequestRejected(str(bad).replace("--shock", "--scenarios", 1)) from bad


def _show(
    desk: Desk,
    market: Market,
    state: Survey,
    trades: TradePlan,
    transfers: TransferPlan,
    asked_of: str,
    acts_when: str,
    *,
    as_json: bool,
    allocation: Allocation | None = None,
    taken: tuple[str, ...] = (),
    narrowings: Mapping[str, Narrowing] | None = None,
    unknown: tuple[str, ...] = (),
) -> int:
    breaches = (*breaches_of(state), *unknown)
    made = plan(
        trades=trades,
        transfers=transfers,
        before=state,
        instruments=desk.instruments,
        rulebooks=rulebooks_at(desk.rulebooks, state.snapshot.time_ns),
        limits=desk.limits,
        assumptions=(*market.statements, *taken),
        valid_ns=MINUTE_NS,
    )
    made = msgspec.structs.replace(made, costs=cost_kinds(trades, transfers))
    shown = plan_tables(
        made,
        heading=heading_of(state),
        asked_of=asked_of,
        acts_when=acts_when,
        remarks=[narrowed(coin, each) for coin, each in (narrowings or {}).items()],
    )
    payload = builtins_of(made) | {
        "newly_broken": builtins_of(made.newly_broken),
        "breaches": list(breaches),
    }
    if narrowings is not None:
        payload["narrowings"] = builtins_of(narrowings)
    if allocation is not None:
        payload["allocation"] = builtins_of(allocation)
        shown = Group(shown, allocation_tables(allocation))
    show(payload, shown, as_json=as_json)
    return status(breaches, is_quiet=as_json)
