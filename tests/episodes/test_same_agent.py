"""SAME-1: one agent, two worlds. Neither agent of a desk can tell a venue from the simulator.

The same `DeskAgent` or `JointAgent` object steps through the same two hours twice. Once the
simulator's loop feeds it and a `World` carries its legs; once a plain loop feeds it, as one at a
real venue would, and a `FakeExchange` does. Neither venue charges a fee and both fill at the same
price, so the accounts are the same too; then so must every view be, and every decision,
to the byte.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from hedgerow.agents import DeskAgent, JointAgent
from hedgerow.execution import (
    Decision,
    Exchange,
    Guards,
    Header,
    Journal,
    Receipt,
    Route,
    View,
    in_transit,
    read,
    submit,
)
from hedgerow.hedging import Depth
from hedgerow.limits import FirstPassage, Limit
from hedgerow.market import MarketEvent, Snapshot
from hedgerow.planning import JointTerms, Transfer
from hedgerow.portfolio import Account, Balance, Position, book
from hedgerow.simulation import Frame, World, run
from hedgerow.units import MINUTE_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    desk_agent,
    index,
    ladder,
    perpetual,
    quote,
    state,
    tiered_rulebook,
)
from tests.fake_exchange import FakeExchange

D = Decimal
STEP_NS = 10 * MINUTE_NS
END_NS = T0_NS + 120 * MINUTE_NS
LATENCY_NS = 20 * MINUTE_NS
INSTRUMENTS = by_id(perpetual())
RULEBOOKS = {"rules": tiered_rulebook([(0, "0.05")], fee_taker_frac=D(0))}
HALF_SPREAD_USD = 3
ALONE = desk_agent(fee_taker_frac=0.0, latency_ns=LATENCY_NS)
# Less than a lot is worth, so that the coins are hedged whole and stay hedged at any price.
NO_DELTA = Limit(
    scope="coin/BTC",
    metric="delta_spot_usd",
    soft_frac_usd_or_coin=30,
    hard_frac_usd_or_coin=120_000,
)
TOGETHER = JointAgent(
    limits=(NO_DELTA,),
    buffers=ALONE.buffers,
    routes=ALONE.routes,
    pairs=(("BTC-PERP", "perp"),),
    instruments=INSTRUMENTS,
    depth=Depth(),
    terms=JointTerms(),
    chance=FirstPassage(vol_frac={"BTC": 0.5}),
    means="joint",
    assumptions=("a model",),
)
GUARDS = Guards(
    order_usd_max=D(1_000_000),
    orders_usd_per_day=D(1_000_000),
    transfers_usd_per_day=D(1_000_000),
    price_collar_frac=D("0.05"),
    routes=(
        Route(source_account_id="cold", target_account_id="perp", asset="USDC", use="balance"),
    ),
)
OPENING = (
    account("perp", venue="binance", rulebook="rules", balances={"USDC": 10_000}),
    account("cold", venue="treasury", balances={"BTC": "1.25", "USDC": 50_000}),
)


def at(price: int, minutes: int) -> tuple[MarketEvent, ...]:
    time_ns = T0_NS + minutes * MINUTE_NS
    return (
        index("BTC", price, time_ns),
        quote("BTC-PERP", price, time_ns),
        ladder("BTC-PERP", price, half_spread=HALF_SPREAD_USD, time_ns=time_ns),
    )


# The perpetual that hedges the coins loses when the price jumps, so its account wants more margin.
EVENTS = (
    *at(60_000, 0),
    *(event for minutes in range(10, 60, 10) for event in at(60_000, minutes)),
    *(event for minutes in range(60, 130, 10) for event in at(64_000, minutes)),
)


class Seen:
    """Hands every view to the agent and keeps it, with what the agent made of it."""

    def __init__(self, agent: DeskAgent | JointAgent) -> None:
        self.agent = agent
        self.views: list[View] = []
        self.decisions: list[Decision] = []

    def step(self, view: View, time_ns: int) -> Decision:
        self.views.append(view)
        self.decisions.append(self.agent.step(view, time_ns))
        return self.decisions[-1]


@contextmanager
def journal_in(folder: Path, name: str) -> Iterator[Journal]:
    header = Header(
        desk_digest="0" * 64,
        rulebooks_digest="0" * 64,
        data_name="made",
        data_digest="0" * 64,
        seed=0,
        mode="auto",
    )
    with Journal.create(folder / name, header, time_ns=T0_NS) as journal:
        yield journal


def sent(
    decision: Decision, exchange: Exchange, journal: Journal, snapshot: Snapshot, time_ns: int
) -> tuple[Receipt, ...]:
    """What is written before and after each leg is the same code for both venues."""
    if decision.plan is None:
        return ()
    return submit(
        decision.plan,
        mode="auto",
        exchange=exchange,
        journal=journal,
        guards=GUARDS,
        instruments=INSTRUMENTS,
        snapshot=snapshot,
        time_ns=time_ns,
    )


def simulated(agent: DeskAgent | JointAgent, folder: Path) -> Seen:
    """Let the simulator's loop feed the agent and the simulated world carry its legs."""
    world = World(
        accounts=OPENING, instruments=INSTRUMENTS, rulebooks=RULEBOOKS, routes=agent.routes
    )
    seen = Seen(agent)
    with journal_in(folder, "simulated.db") as journal:
        run(
            EVENTS,
            name="made",
            world=world,
            state=state(),
            agents=[seen],
            act=lambda decision, snapshot, time_ns: sent(
                decision, world, journal, snapshot, time_ns
            ),
            observe=frame,
            step_ns=STEP_NS,
            start_ns=T0_NS,
            end_ns=END_NS,
        )
    return seen


