"""One ordered plan: transfers first, ids that never repeat, limits as they will be."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.collateral import Move, Route, TransferPlan
from hedgerow.errors import Failure
from hedgerow.hedging import Trade, TradePlan
from hedgerow.limits import Limit, Survey, survey
from hedgerow.limits.seen import Rung
from hedgerow.margin import MarginReport, Rulebook, require, with_leg
from hedgerow.planning import CostKind, Order, Plan, Transfer, cost_kinds, plan, projected
from hedgerow.portfolio import book, with_balance
from hedgerow.units import MINUTE_NS, SECOND_NS
from tests.builders import (
    RAY,
    T0_NS,
    account,
    by_id,
    debt,
    index,
    lending,
    lending_rulebook,
    oracle,
    perpetual,
    quote,
    snapshot,
    supply,
    tiered_rulebook,
)

D = Decimal
RULES: dict[str, Rulebook] = {
    "perps": tiered_rulebook([(0, "0.05")]),
    "loan": lending_rulebook(wstETH=8000, USDC=8500),
}
LIMITS = (
    Limit(
        scope="desk/*/*",
        metric="margin_use_frac",
        soft_frac_usd_or_coin=0.5,
        hard_frac_usd_or_coin=0.8,
    ),
    Limit(
        scope="coin/BTC",
        metric="delta_spot_usd",
        soft_frac_usd_or_coin=1_000,
        hard_frac_usd_or_coin=2_000,
    ),
)
TERMS = by_id(perpetual(), supply("wstETH"), debt("USDC"))
ACCOUNTS = (
    account(
        "perp",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (3, 900)},
        balances={"USDC": -140},
    ),
    account("cold", venue="treasury", balances={"USDC": 1000}),
)


def before(time_ns: int = T0_NS) -> Survey:
    accounts = tuple(msgspec.structs.replace(one, time_observed_ns=time_ns) for one in ACCOUNTS)
    now = snapshot(index("BTC", 1000, time_ns), quote("BTC-PERP", 1000, time_ns), time_ns=time_ns)
    return survey(book(accounts, TERMS), now, RULES, LIMITS)


MOVE = Move(
    route=Route(
        source_account_id="cold",
        target_account_id="perp",
        asset="USDC",
        use="balance",
        latency_ns=60 * SECOND_NS,
        fee_coin=D(0),
        step_coin=D(1),
    ),
    quantity_coin=D(300),
    use_before_frac=D("0.9375"),
    use_after_frac=D("0.33"),
    cost_expected_usd=1.5,
)
TRADE = Trade(
    underlying="BTC",
    instrument_id="BTC-PERP",
    account_id="perp",
    quantity_contracts=D(-2),
    price_limit_usd=D(990),
    delta_before_coin=3.0,
    delta_after_coin=1.0,
    band_halfwidth_coin=1.0,
    target_delta_coin=0.0,
    crossing_usd=0.75,
    fee_usd=1.5,
)
UNMET = Failure(subject="x", reason="no_source", message="none left")


def made(time_ns: int = T0_NS, **changes: object) -> Plan:
    parts = {
        "trades": TradePlan(trades=(TRADE,), unmet=()),
        "transfers": TransferPlan(moves=(MOVE,), unmet=()),
    } | changes
    return plan(
        **parts,  # type: ignore[arg-type]
        before=before(time_ns),
        instruments=TERMS,
        rulebooks=RULES,
        limits=LIMITS,
        assumptions=("depth is a model",),
        valid_ns=MINUTE_NS,
    )


def test_transfers_come_before_orders_and_say_why() -> None:
    transfer, order = made().legs
    assert isinstance(transfer, Transfer)
    assert isinstance(order, Order)
    assert (transfer.client_id, order.client_id) == ("hg20260201T000000Z-0", "hg20260201T000000Z-1")
    assert (transfer.source_account_id, transfer.target_account_id) == ("cold", "perp")
    assert transfer.quantity_coin == 300
    assert transfer.reason == "perp uses 93.8 % of its equity; balance brings it to 33.0 %"
    assert (order.venue, order.account_id) == ("binance", "perp")
    assert order.quantity_contracts == -2
    assert order.price_limit_usd == 990
    assert order.reason == (
        "BTC delta +3.000 coin is outside +0.000 ± 1.000; to the edge at +1.000"
    )


def test_a_transfer_waits_for_those_that_its_move_waits_for_and_no_order_does() -> None:
    """The second hands on what the first brings, and the third needs neither."""
    on = msgspec.structs.replace(MOVE.route, source_account_id="perp", target_account_id="cold")
    handed = msgspec.structs.replace(MOVE, route=on, quantity_coin=D(100), waits_for_index=(0,))
    moves = (MOVE, handed, MOVE)
    first, second, third, order = made(transfers=TransferPlan(moves=moves, unmet=())).legs
    assert second.waits_for == (first.client_id,)
    assert (first.waits_for, third.waits_for, order.waits_for) == ((), (), ())


@pytest.mark.parametrize(
    ("was", "then", "is_told"),
    [
        ("calm", "soft", True),
        ("calm", "hard", True),
        ("watch", "soft", True),
        ("watch", "unknown", True),
        ("soft", "hard", True),
        ("calm", "watch", False),
        ("soft", "soft", False),
        ("hard", "soft", False),
        ("hard", "hard", False),
        ("unknown", "hard", False),
        ("expired", "expired", False),
        (None, "soft", True),
        (None, "watch", False),
    ],
)
def test_a_limit_that_legs_break_is_named(was: Rung | None, then: Rung, is_told: bool) -> None:
    first, *_ = made().limits_after
    after = msgspec.structs.replace(first, rung=then)
    told = [] if was is None else [msgspec.structs.replace(first, rung=was)]
    changed = msgspec.structs.replace(made(), limits_before=tuple(told), limits_after=(after,))
    assert changed.newly_broken == ((after,) if is_told else ())


def test_legs_that_break_nothing_name_nothing() -> None:
    """Less delta and more equity: what was soft is better after."""
    assert made().newly_broken == ()


def test_transfers_keep_the_order_in_which_they_were_planned() -> None:
    """The account nearest to its liquidation comes first."""
    second = msgspec.structs.replace(MOVE, quantity_coin=D(1))
    legs = made(transfers=TransferPlan(moves=(MOVE, second), unmet=())).legs
    assert [leg.quantity_coin for leg in legs if isinstance(leg, Transfer)] == [300, 1]
    assert [leg.client_id[-2:] for leg in legs] == ["-0", "-1", "-2"]


def test_the_plan_knows_its_price_its_age_and_what_it_assumes() -> None:
    got = made(transfers=TransferPlan(moves=(MOVE,), unmet=(UNMET,)))
    assert got.cost_expected_usd == 3.75
    assert got.expires_ns - got.time_ns == MINUTE_NS
    assert got.assumptions == ("depth is a model",)
    assert got.unmet == (UNMET,)


def test_its_price_is_split_into_what_books_and_venues_take() -> None:
    """The fee of the transfer, 1.5, and that of the trade, 1.5; 0.75 beyond the mid."""
    trades, transfers = TradePlan(trades=(TRADE,), unmet=()), TransferPlan(moves=(MOVE,), unmet=())
    assert cost_kinds(trades, transfers) == (
        CostKind(kind="crossing", cost_expected_usd=0.75),
        CostKind(kind="fee", cost_expected_usd=3.0),
    )
    nothing = TradePlan(trades=(), unmet=())
    assert cost_kinds(nothing, transfers) == (CostKind(kind="fee", cost_expected_usd=1.5),)
    free = msgspec.structs.replace(MOVE, cost_expected_usd=0.0)
    assert cost_kinds(nothing, TransferPlan(moves=(free,), unmet=())) == ()


def test_limits_after_are_those_of_the_desk_with_every_leg_done() -> None:
    got = made()
    was = {(s.node, s.metric): (s.rung, s.value_frac_usd_or_coin) for s in got.limits_before}
    now = {(s.node, s.metric): (s.rung, s.value_frac_usd_or_coin) for s in got.limits_after}
    # Before: equity -140 + 300, requirement 150. After: equity 460, requirement 50.
    assert was["desk/binance/perp", "margin_use_frac"] == ("hard", 0.9375)
    assert now["desk/binance/perp", "margin_use_frac"] == ("calm", float(D(50) / D(460)))
    assert was["coin/BTC", "delta_spot_usd"] == ("hard", 3000.0)
    assert now["coin/BTC", "delta_spot_usd"] == ("soft", 1000.0)


def test_a_plan_without_legs_still_says_what_it_could_not_do() -> None:
    got = made(
        trades=TradePlan(trades=(), unmet=(UNMET,)), transfers=TransferPlan(moves=(), unmet=())
    )
    assert got.legs == ()
    assert got.unmet == (UNMET,)
    assert got.limits_after == got.limits_before


def test_the_same_view_gives_the_same_bytes() -> None:
    assert msgspec.json.encode(made()) == msgspec.json.encode(made())


def test_two_plans_of_one_second_carry_different_ids() -> None:
    """Venues take a repeated client id for the same leg and would drop the second plan."""
    ids = [
        {leg.client_id for leg in made(T0_NS + late_ns).legs}
        for late_ns in (0, 1, SECOND_NS // 2, SECOND_NS)
    ]
    assert len(set().union(*ids)) == 8
    assert max(len(client_id) for client_id in set().union(*ids)) <= 32


# --- projected accounts --------------------------------------------------------------------------

FILLS = """
    held     entry  filled  balance  quantity
    3        900   -2       300      1
    3        900   -3       300      -
    3        900   -5       300     -2
    3        900    1       300      4
   -3        900    1      -300     -2
    0        -      2       0        2
