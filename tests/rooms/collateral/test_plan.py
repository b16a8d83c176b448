"""Buffers are refilled along allowed routes, no source is emptied, and what stays open is said."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.collateral import BufferPolicy, Route, TransferPlan, plan
from hedgerow.errors import Failure
from hedgerow.instruments import LoanDebt, LoanSupply
from hedgerow.limits import Limit, survey
from hedgerow.margin import Rulebook, require
from hedgerow.margin.venues.maker import MakerRulebook
from hedgerow.margin.venues.morpho_blue import MorphoRulebook
from hedgerow.market import MarketEvent
from hedgerow.portfolio import Account, book
from hedgerow.solvency import distance
from tests.builders import (
    RAY,
    T0_NS,
    Number,
    account,
    by_id,
    debt,
    exact,
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
from tests.golden.read import numbers

D = Decimal
REPAIR = numbers("lending_repair")
# Use is requirement over equity, the inverse of the health factor.
TARGET = 1 / D(REPAIR["target"])

RULES: dict[str, Rulebook] = {
    "loan": lending_rulebook(wstETH=8000, USDC=8500, DAI=8000),
    "perps": tiered_rulebook([(0, "0.05")]),
}
TERMS = by_id(supply("wstETH"), debt("USDC"), debt("DAI", 18), perpetual())
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 1000),
    index("wstETH", 2400),
    quote("BTC-PERP", 1000),
    oracle("wstETH", 2400),
    oracle("USDC", 1),
    oracle("DAI", 1),
    lending("wstETH"),
    lending("USDC"),
    lending("DAI"),
)
ABOUT = {
    "source": "made for tests", "as_of": "2026-01-01", "confidence": "exact", "confidence_note": "",
}  # fmt: skip
MAKER = MakerRulebook(
    name="vault",
    venue="maker",
    market="ETH-A",
    collateral_asset="ETH",
    liquidation_ratio_frac=D("1.5"),
    penalty_frac=D("0.1"),
    dust_coin=D(200),
    hole_coin=D(5000),
    **ABOUT,  # type: ignore[arg-type]
)
MORPHO = MorphoRulebook(
    name="borrower",
    venue="morpho",
    market="wsteth-weth",
    loan_asset="WETH",
    loan_decimals=18,
    collateral_asset="wstETH",
    collateral_decimals=18,
    lltv_frac=D("0.8"),
    **ABOUT,  # type: ignore[arg-type]
)
LOAN = account(
    "loan",
    venue="aave",
    currency="USD",
    rulebook="loan",
    positions={"supply:wstETH": 50, "debt:USDC": -100_000},  # C = 120k, D = 100k, LT = 0.8
)


def cold(**balances: Number) -> Account:
    return account("cold", venue="treasury", balances=balances)


def perps(account_id: str, equity: Number, contracts: Number = 0) -> Account:
    """Every contract of BTC-PERP, entered at its mark of 1000, requires 50, and 100 initially."""
    positions = {"BTC-PERP": (contracts, 1000)} if exact(contracts) else {}
    return account(
        account_id,
        venue="binance",
        rulebook="perps",
        positions=positions,
        balances={"USDC": equity},
    )


def route(target: str, asset: str = "USDC", *, use: str = "balance", source: str = "cold") -> Route:
    return Route(
        source_account_id=source,
        target_account_id=target,
        asset=asset,
        use=use,  # type: ignore[arg-type]
        latency_ns=60,
        fee_coin=D(0),
        step_coin=D("0.01"),
    )


def buffer(account_id: str, trigger: str = "0.8", target: Number = "0.5") -> BufferPolicy:
    return BufferPolicy(
        account_id=account_id, trigger_use_frac=D(trigger), target_use_frac=exact(target)
    )


def refill(
    accounts: list[Account],
    policies: list[BufferPolicy],
    routes: list[Route],
    in_transit: tuple[tuple[str, str, Decimal, str], ...] = (),
    events: tuple[MarketEvent, ...] = MARKET,
) -> TransferPlan:
    state = survey(book(accounts, TERMS), snapshot(*events), RULES, ())
    return plan(policies, routes, state, RULES, in_transit)


def sent(made: TransferPlan) -> list[tuple[str, Decimal]]:
    return [(move.route.source_account_id, move.quantity_coin) for move in made.moves]


# --- how much ------------------------------------------------------------------------------------


def test_a_deposit_of_the_sheet_repairs_the_loan() -> None:
    made = refill(
        [LOAN, cold(wstETH=100)],
        [buffer("loan", "0.95", TARGET)],
        [msgspec.structs.replace(route("loan", "wstETH", use="supply"), step_coin=D("1e-18"))],
    )
    (move,) = made.moves
    assert float(move.quantity_coin) * 2400 == pytest.approx(float(REPAIR["deposit"]), rel=1e-12)
    assert move.use_before_frac == 1 / D(REPAIR["hf"]) or abs(
        move.use_before_frac - 1 / D(REPAIR["hf"])  # type: ignore[operator]
    ) < D("1e-20")
    assert move.use_after_frac is not None
    assert abs(move.use_after_frac - TARGET) < D("1e-15")
    assert move.use_after_frac <= TARGET
    assert made.unmet == ()


def test_a_repayment_of_the_sheet_repairs_the_loan() -> None:
    made = refill(
        [LOAN, cold(USDC=100_000)],
        [buffer("loan", "0.95", TARGET)],
        [route("loan", use="repay")],
    )
    ((_, quantity),) = sent(made)
    assert quantity == D("12727.28")  # 12727.2727…, up to the route's step
    assert float(quantity) == pytest.approx(float(REPAIR["repay_outside"]), abs=0.01)
    (move,) = made.moves
    assert move.use_after_frac is not None
    assert move.use_after_frac <= TARGET


@pytest.mark.parametrize(
    ("target", "use", "asset", "coins"),
    [
        # 20,000 DAI owed, 10 · 3000 / 1.5 carried: 4,000 less is a use of 0.8, or 5,000 / 2,000 ETH
        # more. DAI trades at half a dollar, and the protocol takes it at one.
        ("vault", "repay", "DAI", "4000.00"),
        ("vault", "supply", "ETH", "2.50"),
        # 9.6 WETH owed, 10 · 2400 / 2000 · 0.8 carried: 1.92 less, or 2.4 / 0.96 more.
        ("borrower", "repay", "WETH", "1.92"),
        ("borrower", "supply", "wstETH", "2.50"),
    ],
)
def test_a_loan_counted_in_another_coin_than_dollars(
    target: str, use: str, asset: str, coins: str
) -> None:
    rules: dict[str, Rulebook] = {"vault": MAKER, "borrower": MORPHO}
    ink, art, lent, owed = (
        kind(instrument_id=name, market=market, asset=of, asset_decimals=18)
        for kind, name, market, of in (
            (LoanSupply, "ink", MAKER.market, "ETH"), (LoanDebt, "art", MAKER.market, "DAI"),
            (LoanSupply, "lent", MORPHO.market, "wstETH"),
            (LoanDebt, "owed", MORPHO.market, "WETH"),
        )
    )  # fmt: skip
    indices = [
        msgspec.structs.replace(
            lending(each.asset), market=each.market, borrowed_raw=10**24, borrowed_shares_raw=10**30
        )
        for each in (ink, art, lent, owed)
    ]
    now = snapshot(
        *(oracle("ETH", 3000), oracle("DAI", "0.5"), oracle("wstETH", 2400), oracle("WETH", 2000)),
        *indices,
    )
    accounts = [
        account("vault", rulebook="vault", positions={"ink": 10, "art": -20_000}),
        account("borrower", rulebook="borrower", positions={"lent": 10, "owed": D("-9.6")}),
        cold(DAI=10_000, ETH=10, WETH=10, wstETH=10),
    ]
    state = survey(book(accounts, by_id(ink, art, lent, owed)), now, rules, ())
    made = plan([buffer(target, "0.95", "0.8")], [route(target, asset, use=use)], state, rules, ())
    assert sent(made) == [("cold", D(coins))]
    # What is only owed is no collateral there.
    other = "DAI" if target == "vault" else "WETH"
    made = plan(
        [buffer(target, "0.95", "0.8")], [route(target, other, use="supply")], state, rules, ()
    )
    assert made.moves == ()
    assert f"{other} cannot be used to supply here" in [each.message for each in made.unmet]


def test_a_deposit_on_an_exchange() -> None:
    made = refill(
        [perps("a", 60, 1), cold(USDC=1000)], [buffer("a")], [route("a")]
    )  # needs 50, use 0.833
    assert sent(made) == [("cold", D(40))]
    assert made.moves[0].use_after_frac == D("0.5")
    assert made.moves[0].cost_expected_usd == 0.0


TRIGGERS = """
    equity  moved
    62.49   37.51
    62.5    0
    62.51   0
    50      50
    0.01    99.99
    0       100
   -20      120
