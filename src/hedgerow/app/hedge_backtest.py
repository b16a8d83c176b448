"""One hedge policy through one market: what it cost, gained and left unexplained, step by step.

A desk, its market and a policy enter; a `HedgeRun` leaves. The run is `simulation.run`: the same
venues, fees, books and rulebooks by which a desk is played, with an agent that does nothing but
hedge (or close, or nothing at all). What the venues booked goes to `risk.explain` as fills and
flows. Refused are a policy that lacks what its band follows from, and a look or a step that cannot
be meant. No policy here moves collateral, whatever [[buffers]] say; agents that are given may.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from msgspec import structs

from hedgerow.agents import HedgeAgent, StopLossAgent
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.app.run_books import RunBooks, chain_ns
from hedgerow.errors import DeskRejected, Failure, RequestRejected
from hedgerow.execution import Agent, Decision, Receipt, View, send
from hedgerow.exposure import aggregate
from hedgerow.hedging import BAND_KINDS, BandKind, Depth, HedgeBudget, HedgePolicy
from hedgerow.instruments import Instrument, has_entry
from hedgerow.market import Ladder, Level, MarketEvent, MarketState, Snapshot
from hedgerow.portfolio import book
from hedgerow.pricing import value
from hedgerow.reporting.backtests import HedgeRun
from hedgerow.risk import Method
from hedgerow.simulation import Episode, Frame, OptionSpread, World, run
from hedgerow.units import HOUR_NS, format_ns, to_exact, to_model

__all__ = [
    "POLICIES",
    "HedgeTerms",
    "Policy",
    "agents_of",
    "backtest",
    "followed",
    "hedges_of",
    "lacking",
    "option_depth",
]

Policy: TypeAlias = Literal["none", "stop-loss"] | BandKind
POLICIES: Final[tuple[Policy, ...]] = ("none", "stop-loss", *BAND_KINDS)

_METHODS: Final[tuple[Method, ...]] = ("taylor", "full")
# Chains are recorded about four times a day: what a band is told of how often it is looked at.
_BETWEEN_CHAINS_NS: Final = 6 * HOUR_NS


@dataclass(frozen=True, slots=True, eq=False)
class HedgeTerms:
    """What policies are given beside the desk file; None leaves what the file says.

    `loss_usd` is where the stop-loss closes, `width_coin` the half width of the fixed band. With
    `looks_at_chains` a policy looks at the first step after every option chain and not between.
    """

    look_ns: int | None = None
    looks_at_chains: bool = False
    depth_factor_frac: float = 1.0
    budget: HedgeBudget | None = None
    fixed_cost_usd: float | None = None
    interval_ns: int | None = None
    width_coin: float | None = None
    loss_usd: float | None = None


def option_depth(desk: Desk, terms: HedgeTerms) -> Depth:
    """Give what is assumed of the books of options, by which a stop closes."""
    return Depth(
        half_spread_vol_frac=desk.option_half_spread_vol_frac, factor_frac=terms.depth_factor_frac
    )


def lacking(desk: Desk, policy: Policy, terms: HedgeTerms) -> str | None:
    """Say what a policy lacks to be followed; None where it lacks nothing."""
    if policy == "none":
        return None
    if not desk.hedges:
        return (
            "the desk file hedges no coin: write a [[hedges]] table, which says with what a coin's "
            "delta is traded"
        )
    if policy == "stop-loss":
        return None if terms.loss_usd else "it closes at a loss that --loss states"
    for each in hedges_of(desk, policy, terms):
        coin = each.underlying
        if policy == "fixed" and not each.band_min_coin:
            return f"its width in {coin} is not given; write --width or band_min_coin"
        if policy == "fixed-cost" and not each.fixed_cost_usd:
            return f"a trade in {coin} has no fixed cost; write --gas or fixed_cost_usd"
        is_given = policy == "fixed" or (policy == "leland" and each.interval_ns)
        if not is_given and each.budget is None and each.risk_aversion_per_usd is None:
            return f"its band in {coin} follows from a budget; write --budget or --shortfall"
        if each.vol_frac is None:
            return f"no vol of {coin} is given; write one under [vols]"
    return None


def backtest(
    desk: Desk,
    market: Market,
    policy: Policy,
    terms: HedgeTerms,
    *,
    start_ns: int,
    end_ns: int,
    every_ns: int | None,
    methods: Sequence[Method] = _METHODS,
    told: Callable[[float], object] = lambda done_frac: None,
) -> HedgeRun:
    """Follow one policy from the opening positions of the desk.

    Parameters
    ----------
    every_ns
        Between the ends of two explained steps, which are looks; None ends one at the first look
        after every option chain.
    told
        Called with the part that is done.

    Raises
    ------
    RequestRejected
        If the policy lacks what it follows from.
    DeskRejected
        If no step ends in the window, or as `simulation.World`.
    """
    why = lacking(desk, policy, terms)
    if why is not None:
        raise RequestRejected(f"--policy {policy}: {why}")
    agents = agents_of(desk, market, policy, terms, start_ns)
    return followed(
        desk,
        market,
        policy,
        agents,
        terms,
        start_ns=start_ns,
        end_ns=end_ns,
        every_ns=every_ns,
        methods=methods,
        told=told,
    )


def followed(
    desk: Desk,
    market: Market,
    policy: str,
    agents: Sequence[Agent],
    terms: HedgeTerms,
    *,
    start_ns: int,
    end_ns: int,
    every_ns: int | None,
    methods: Sequence[Method] = _METHODS,
    told: Callable[[float], object] = lambda done_frac: None,
    looked: Callable[[View], object] = lambda view: None,
) -> HedgeRun:
    """Follow agents that are given; `looked` is shown the desk at every look, once they acted.

    What they transfer goes along the desk's routes.

    Raises
    ------
    DeskRejected
        As `backtest`.
    """
    world = World(
        accounts=desk.accounts,
        instruments=desk.instruments,
        rulebooks=desk.rulebooks,
        routes=desk.routes,
        congestion=market.congestion,
        option_spread=OptionSpread(half_spread_vol_frac=desk.option_half_spread_vol_frac),
        option_depth=option_depth(desk, terms),
    )
    books = RunBooks(desk, methods, every_ns, end_ns)

    def act(decision: Decision, snapshot: Snapshot, time_ns: int) -> Iterator[Receipt]:
        for leg in () if decision.plan is None else decision.plan.legs:
            yield send(world, leg, time_ns)

    def observe(seen: View, decisions: Sequence[Decision]) -> Frame:
        span_ns = max(1, end_ns - start_ns)
        told((seen.time_ns - start_ns) / span_ns)
        looked(seen)
        return books.seen(seen)

    if terms.looks_at_chains:
        agents = tuple(_AtChains(each, terms.look_ns or desk.step_ns) for each in agents)
    played = run(
        _with_depth(market.events(), desk.instruments, terms.depth_factor_frac),
        name=desk.name,
        world=world,
        state=MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd),
        agents=agents,
        act=act,
        observe=observe,
        hear=lambda news, time_ns: books.hear(news),
        appraise=books.opened,
        step_ns=terms.look_ns or desk.step_ns,
        start_ns=start_ns,
        end_ns=end_ns,
    )
    if not books.steps:
        raise DeskRejected(
            f"no step ends from {format_ns(start_ns)} to {format_ns(end_ns)}; ask for a longer time"
        )
    return HedgeRun(
        policy=policy,
        steps=tuple(books.steps),
        explained={method: tuple(steps) for method, steps in books.explained.items()},
        delta_coin={name: tuple(amounts) for name, amounts in books.delta_coin.items()},
        hedge_coin={name: tuple(amounts) for name, amounts in books.hedge_coin.items()},
        liquidated=tuple(books.liquidated),
        troubles=(*_troubles(played), *books.troubles()),
    )


def hedges_of(desk: Desk, policy: BandKind, terms: HedgeTerms) -> tuple[HedgePolicy, ...]:
    """Give the desk's hedges with this band in place of theirs."""
    look_ns = _BETWEEN_CHAINS_NS if terms.looks_at_chains else terms.look_ns or desk.step_ns
    found = []
    for each in desk.hedges:
        given = structs.replace(each, band=policy, look_ns=look_ns)
        if terms.budget is not None:
            given = structs.replace(given, budget=terms.budget, risk_aversion_per_usd=None)
        if terms.fixed_cost_usd is not None:
            given = structs.replace(given, fixed_cost_usd=terms.fixed_cost_usd)
        if terms.interval_ns is not None:
            given = structs.replace(given, interval_ns=terms.interval_ns)
        if policy == "fixed" and terms.width_coin is not None:
            given = structs.replace(given, band_min_coin=terms.width_coin)
        found.append(given)
    return tuple(found)


