"""What ``hedgerow hedge backtest-loop`` does: a staked-coin loop at several leverages, by policy.

The loop of a desk file is taken to each leverage that is asked for with the same ether of one's
own, and played by each policy through the same market. Refused are a desk without a loop, and a
leverage that is none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import structs

from hedgerow.agents import DeskAgent
from hedgerow.app.asked import show
from hedgerow.app.backtest_parts import (
    check_folder,
    progress_of,
    rng_of,
    run_troubles,
    teller,
    window_of,
    write_runs,
)
from hedgerow.app.backtests import run_statements
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market, open_market, part_of
from hedgerow.app.hedge_backtest import (
    POLICIES,
    HedgeTerms,
    Policy,
    agents_of,
    followed,
    hedges_of,
    lacking,
)
from hedgerow.app.lengths import every_ns_of, length_ns
from hedgerow.app.loop_request import LoopAsked
from hedgerow.app.nearest import Nearest
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import DeskRejected, Failure, OutOfDomain, RequestRejected
from hedgerow.execution import Agent, View
from hedgerow.instruments import LoanDebt, LoanSupply
from hedgerow.portfolio import Account, Position
from hedgerow.reporting.backtests import HedgeRun, backtest_builtins, backtest_svg, backtest_tables
from hedgerow.reporting.loops import PegSeen, peg_note, peg_table
from hedgerow.reporting.nearest import NearestBreach, nearest_table
from hedgerow.reporting.tables import builtins_of
from hedgerow.risk import RunDifference, RunFigures, run_difference, run_figures
from hedgerow.units import MINUTE_NS, digits_of, format_ns, quantise, to_model

__all__ = [
    "BUFFERED",
    "Loop",
    "Played",
    "at_leverage",
    "loop_of",
    "play_loop",
    "show_loop_backtest",
]

BUFFERED: Final = "buffered"
# What stands beside each other where nothing is asked for.
_USUAL: Final = ("none", "fixed", BUFFERED)


class Loop(NamedTuple):
    """A staked token supplied and its coin owed, in one account; quantities as the file has them.

    Both indices are one at the start, so that scaled units are coins.
    """

    account_id: str
    supply: LoanSupply
    debt: LoanDebt
    supply_coin: Decimal
    debt_coin: Decimal

    @property
    def own_coin(self) -> Decimal:
        """What is one's own, a token taken for what it redeems for."""
        return self.supply_coin - self.debt_coin


class Played(NamedTuple):
    """One policy at one leverage: its steps, how near it came to liquidation, and the peg."""

    run: HedgeRun
    nearest: tuple[NearestBreach, ...]
    peg: PegSeen


def loop_of(desk: Desk) -> Loop:
    """Find the one account that supplies a single token and owes a single other coin.

    Raises
    ------
    DeskRejected
        If there is none, or more than one.
    """
    found = [each for account in desk.accounts if (each := _loop_in(account, desk)) is not None]
    if len(found) != 1:
        raise DeskRejected(
            f"{len(found)} accounts supply one token and owe one coin; a loop is exactly one such"
        )
    return found[0]


def at_leverage(desk: Desk, loop: Loop, leverage_frac: float) -> Desk:
    """Give the desk with its loop at a leverage: supplied over one's own, which stays.

    Raises
    ------
    RequestRejected
        If the leverage is not above one.
    """
    if not leverage_frac > 1.0:
        raise RequestRejected(
            f"--leverage {leverage_frac:g}: a loop supplies more than is one's own; write above 1"
        )
    supply = quantise(loop.own_coin * digits_of(leverage_frac), Decimal("1e-9"), "down")
    held = {
        loop.supply.instrument_id: supply,
        loop.debt.instrument_id: -(supply - loop.own_coin),
    }
    accounts = tuple(
        account
        if account.account_id != loop.account_id
        else structs.replace(
            account,
            positions=tuple(
                Position(instrument_id=name, quantity_contracts=quantity)
                for name, quantity in held.items()
            ),
        )
        for account in desk.accounts
    )
    return replace(desk, accounts=accounts)


def play_loop(
    desk: Desk,
    market: Market,
    policy: str,
    terms: HedgeTerms,
    *,
    start_ns: int,
    end_ns: int,
    every_ns: int | None,
    told: Callable[[float], object] = lambda done_frac: None,
) -> Played:
    """Play one policy; ``buffered`` is the fixed band, with the buffers of the desk refilled.

    Raises
    ------
    DeskRejected
        If what is supplied is not staked of what is owed, or its discount is unknown, and as
        `hedge_backtest.followed`.
    """
    nearest, peg = Nearest(), _Peg(loop_of(desk))

    def looked(view: View) -> None:
        nearest.look(view)
        peg.look(view)

    run = followed(
        desk,
        market,
        policy,
        _agents(desk, market, policy, terms, start_ns),
        terms,
        start_ns=start_ns,
        end_ns=end_ns,
        every_ns=every_ns,
        told=told,
        looked=looked,
    )
    return Played(run, nearest.found(run.liquidated), peg.seen())