"""


@pytest.mark.parametrize("row", FILLS.strip().splitlines()[1:])
def test_a_fill_moves_profit_to_the_balance_and_keeps_equity(row: str) -> None:
    held, entry, filled, balance, quantity = row.split()
    start = account(
        positions={"BTC-PERP": (held, entry)} if entry != "-" else {}, balances={"USDC": 1000}
    )
    after = with_leg(start, perpetual(), D(filled), D(1000))
    assert after.balance_coin("USDC") == 1000 + D(balance)
    if quantity == "-":
        assert after.positions == ()
    else:
        (position,) = after.positions
        assert position.quantity_contracts == D(quantity)
        assert position.price_entry_ccy == 1000
    now = snapshot(quote("BTC-PERP", 1000))
    reports = [require(one, TERMS, now, RULES["perps"]) for one in (start, after)]
    first, second = reports
    assert isinstance(first, MarginReport)
    assert isinstance(second, MarginReport)
    assert first.equity_ccy == second.equity_ccy


def test_a_balance_changes_alone() -> None:
    start = account(balances={"USDC": 5, "BTC": 1})
    after = with_balance(with_balance(start, "USDC", D(-7)), "ETH", D(2))
    assert [(b.asset, b.quantity_coin) for b in after.balances] == [
        ("BTC", D(1)),
        ("USDC", D(-2)),
        ("ETH", D(2)),
    ]


def test_a_transfer_takes_its_fee_out_of_its_source() -> None:
    move = msgspec.structs.replace(MOVE, route=msgspec.structs.replace(MOVE.route, fee_coin=D(7)))
    got = made(transfers=TransferPlan(moves=(move,), unmet=()))
    after = projected(ACCOUNTS, got.legs[:1], before().snapshot, TERMS, {})
    assert [each.balance_coin("USDC") for each in after] == [D(-140 + 300), D(1000 - 300 - 7)]


LOANS = """
    use     asset    quantity  instrument      contracts
    supply  wstETH   11        supply:wstETH   60
    repay   USDC     250       debt:USDC      -99800
    repay   USDC     1000000   debt:USDC       0