def agents_of(
    desk: Desk, market: Market, policy: Policy, terms: HedgeTerms, start_ns: int
) -> tuple[Agent, ...]:
    """Give who follows a policy: nobody, or one agent."""
    if policy == "none":
        return ()
    if policy == "stop-loss":
        assert terms.loss_usd is not None, "asked for before"
        equity_usd = _equity_usd(desk, market, start_ns)
        return (StopLossAgent(desk.hedges, desk.perpetuals, equity_usd, terms.loss_usd),)
    return (HedgeAgent(hedges_of(desk, policy, terms), desk.perpetuals, desk.limits),)


@dataclass(frozen=True, slots=True, eq=False)
class _AtChains:
    """An agent that is asked only where a chain came since the look before."""

    agent: Agent
    step_ns: int

    def step(self, view: View, time_ns: int) -> Decision:
        """Ask it, or do nothing."""
        if chain_ns(view.snapshot) > time_ns - self.step_ns:
            return self.agent.step(view, time_ns)
        return Decision(time_ns=time_ns, limits=(), plan=None, reasons=())


def _equity_usd(desk: Desk, market: Market, start_ns: int) -> float:
    """Give what the opening accounts are worth at the start: a stop counts from there."""
    state = MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd)
    for event in market.events():
        if event.time_ns > start_ns:
            break
        state.apply(event)
    snapshot = state.freeze(start_ns)
    opening = (structs.replace(each, time_observed_ns=start_ns) for each in desk.accounts)
    held = book(opening, desk.instruments)
    row = aggregate(held, value(held, snapshot), snapshot).row("desk")
    assert not isinstance(row, Failure), "every table has a row for the desk"
    if row.missing:
        why = "; ".join(each.message for each in row.missing)
        raise DeskRejected(f"a stop counts from the value at the start, which is unknown: {why}")
    return row.value_usd


