from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from hedgerow.errors import Failure, MarketRejected, OutOfDomain
from hedgerow.execution import Allowance, Decision, Mode, Receipt, View, send
from hedgerow.market import FundingSettlement, MarketEvent, Snapshot
from hedgerow.planning import Leg, Plan
from hedgerow.simulation import Episode, Frame, News, World, run
from hedgerow.units import MINUTE_NS
from tests.rooms.simulation.desk import (
    T0,
    fresh_state,
    held,
    ladder,
    market,
    order,
    perp,
    route,
    transfer,
    wallet,
    world,
)


@dataclass
class Scripted:
    """An agent that does what it is told at the minute it is told to, and remembers its views."""

    legs: dict[int, list[Leg]] = field(default_factory=dict)
    unmet: dict[int, list[Failure]] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)

    def step(self, view: View, time_ns: int) -> Decision:
        self.views.append(view)
        minute = (time_ns - T0) // MINUTE_NS
        legs, unmet = self.legs.get(minute, []), self.unmet.get(minute, [])
        plan = Plan(
            plan_id=str(time_ns),
            time_ns=time_ns,
            expires_ns=time_ns + 1,
            legs=tuple(legs),
            cost_expected_usd=0.0,
            limits_before=(),
            limits_after=(),
            assumptions=(),
            unmet=tuple(unmet),
        )
        return Decision(
            time_ns=time_ns, limits=(), plan=plan if legs or unmet else None, reasons=()
        )


def observed(view: View, decisions: Sequence[Decision]) -> Frame:
    """A frame that says when it was taken and how much the accounts held then."""
    del decisions
    return Frame(
        time_ns=view.time_ns,
        prices_usd={
            account.account_id: float(account.balance_coin("USDC"))
            for account in view.book.accounts
        },
        equity_usd=None,
        exposures={},
        accounts=(),
        limits=(),
        missing=(),
        option_age_ns_max=None,
    )


def valued(view: View) -> float:
    """Dollars in all accounts."""
    return sum(float(account.balance_coin("USDC")) for account in view.book.accounts)


def minutes(*at: int) -> Iterator[MarketEvent]:
    for minute in at:
        time_ns = T0 + minute * MINUTE_NS
        yield from market(time_ns=time_ns)
        yield ladder(time_ns=time_ns)