"""


@pytest.mark.parametrize("row", TRIGGERS.strip().splitlines()[1:])
def test_the_trigger_is_a_use_of_four_fifths(row: str) -> None:
    equity, moved = map(D, row.split())
    made = refill([perps("a", equity, 1), cold(USDC=1000)], [buffer("a")], [route("a")])
    assert sum((quantity for _, quantity in sent(made)), D(0)) == moved
    assert made.unmet == ()


def test_an_account_that_only_owes_is_filled_first() -> None:
    accounts = [perps("a", 1, 1), perps("b", -20), cold(USDC=50)]
    made = refill(accounts, [buffer("a"), buffer("b")], [route("a"), route("b")])
    assert [(m.route.target_account_id, m.quantity_coin) for m in made.moves] == [
        ("b", D(20)),
        ("a", D(30)),
    ]


def test_needs_round_up_and_what_can_be_given_rounds_down() -> None:
    coarse = msgspec.structs.replace(route("a"), step_coin=D(7))
    made = refill([perps("a", 60, 1), cold(USDC=1000)], [buffer("a")], [coarse])
    assert sent(made) == [("cold", D(42))]  # 40 is needed
    made = refill([perps("a", 60, 1), cold(USDC=39)], [buffer("a")], [coarse])
    assert sent(made) == [("cold", D(35))]  # 39 are there
    assert made.unmet[0].reason == "no_source"
    assert made.unmet[0].message.endswith("no route has more to give")


# --- from whom -----------------------------------------------------------------------------------


def test_routes_are_drawn_in_order() -> None:
    accounts = [perps("a", 60, 1), perps("b", 500), cold(USDC=25)]
    made = refill(accounts, [buffer("a")], [route("a"), route("a", source="b")])
    assert sent(made) == [("cold", D(25)), ("b", D(15))]


def test_nothing_moves_along_a_way_nobody_allowed() -> None:
    made = refill([perps("a", 60, 1), cold(USDC=1000)], [buffer("a")], [route("b")])
    assert made.moves == ()
    (failure,) = made.unmet
    assert (failure.subject, failure.reason) == ("a", "no_source")
    assert failure.message == "use stays at 83.3 %, wanted 50.0 %: no route leads to it"


SPARES = """
    equity  buffer_target  gives
    300     none           200
    300     0.25           100
    300     0.5            200
    300     0.9            200
    100     none           0
    99      none           0