def show_loop_backtest(source: Source, asked: LoopAsked, *, as_json: bool) -> int:
    """Print what every policy came to at every leverage; write and draw it where asked to.

    Raises
    ------
    DeskRejected, RequestRejected
        If the desk has no loop, or what was asked cannot be meant.
    """
    if asked.plot is not None:
        check_plot(asked.plot)
    check_folder(asked.out)
    world = _world(source, asked)
    loop = loop_of(world.desk)
    desks = {f"{each:g}x": at_leverage(world.desk, loop, each) for each in asked.leverages_frac}
    desks = desks or {f"{to_model(loop.supply_coin / loop.own_coin):g}x": world.desk}
    played = _played(world, desks, is_quiet=as_json)
    runs = [each.run for each in played.values()]
    figures = {
        label: run_figures(each.run.steps, rng_of(asked.draw_seed))
        for label, each in played.items()
    }
    if asked.out is not None:
        write_runs(asked.out, runs, figures, as_json=as_json)
    if asked.plot is not None:
        write_plot(asked.plot, backtest_svg(runs), as_json=as_json)
    own = to_model(loop.own_coin)
    heading = (
        f"{world.desk.name}: {own:,g} {loop.debt.asset} of one's own looped {', '.join(desks)}, "
        f"from {format_ns(world.start_ns)} to {format_ns(world.end_ns)}"
    )
    _show(world, played, figures, asked, heading, as_json=as_json)
    return status(run_troubles(runs, figures), is_quiet=as_json)


class _World(NamedTuple):
    """The desk as its file has it, the market it is played through, and by whom, how, and when."""

    desk: Desk
    market: Market
    terms: HedgeTerms
    policies: tuple[str, ...]
    start_ns: int
    end_ns: int
    every_ns: int | None


def _world(source: Source, asked: LoopAsked) -> _World:
    """Open what is to be played; of a recording its part within the window."""
    terms = HedgeTerms(
        look_ns=length_ns("--look", asked.look, MINUTE_NS),
        width_coin=asked.width_coin,
        loss_usd=asked.loss_usd,
    )
    desk, market = open_market(source.desk, source.data, source.seed, only_held=True)
    start_ns, end_ns = window_of(desk, asked.start, asked.end)
    every_ns = every_ns_of(asked.every, end_ns - start_ns)
    policies = _policies(desk, asked, terms)
    if source.data is not None:
        # What is supplied and owed is stated at the start of the window: there indices are one.
        grown = structs.replace(desk.assumptions, start_ns=start_ns)
        desk = replace(desk, start_ns=start_ns, end_ns=end_ns, assumptions=grown)
        market = part_of(market, desk, source.data)
    return _World(desk, market, terms, policies, start_ns, end_ns, every_ns)


def _played(world: _World, desks: Mapping[str, Desk], *, is_quiet: bool) -> dict[str, Played]:
    """Play every policy at every leverage; the leverage is named where there are several."""
    played: dict[str, Played] = {}
    with progress_of(is_quiet=is_quiet) as progress:
        for name, sized in desks.items():
            for policy in world.policies:
                label = policy if len(desks) == 1 else f"{policy} at {name}"
                done = play_loop(
                    sized,
                    world.market,
                    policy,
                    world.terms,
                    start_ns=world.start_ns,
                    end_ns=world.end_ns,
                    every_ns=world.every_ns,
                    told=teller(progress, label),
                )
                played[label] = done._replace(run=replace(done.run, policy=label))
    return played


def _show(
    world: _World,
    played: Mapping[str, Played],
    figures: Mapping[str, RunFigures],
    asked: LoopAsked,
    heading: str,
    *,
    as_json: bool,
) -> None:
    """Print the figures of every run, how near it came to liquidation, and the peg below it."""
    runs = [each.run for each in played.values()]
    differences = _differences(played, world.policies, asked)
    moves_collateral = BUFFERED in world.policies
    statements = (
        *run_statements(world.desk, world.market, world.terms, moves_collateral=moves_collateral),
        peg_note([each.peg.asset for each in played.values()]),
    )
    payload = backtest_builtins(
        runs, figures, differences, statements=statements, draw_seed=asked.draw_seed
    )
    for label, each in played.items():
        payload["policies"][label] |= {
            "nearest": [builtins_of(found) for found in each.nearest],
            "peg": builtins_of(each.peg),
        }
    profits = {
        label: None if of.profit_usd is None or of.unknown_count else of.profit_usd.at_figure
        for label, of in figures.items()
    }
    tables = backtest_tables(
        runs,
        figures,
        differences,
        heading=heading,
        statements=statements,
        draw_seed=asked.draw_seed,
        against=asked.against,
        more=(
            nearest_table({label: each.nearest for label, each in played.items()}),
            peg_table({label: each.peg for label, each in played.items()}, profits),
        ),
    )
    show(payload, tables, as_json=as_json)