def _with_depth(
    events: Iterable[MarketEvent], instruments: Mapping[str, Instrument], factor_frac: float
) -> Iterator[MarketEvent]:
    """Give every order book so many times as deep, in whole lots; less than a lot is no level."""
    if factor_frac == 1.0:
        yield from events
        return
    for event in events:
        terms = instruments.get(event.instrument_id) if isinstance(event, Ladder) else None
        if not isinstance(event, Ladder) or not has_entry(terms):
            yield event
            continue
        sides = [
            tuple(
                Level(price_usd=level.price_usd, quantity_contracts=left)
                for level in levels
                if (left := _scaled(level.quantity_contracts, factor_frac, terms.lot_contracts))
            )
            for levels in (event.bids, event.asks)
        ]
        if all(sides):  # a book without a side is none: the one before it ages
            yield structs.replace(event, bids=sides[0], asks=sides[1])


def _scaled(quantity_contracts: Decimal, factor_frac: float, lot_contracts: Decimal) -> Decimal:
    """Give what a level holds in a book of another depth, cut down to lots."""
    return to_exact(to_model(quantity_contracts) * factor_frac, lot_contracts, "down")


def _troubles(played: Episode) -> tuple[str, ...]:
    """Say what was left undone, forced or unknown."""
    undone = [
        f"{each.subject}: {each.message} ({each.steps_count} looks from {format_ns(each.first_ns)} "
        f"to {format_ns(each.last_ns)})"
        for each in played.undone
    ]
    return (*undone, *played.alerts)