"""


@pytest.mark.parametrize("row", SPARES.strip().splitlines()[1:])
def test_a_source_keeps_its_initial_requirement_and_its_own_buffer(row: str) -> None:
    """One contract: 50 maintenance, 100 initial; a target use of 0.25 keeps 200 of equity."""
    equity, target, gives = row.split()
    policies = [buffer("a", target="0.01")]
    if target != "none":
        policies.append(buffer("b", "0.99", target))
    accounts = [perps("a", 1, 1), perps("b", equity, 1)]
    made = refill(accounts, policies, [route("a", source="b")])
    assert sum((quantity for _, quantity in sent(made)), D(0)) == D(gives)


def test_profit_that_is_not_cash_yet_cannot_be_sent() -> None:
    rich = account(
        "b",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (1, 100)},  # 900 of profit
        balances={"USDC": 30},
    )
    made = refill([perps("a", 60, 1), rich], [buffer("a")], [route("a", source="b")])
    assert sent(made) == [("b", D(30))]


def test_a_fee_is_paid_by_the_source_and_counted() -> None:
    paid = msgspec.structs.replace(route("a"), fee_coin=D("1.5"))
    made = refill([perps("a", 60, 1), cold(USDC="41.5")], [buffer("a")], [paid])
    assert sent(made) == [("cold", D(40))]
    assert made.moves[0].cost_expected_usd == 1.5
    made = refill([perps("a", 60, 1), cold(USDC="41")], [buffer("a")], [paid])
    assert sent(made) == [("cold", D("39.5"))]


def test_one_treasury_is_not_spent_twice_and_the_nearest_to_liquidation_comes_first() -> None:
    accounts = [perps("a", 60, 1), perps("b", 55, 1), cold(USDC=70)]
    made = refill(accounts, [buffer("a"), buffer("b")], [route("a"), route("b")])
    assert [(m.route.target_account_id, m.quantity_coin) for m in made.moves] == [
        ("b", D(45)),
        ("a", D(25)),
    ]
    assert [failure.subject for failure in made.unmet] == ["a"]


def test_a_source_whose_own_requirement_is_unknown_gives_nothing() -> None:
    stale = msgspec.structs.replace(perps("b", 1000), time_observed_ns=T0_NS - 16 * 10**9)
    made = refill([perps("a", 60, 1), stale], [buffer("a")], [route("a", source="b")])
    assert made.moves == ()


def test_an_account_whose_requirement_is_unknown_is_named() -> None:
    stale = msgspec.structs.replace(perps("a", 60, 1), time_observed_ns=T0_NS - 16 * 10**9)
    made = refill([stale, cold(USDC=1000)], [buffer("a")], [route("a")])
    assert made.moves == ()
    (failure,) = made.unmet
    assert (failure.subject, failure.reason) == ("a", "stale_data")
    assert failure.message.startswith("requirement unknown, buffer cannot be judged: ")


def test_an_asset_that_does_not_count_there_is_not_sent() -> None:
    accounts = [perps("a", 60, 1), LOAN, cold(BTC=5, DOGE=5)]
    made = refill(
        accounts,
        [buffer("a"), buffer("loan", "0.99", "0.9")],
        [route("a", "BTC"), route("loan", "DOGE", use="supply"), route("a", use="supply")],
    )
    assert made.moves == ()
    messages = [failure.message for failure in made.unmet]
    assert "BTC does not count as collateral in USDC here" in messages
    assert "DOGE cannot be used to supply here" in messages
    assert "USDC cannot be used to supply here" in messages


def test_more_than_is_owed_is_not_repaid() -> None:
    """Only 1000 of the debt is in DAI: a repayment in DAI can do no more than that."""
    loan = account(
        "loan",
        venue="aave",
        currency="USD",
        rulebook="loan",
        positions={"supply:wstETH": 50, "debt:USDC": -99_000, "debt:DAI": -1_000},
    )
    made = refill(
        [loan, cold(DAI=50_000, USDC=50_000)],
        [buffer("loan", "0.95", TARGET)],
        [route("loan", "DAI", use="repay"), route("loan", use="repay")],
    )
    assert [(m.route.asset, m.quantity_coin) for m in made.moves] == [
        ("DAI", D(1000)),
        ("USDC", D("11727.28")),
    ]
    grown = tuple(
        lending("DAI", debt_ray=RAY * 5 // 4) if e == lending("DAI") else e for e in MARKET
    )
    made = refill(
        [loan, cold(DAI=50_000)],
        [buffer("loan", "0.95", TARGET)],
        [route("loan", "DAI", use="repay")],
        (),
        grown,
    )
    assert sent(made) == [("cold", D(1250))]
    nothing_owed = refill(
        [LOAN, cold(DAI=50_000)],
        [buffer("loan", "0.95", TARGET)],
        [route("loan", "DAI", use="repay")],
    )
    assert nothing_owed.moves == ()


# --- on the way ----------------------------------------------------------------------------------


def test_what_is_on_the_way_counts_once() -> None:
    accounts = [perps("a", 60, 1), cold(USDC=1000)]
    way = ("a", "USDC", D(40), "balance")
    assert refill(accounts, [buffer("a")], [route("a")], (way,)) == TransferPlan(moves=(), unmet=())
    half = ("a", "USDC", D(1), "balance")  # 61 of equity: still above the trigger
    made = refill(accounts, [buffer("a")], [route("a")], (half,))
    assert sent(made) == [("cold", D(39))]


def test_a_repayment_on_the_way_counts_as_repaid() -> None:
    way = ("loan", "USDC", D(50_000), "repay")
    made = refill([LOAN, cold(USDC=10**6)], [buffer("loan")], [route("loan", use="repay")], (way,))
    assert made.moves == ()
    way = ("loan", "USDC", D(20_000), "repay")  # leaves 80,000 against 96,000: use 0.833
    made = refill([LOAN, cold(USDC=10**6)], [buffer("loan")], [route("loan", use="repay")], (way,))
    assert sent(made) == [("cold", D(32_000))]


def test_a_missing_oracle_leaves_the_loan_unknown() -> None:
    events = tuple(e for e in MARKET if getattr(e, "asset", "") != "wstETH")
    made = refill(
        [LOAN, cold(USDC=10**6)], [buffer("loan")], [route("loan", use="repay")], (), events
    )
    assert made.moves == ()
    assert made.unmet[0].reason == "missing_data"


# --- beside a hedge, under a budget, near a hard distance ----------------------------------------


def test_a_budget_cuts_a_move_and_says_so() -> None:
    state = survey(
        book([perps("perps", 60, 1), cold(USDC=500)], TERMS), snapshot(*MARKET), RULES, ()
    )
    made = plan(
        [buffer("perps", "0.8", D("0.5"))], [route("perps")], state, RULES, left_usd=D("25.005")
    )
    assert sent(made) == [("cold", D("25"))]
    assert made.unmet[0].message.endswith("the day's budget is spent")


def test_a_planned_hedge_is_given_its_initial_margin() -> None:
    """Ten contracts more need 10 x 1000 x 10 % = 1000 to open; use alone would ask for less."""
    held, hedged = perps("perps", 700), perps("perps", 700, 10)
    now = snapshot(*MARKET)
    state = survey(book([held, cold(USDC=5000)], TERMS), now, RULES, ())
    after = require(hedged, TERMS, now, RULES["perps"])
    assert not isinstance(after, Failure)
    assert after.requirement_initial_ccy == 1000
    made = plan(
        [buffer("perps", "0.9", D("0.8"))],
        [route("perps")],
        state,
        RULES,
        hedged={"desk/binance/perps": after},
    )
    assert sent(made) == [("cold", D("300"))]


def test_a_hard_distance_is_widened_to_the_soft_one() -> None:
    """1000 of notional, 5 % maintenance: 140 of equity break after (140-50)/1050 = 8.6 % up."""
    short = perps("perps", 140, -1)
    limit = Limit(
        scope="desk/*/*",
        metric="distance_spot_frac",
        soft_frac_usd_or_coin=0.20,
        hard_frac_usd_or_coin=0.10,
    )
    state = survey(book([short, cold(USDC=5000)], TERMS), snapshot(*MARKET), RULES, (limit,))
    made = plan([buffer("perps", "0.9", D("0.8"))], [route("perps")], state, RULES)
    (move,) = made.moves
    # Headroom of 90 must grow by 0.20 / 0.0857 = 2.333, hence by 120.
    assert float(move.quantity_coin) == pytest.approx(120, abs=0.5)
    filled = perps("perps", 140 + move.quantity_coin, -1)
    wide = distance(filled, TERMS, snapshot(*MARKET), RULES["perps"])
    assert not isinstance(wide, Failure)
    assert wide.up_frac == pytest.approx(0.20, abs=1e-3)