"""


@pytest.mark.parametrize("row", LOANS.strip().splitlines()[1:])
def test_a_loan_receives_in_scaled_units(row: str) -> None:
    use, asset, quantity, instrument_id, contracts = row.split()
    loan = account(
        "loan",
        venue="aave",
        rulebook="loan",
        positions={"supply:wstETH": 50, "debt:USDC": -100_000},
    )
    wallet = account("cold", balances={asset: 10**6})
    now = snapshot(
        oracle("wstETH", 2000),
        oracle("USDC", 1),
        lending("wstETH", supply_ray=RAY * 11 // 10),
        lending("USDC", debt_ray=RAY * 5 // 4),
    )
    move = msgspec.structs.replace(
        MOVE,
        route=msgspec.structs.replace(MOVE.route, target_account_id="loan", asset=asset, use=use),
        quantity_coin=D(quantity),
    )
    got = plan(
        trades=TradePlan(trades=(), unmet=()),
        transfers=TransferPlan(moves=(move,), unmet=()),
        before=survey(book((loan, wallet), TERMS), now, RULES, ()),
        instruments=TERMS,
        rulebooks=RULES,
        limits=(),
        assumptions=(),
        valid_ns=1,
    )

    after = projected((loan, wallet), got.legs, now, TERMS, RULES)
    assert after[0].quantity_contracts(instrument_id) == D(contracts)
    assert after[1].balance_coin(asset) == 10**6 - D(quantity)


def test_a_plan_with_one_id_for_two_legs_cannot_be_made() -> None:
    leg = Transfer(
        client_id="hg1-0", source_account_id="cold", target_account_id="loan", asset="USDC",
        quantity_coin=D(1), use="balance", cost_expected_usd=0.0, reason="",
    )  # fmt: skip
    other = msgspec.structs.replace(leg, client_id="hg1-1", quantity_coin=D(2))
    whole = Plan(
        plan_id="hg1", time_ns=5, expires_ns=5, legs=(leg, other), cost_expected_usd=0.0,
        limits_before=(), limits_after=(), assumptions=(), unmet=(),
    )  # fmt: skip
    twice = msgspec.structs.replace(other, client_id="hg1-0")
    with pytest.raises(ValueError, match="plan hg1: several legs have client id hg1-0; a venue"):
        msgspec.structs.replace(whole, legs=(leg, twice))
    with pytest.raises(ValueError, match="plan hg1: expires 1 ns before it is made"):
        msgspec.structs.replace(whole, expires_ns=4)