def played(
    made: World,
    agents: Sequence[Scripted],
    events: Iterable[MarketEvent],
    *,
    start: int = 0,
    end: int = 30,
    step: int = 10,
    heard: list[tuple[int, int]] | None = None,
    mode: Mode = "auto",
) -> Episode:
    def act(decision: Decision, snapshot: Snapshot, time_ns: int) -> list[Receipt]:
        del snapshot
        legs = () if decision.plan is None or mode != "auto" else decision.plan.legs
        return [send(made, leg, time_ns) for leg in legs]

    def hear(news: News, time_ns: int) -> None:
        assert news
        if heard is not None:
            heard.append(((time_ns - T0) // MINUTE_NS, len(news.receipts)))

    return run(
        events,
        name="test",
        world=made,
        state=fresh_state(),
        agents=agents,
        act=act,
        observe=observed,
        hear=hear,
        step_ns=step * MINUTE_NS,
        start_ns=T0 + start * MINUTE_NS,
        end_ns=T0 + end * MINUTE_NS,
        appraise=valued,
        allow=lambda time_ns: Allowance(orders_usd=Decimal(time_ns - T0)),
        mode=mode,
    )


def at(episode: Episode) -> list[int]:
    return [(frame.time_ns - T0) // MINUTE_NS for frame in episode.frames]


def test_steps_run_from_start_to_end_whether_or_not_something_happens_then() -> None:
    agent = Scripted()
    episode = played(world(perp("1")), [agent], minutes(0, 3, 10, 17), end=25)
    assert at(episode) == [0, 10, 20, 25]
    assert [(view.time_ns - T0) // MINUTE_NS for view in agent.views] == at(episode)
    assert episode.events_count == 4 * 9


def test_an_agent_sees_every_event_of_its_moment_and_none_after() -> None:
    agent = Scripted()
    late = [quote for quote in minutes(10)]
    played(world(perp("1")), [agent], [*minutes(0), *late, *minutes(11)])
    seen = {(v.time_ns - T0) // MINUTE_NS: v.snapshot.quotes["BTC-PERP"] for v in agent.views}
    assert [(seen[m].time_ns - T0) // MINUTE_NS for m in (0, 10, 20)] == [0, 10, 11]
    assert agent.views[1].snapshot.ladders["BTC-PERP"].time_ns == T0 + 10 * MINUTE_NS


def test_events_before_the_start_fill_the_market_and_touch_no_account() -> None:
    made = world(perp("50000", "2"))
    paid = FundingSettlement(
        time_ns=T0 + 5 * MINUTE_NS, instrument_id="BTC-PERP", rate_frac=Decimal("0.0001")
    )
    agent = Scripted()
    stream = [*minutes(0), paid, *minutes(15)]
    episode = played(made, [agent], stream, start=10)
    assert at(episode)[0] == 10
    assert agent.views[0].snapshot.fundings["BTC-PERP"] == paid
    assert episode.funding_usd == 0.0
    assert held(made, "perp").balance_coin("USDC") == Decimal(50_000)


def test_events_after_the_end_are_not_taken() -> None:
    stream = minutes(0, 31, 32)
    episode = played(world(perp("1")), [], stream)
    assert episode.events_count == 9


def test_a_frame_is_taken_after_the_agents_acted_and_actions_follow_their_legs() -> None:
    made = world(perp("50000"), wallet(USDC="1000"), routes=[route("wallet", "perp", "USDC")])
    buy = order("1", "100010")
    agent = Scripted(legs={0: [transfer("100")], 10: [buy], 20: [order("1", "1", client_id="x")]})
    heard: list[tuple[int, int]] = []
    episode = played(made, [agent], minutes(0, 10, 20, 30, 40), end=40, heard=heard)
    assert episode.with_hedgerow
    # The fee of 100.01 shows in the frame of the very step that traded.
    assert [frame.prices_usd["perp"] for frame in episode.frames] == [
        50_000.0,
        49_899.99,
        49_899.99,
        49_999.99,
        49_999.99,
    ]
    assert [(action.leg, action.status) for action in episode.actions] == [
        (transfer("100"), "credited"),
        (buy, "filled"),
        (order("1", "1", client_id="x"), "rejected"),
    ]
    assert episode.actions[0].time_ns == T0
    assert heard == [(0, 1), (10, 1), (20, 1), (30, 1)]
    assert episode.fees_usd == pytest.approx(100.51)
    assert agent.views[1].pending == (transfer("100"),)
    assert agent.views[3].pending == ()


def test_the_books_of_an_episode_say_where_everything_went() -> None:
    """A loss of 20; in fees a thousandth of 100,010 and of 99,990, and half a dollar twice."""
    made = world(perp("50000"), wallet(USDC="1000"), routes=[route("wallet", "perp", "USDC")])
    agent = Scripted(
        legs={
            0: [transfer("100")],
            10: [order("1", "100010")],
            20: [order("-1", "99990", client_id="o2")],
            40: [transfer("7", client_id="t2")],
        }
    )
    episode = played(made, [agent], minutes(0, 10, 20, 30, 40), end=40)
    assert [(left.asset, left.reason, left.quantity_coin) for left in episode.outflows] == [
        ("USDC", "fee", Decimal(201)),
        ("USDC", "trade", Decimal(20)),
        ("USDC", "transit", Decimal(7)),
    ]
    held = sum(account.balance_coin("USDC") for account in made.accounts(0))
    assert held + sum(left.quantity_coin for left in episode.outflows) == 51_000


def test_without_agents_nothing_is_done() -> None:
    episode = played(world(perp("5")), [], minutes(0, 10))
    assert not episode.with_hedgerow
    assert episode.actions == ()
    assert len(episode.frames) == 4


def test_liquidations_between_steps_are_reported_at_their_own_time() -> None:
    made = world(perp("7000", "1"))
    crash = market("97500", time_ns=T0 + 3 * MINUTE_NS)
    episode = played(made, [], [*minutes(0), *crash])
    assert [(each.account_id, each.time_ns) for each in episode.liquidations] == [
        ("perp", T0 + 3 * MINUTE_NS)
    ]


def test_time_running_backwards_and_impossible_windows_are_refused() -> None:
    with pytest.raises(MarketRejected, match="backwards"):
        played(world(perp("1")), [], minutes(10, 5))
    with pytest.raises(OutOfDomain, match="step must be positive"):
        played(world(perp("1")), [], minutes(0), step=0)
    with pytest.raises(OutOfDomain, match="before the start"):
        played(world(perp("1")), [], minutes(0), start=5, end=0)


def test_equity_at_the_start_is_that_of_the_opening_accounts() -> None:
    # The very first moment liquidates the account and trades: neither is in the opening value.
    opening = (perp("4000", "1"), wallet(USDC="1000"))
    agent = Scripted(legs={0: [transfer("100")]})
    routes = [route("wallet", "perp", "USDC")]
    alone = played(world(*opening), [], minutes(0, 10))
    guarded = played(world(*opening, routes=routes), [agent], minutes(0, 10))
    assert alone.liquidations
    assert alone.frames[0].prices_usd["perp"] < 4000.0
    assert alone.equity_start_usd == guarded.equity_start_usd == 5000.0


def test_equity_at_the_start_is_valued_in_the_market_of_the_start() -> None:
    made = world(perp("50000"))
    stream = [*minutes(0), *minutes(15)]
    assert played(made, [], stream, start=10).equity_start_usd == 50_000.0


def test_the_mode_is_told_and_none_is_the_desk_left_alone() -> None:
    assert played(world(perp("1")), [], minutes(0), mode="propose").mode is None
    modes: tuple[Mode, ...] = ("auto", "propose", "observe")
    for mode in modes:
        episode = played(world(perp("1")), [Scripted()], minutes(0), mode=mode)
        assert episode.mode == mode


def test_what_is_not_sent_is_proposed_and_stands_until_a_step_without_it() -> None:
    buys = [order(quantity, "100010", client_id=f"o{quantity}") for quantity in "1234"]
    agent = Scripted(
        legs={0: [buys[0]], 10: [transfer("5"), buys[1]], 30: [buys[2]], 40: [buys[3]]}
    )
    episode = played(world(perp("50000")), [agent], minutes(0), end=40, mode="propose")
    assert {action.status for action in episode.actions} == {"proposed"}
    assert [((a.time_ns - T0) // MINUTE_NS, a.leg) for a in episode.actions] == [
        (0, buys[1]),
        (10, transfer("5")),
        (30, buys[3]),
    ]
    assert episode.actions[0].message.startswith("proposed at 2 steps in a row, the last 2026-03-")
    assert episode.actions[1].message == ""
    assert {action.done_contracts_or_coin for action in episode.actions} == {Decimal(0)}
    assert {action.cost_usd for action in episode.actions} == {0.0}


def test_opposite_sides_are_two_proposals() -> None:
    legs: dict[int, list[Leg]] = {0: [order("1", "1")], 10: [order("-1", "1", client_id="o2")]}
    episode = played(world(perp("1")), [Scripted(legs=legs)], minutes(0), mode="observe")
    assert [action.leg for action in episode.actions] == [legs[0][0], legs[10][0]]


def unmet(words: str) -> Failure:
    return Failure(subject="BTC", reason="no_source", message=words)


def test_what_a_plan_could_not_do_is_in_the_episode_once() -> None:
    agent = Scripted(
        unmet={
            0: [unmet("use stays at 91.2 %"), unmet("and once more")],
            10: [unmet("use stays at 93.7 %")],
            30: [unmet("use stays at 95.1 %")],
        },
        legs={
            10: [order("1", "1", client_id="a")],
            20: [order("2", "2", client_id="b"), transfer("1", client_id="c")],
        },
    )
    episode = played(world(perp("50000")), [agent], minutes(0, 10, 20))
    rows = [
        (u.subject, u.message, (u.first_ns - T0) // MINUTE_NS, (u.last_ns - T0) // MINUTE_NS)
        for u in episode.undone
    ]
    assert rows == [
        ("BTC", "use stays at 95.1 %", 0, 30),
        (
            "perp",
            "order refused: nothing filled: the next level, 100010, is beyond the limit 2",
            10,
            20,
        ),
        ("perp", "transfer refused: no account wallet here", 20, 20),
    ]
    assert [row.steps_count for row in episode.undone] == [3, 2, 1]


def test_what_a_plan_could_not_do_is_told_in_every_mode() -> None:
    agent = Scripted(unmet={0: [unmet("no")]})
    assert played(world(perp("1")), [agent], minutes(0), mode="observe").undone


def test_an_agent_sees_what_its_budget_still_allows_at_that_time() -> None:
    agent = Scripted()
    played(world(perp("1")), [agent], minutes(0))
    assert [view.allowance.orders_usd for view in agent.views] == [
        Decimal(minute * MINUTE_NS) for minute in (0, 10, 20, 30)
    ]