@dataclass(slots=True, eq=False)
class _Peg:
    """Watches the discount of what is supplied, at every look."""

    loop: Loop
    looks_count: int = 0
    first: tuple[float, float] | None = None
    deepest: tuple[float, float, int] | None = None
    last: tuple[float, float] | None = None

    def look(self, view: View) -> None:
        """Note the discount and what it takes; DeskRejected where there is none to note."""
        supply, snapshot = self.loop.supply, view.snapshot
        staking = snapshot.stakings.get(supply.asset)
        if staking is None or staking.base != self.loop.debt.asset:
            raise DeskRejected(
                f"{supply.asset}: no rate against {self.loop.debt.asset} is known at "
                f"{format_ns(view.time_ns)}; name oracle_rounds, or [assumptions.staking]"
            )
        price = snapshot.spot_usd(staking.base)
        index = snapshot.lending(supply.market, supply.asset)
        self.looks_count += 1
        self.last = None
        if isinstance(price, Failure) or isinstance(index, Failure):
            return
        held = sum(
            account.quantity_contracts(supply.instrument_id) for account in view.book.accounts
        )
        coins = held * Decimal(index.liquidity_index_ray).scaleb(-27)
        discount = to_model(staking.discount_frac)
        worth = to_model(coins * staking.rate_coin_per_coin * price)
        now = discount, worth * discount
        if self.looks_count == 1:
            self.first = now
        self.last = now
        if self.deepest is None or discount > self.deepest[0]:
            self.deepest = (*now, staking.time_ns)

    def seen(self) -> PegSeen:
        """Give what was seen; DeskRejected where no look had a price."""
        if self.deepest is None:
            raise DeskRejected(f"{self.loop.supply.asset}: its coin had no price at any look")
        return PegSeen(
            asset=self.loop.supply.asset,
            start_frac=None if self.first is None else self.first[0],
            start_usd=None if self.first is None else self.first[1],
            deepest_frac=self.deepest[0],
            deepest_usd=self.deepest[1],
            deepest_ns=self.deepest[2],
            end_frac=None if self.last is None else self.last[0],
            end_usd=None if self.last is None else self.last[1],
        )


def _loop_in(account: Account, desk: Desk) -> Loop | None:
    supplied = [
        (terms, each.quantity_contracts)
        for each in account.positions
        if isinstance(terms := desk.instruments[each.instrument_id], LoanSupply)
    ]
    owed = [
        (terms, -each.quantity_contracts)
        for each in account.positions
        if isinstance(terms := desk.instruments[each.instrument_id], LoanDebt)
    ]
    if len(supplied) != 1 or len(owed) != 1 or not supplied[0][1] > owed[0][1] > 0:
        return None
    (supply, supply_coin), (debt, debt_coin) = supplied[0], owed[0]
    return Loop(account.account_id, supply, debt, supply_coin, debt_coin)


def _agents(
    desk: Desk, market: Market, policy: str, terms: HedgeTerms, start_ns: int
) -> tuple[Agent, ...]:
    if policy != BUFFERED:
        return agents_of(desk, market, _named(policy), terms, start_ns)
    agent = DeskAgent(
        limits=(),
        hedges=hedges_of(desk, "fixed", terms),
        buffers=desk.buffers,
        routes=desk.routes,
        perpetuals=desk.perpetuals,
        assumptions=(),
    )
    return (agent,)


def _named(policy: str) -> Policy:
    """Give the policy of trades that is meant: buffers are refilled beside the fixed band."""
    return next((each for each in POLICIES if each == policy), "fixed")


def _policies(desk: Desk, asked: LoopAsked, terms: HedgeTerms) -> tuple[str, ...]:
    """Give the policies to follow, in the order asked for; RequestRejected where one cannot be."""
    known = (*POLICIES, BUFFERED)
    wanted = asked.policies or (*_USUAL, *(("stop-loss",) if asked.loss_usd else ()))
    for each in wanted:
        if each not in known:
            raise RequestRejected(f"--policy {each}: there are {', '.join(known)}")
        why = lacking(desk, _named(each), terms)
        if why is None and each == BUFFERED and not (desk.buffers and desk.routes):
            why = "the desk file has no [[buffers]] and [[routes]], which say what is refilled"
        if why is not None:
            raise RequestRejected(f"--policy {each}: {why}")
    if asked.against is not None and asked.against not in wanted:
        raise RequestRejected(
            f"--against {asked.against}: is not followed; there are {', '.join(wanted)}"
        )
    return tuple(dict.fromkeys(wanted))


def _differences(
    played: Mapping[str, Played], policies: Sequence[str], asked: LoopAsked
) -> dict[str, RunDifference]:
    """Compare each policy with the one that was named, at the same leverage."""
    if asked.against is None:
        return {}
    labels, found = list(played), {}
    for at, label in enumerate(labels):
        first = at - at % len(policies)
        base = labels[first + policies.index(asked.against)]
        if base == label:
            continue
        try:
            found[label] = run_difference(
                played[label].run.steps, played[base].run.steps, rng_of(asked.draw_seed)
            )
        except OutOfDomain:  # no step is known in both: the answer says that of each
            continue
    return found