def frame(view: View, _: object) -> Frame:
    return Frame(
        time_ns=view.time_ns,
        prices_usd={},
        equity_usd=None,
        exposures={},
        accounts=(),
        limits=(),
        missing=(),
        option_age_ns_max=None,
    )


def live(agent: DeskAgent | JointAgent, folder: Path) -> Seen:
    """Feed the agent from a venue's reports, as a wired process would, and never from a world."""
    venue = FakeExchange(
        prices_usd={},
        balances_coin={
            (each.account_id, balance.asset): balance.quantity_coin
            for each in OPENING
            for balance in each.balances
        },
        delay_ns=LATENCY_NS,
    )
    seen = Seen(agent)
    market = state()
    waiting = list(EVENTS)
    fills: list[Receipt] = []
    under_way: list[Transfer] = []
    with journal_in(folder, "live.db") as journal:
        for time_ns in range(T0_NS, END_NS + 1, STEP_NS):
            while waiting and waiting[0].time_ns <= time_ns:
                market.apply(waiting.pop(0))
            snapshot = market.freeze(time_ns)
            (best, *_) = snapshot.ladders["BTC-PERP"].bids  # what this desk sells at
            venue.prices_usd["BTC-PERP"] = best.price_usd
            under_way = [leg for leg in under_way if not is_there(venue, leg, time_ns)]
            pending = tuple(under_way)
            accounts = (*reported(venue, fills, time_ns), *in_transit(pending, time_ns))
            view = View(
                time_ns=time_ns,
                book=book(accounts, INSTRUMENTS),
                snapshot=snapshot,
                rulebooks=RULEBOOKS,
                pending=pending,
            )
            decision = seen.step(view, time_ns)
            receipts = sent(decision, venue, journal, snapshot, time_ns)
            legs = () if decision.plan is None else decision.plan.legs
            fills += [receipt for receipt in receipts if receipt.status == "filled"]
            under_way += [leg for leg in legs if isinstance(leg, Transfer)]
    return seen


def is_there(venue: FakeExchange, leg: Transfer, time_ns: int) -> bool:
    receipt = venue.query(leg.client_id, time_ns)
    assert receipt is not None
    return receipt.status == "credited"


def reported(venue: FakeExchange, fills: Iterable[Receipt], time_ns: int) -> list[Account]:
    """Every account as its venue reports it; the entry price is that of the one fill there is."""
    positions: tuple[Position, ...] = ()
    for fill in fills:
        assert not positions, "an average of fills would be needed here"
        positions = (
            Position(
                instrument_id="BTC-PERP",
                quantity_contracts=venue.positions_contracts["perp", "BTC-PERP"],
                price_entry_ccy=fill.price_average_usd,
            ),
        )
    return [
        msgspec.structs.replace(
            each,
            time_observed_ns=time_ns,
            positions=positions if each.account_id == "perp" else (),
            balances=tuple(
                Balance(
                    asset=balance.asset,
                    quantity_coin=venue.balances_coin[each.account_id, balance.asset],
                )
                for balance in each.balances
            ),
        )
        for each in OPENING
    ]


@pytest.fixture(scope="module", params=[ALONE, TOGETHER], ids=["alone", "together"])
def seen(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Seen, Seen, Path]:
    folder = tmp_path_factory.mktemp("journals")
    return simulated(request.param, folder), live(request.param, folder), folder


def test_both_see_the_same_desk_at_every_step(seen: tuple[Seen, Seen, Path]) -> None:
    in_world, at_venue, _ = seen
    assert len(in_world.views) == len(at_venue.views) == 13
    for one, other in zip(in_world.views, at_venue.views, strict=True):
        assert one.time_ns == other.time_ns
        assert one.book.accounts == other.book.accounts
        assert one.pending == other.pending
        for told in ("time_ns", "quotes", "indices", "ladders"):
            assert getattr(one.snapshot, told) == getattr(other.snapshot, told)


def test_both_decide_the_same_to_the_byte(seen: tuple[Seen, Seen, Path]) -> None:
    in_world, at_venue, _ = seen
    assert in_world.agent is at_venue.agent
    for one, other in zip(in_world.decisions, at_venue.decisions, strict=True):
        assert msgspec.json.encode(one) == msgspec.json.encode(other)
    kinds = [
        [type(leg).__name__ for leg in decision.plan.legs]
        for decision in in_world.decisions
        if decision.plan is not None
    ]
    assert kinds[0][-1] == "Order", "the coins are hedged at the first step"
    assert ["Transfer"] in kinds[1:], "and margin follows when the hedge has lost"
    assert len(kinds) < len(in_world.decisions), "where nothing is to do nothing is done"


def test_both_write_the_same_journal_but_for_what_the_venue_says(
    seen: tuple[Seen, Seen, Path],
) -> None:
    """Decisions, intents and what was sent are ours; a receipt is in the venue's own words."""
    folder = seen[2]
    ours = ("header", "decision", "intent", "sent")
    told = [
        [(row.kind, row.client_id, row.payload) for row in read(folder / name) if row.kind in ours]
        for name in ("simulated.db", "live.db")
    ]
    assert told[0] == told[1]
    assert sum(kind == "sent" for kind, *_ in told[0]) >= 2


def test_what_it_did_before_does_not_enter(seen: tuple[Seen, Seen, Path]) -> None:
    """Backwards, and each view of one world after one of the other: no step leaves a trace."""
    in_world, at_venue, _ = seen
    for one, other, decision in reversed(
        list(zip(in_world.views, at_venue.views, in_world.decisions, strict=True))
    ):
        for view in (other, one):
            again = in_world.agent.step(view, view.time_ns)
            assert msgspec.json.encode(again) == msgspec.json.encode(decision)
