"""What happens to a run once an account is empty or owes nothing: nothing at all."""

from collections.abc import Sequence
from decimal import Decimal

from hedgerow.agents import DeskAgent
from hedgerow.app.observe import frame
from hedgerow.collateral import BufferPolicy
from hedgerow.execution import Decision, Receipt, View, send
from hedgerow.limits import Limit, survey
from hedgerow.market import MarketEvent, Snapshot
from hedgerow.portfolio import Account
from hedgerow.simulation import Episode, Frame, World, run
from hedgerow.units import MINUTE_NS
from tests.builders import hedge_policy
from tests.rooms.simulation.desk import (
    PERP,
    T0,
    account,
    fresh_state,
    held,
    ladder,
    levels,
    loan,
    market,
    perp,
    route,
    transfer,
    wallet,
    world,
)

LIMITS = (
    Limit(
        scope="desk/*/*",
        metric="distance_spot_frac",
        soft_frac_usd_or_coin=0.2,
        hard_frac_usd_or_coin=0.1,
    ),
    Limit(
        scope="desk/*/*",
        metric="margin_use_frac",
        soft_frac_usd_or_coin=0.7,
        hard_frac_usd_or_coin=0.9,
    ),
)
# A band wider than what is held, lest a hedge forestall the liquidation.
HEDGE = hedge_policy(band_min_coin=2.0, fee_taker_frac=0.001)


def stream(*spots: str, steth: str = "2500") -> list[MarketEvent]:
    """A market every ten minutes."""
    events: list[MarketEvent] = []
    for at, spot in enumerate(spots):
        time_ns = T0 + at * 10 * MINUTE_NS
        bids = levels((str(Decimal(spot) - 10), "5"))
        asks = levels((str(Decimal(spot) + 10), "5"))
        events += [*market(spot, steth=steth, time_ns=time_ns), ladder(bids, asks, time_ns)]
    return events


def lived(made: World, events: list[MarketEvent], accounts: Sequence[str]) -> Episode:
    """Live with an agent that would refill and hedge, and everything that is measured of a desk."""
    agent = DeskAgent(
        limits=LIMITS,
        hedges=(HEDGE,),
        buffers=tuple(
            BufferPolicy(
                account_id=name, trigger_use_frac=Decimal("0.7"), target_use_frac=Decimal("0.5")
            )
            for name in accounts
        ),
        routes=(),
        perpetuals=(PERP,),
        assumptions=(),
    )

    def act(decision: Decision, snapshot: Snapshot, time_ns: int) -> list[Receipt]:
        del snapshot
        legs = () if decision.plan is None else decision.plan.legs
        return [send(made, leg, time_ns) for leg in legs]

    def observe(seen: View, decisions: Sequence[Decision]) -> Frame:
        del decisions
        return frame(survey(seen.book, seen.snapshot, seen.rulebooks, LIMITS))

    return run(
        events,
        name="test",
        world=made,
        state=fresh_state(),
        agents=(agent,),
        act=act,
        observe=observe,
        appraise=lambda seen: observe(seen, ()).equity_usd,
        step_ns=10 * MINUTE_NS,
        start_ns=T0,
        end_ns=T0 + 40 * MINUTE_NS,
    )


def test_an_account_emptied_by_its_liquidation_troubles_nobody() -> None:
    made = world(perp("5500", "1"), wallet(USDC="100"))
    episode = lived(made, stream("100000", "90000", "80000", "90000", "90000"), ["perp"])
    assert len(episode.liquidations) == 1
    emptied = held(made, "perp")
    assert emptied.positions == ()
    assert emptied.balance_coin("USDC") == 0
    assert episode.alerts == ()
    assert episode.equity_start_usd == 5600.0
    last = episode.frames[-1]
    assert last.missing == ()
    assert last.equity_usd == 100.0
    assert (last.accounts[0].requirement_ccy, last.accounts[0].is_distance_known) == (0.0, True)
    assert {state.rung for state in last.limits} == {"calm"}
    assert len(episode.frames) == 5


def test_an_account_that_never_held_anything_troubles_nobody() -> None:
    bare: list[Account] = [account(name, name, "USD") for name in ("tiered", "lending")]
    bare.append(account("scan", "scan", "BTC"))
    episode = lived(world(*bare, wallet(USDC="100")), stream("100000", "90000"), ["tiered"])
    assert (episode.liquidations, episode.alerts, episode.undone) == ((), (), ())
    assert episode.frames[-1].missing == ()
    assert episode.frames[-1].equity_usd == 100.0


def test_a_loan_that_is_fully_repaid_troubles_nobody() -> None:
    way = route("wallet", "loan", "USDC", "repay", latency_ns=0, fee_coin=Decimal(0))
    made = world(loan("10", "18000"), wallet(USDC="20000"), routes=[way])
    made.settle(opening())
    assert made.move(transfer("18000", target="loan", use="repay"), T0).status == "acknowledged"
    # The price falls to where the debt would have been liquidated, had it not been repaid.
    episode = lived(made, stream("100000", "100000", "100000", steth="2000"), ["loan"])
    assert held(made, "loan").quantity_contracts("aave:debt:USDC") == 0
    assert (episode.liquidations, episode.alerts, episode.undone) == ((), (), ())
    last = episode.frames[-1]
    assert last.missing == ()
    assert (last.accounts[0].requirement_ccy, last.accounts[0].distance_down_frac) == (0.0, None)


def test_a_loan_whose_collateral_is_gone_troubles_nobody() -> None:
    made = world(loan("10", "18000"), wallet(USDC="100"))
    episode = lived(made, stream("100000", "100000", "100000", steth="1500"), ["loan"])
    assert held(made, "loan").positions == ()  # all seized, the rest of the debt written off
    assert len(episode.liquidations) == 1
    assert episode.frames[-1].missing == ()
    assert episode.frames[-1].equity_usd == 100.0


def opening() -> Snapshot:
    state = fresh_state()
    for event in stream("100000"):
        state.apply(event)
    return state.freeze(T0)
