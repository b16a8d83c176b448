"""Hedges go to the nearest edge of the band, in whole lots, or say why they cannot."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging import (
    NO_CAPS,
    Caps,
    Depth,
    HedgePolicy,
    Offer,
    TradePlan,
    crossing_and_fee_usd,
    offer,
    plan,
)
from hedgerow.hedging.plan import band_halfwidth_coin
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.limits import Limit, survey
from hedgerow.margin import Charges
from hedgerow.market import MarketEvent, Shock
from hedgerow.portfolio import Account, book
from tests.builders import (
    T0_NS,
    Number,
    account,
    by_id,
    exact,
    hedge_policy,
    index,
    ladder,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
)

D = Decimal
POLICY = hedge_policy()
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 60000),
    quote("BTC-PERP", 60000),
    ladder("BTC-PERP", 60000, half_spread=3, size=100),
)


def hedge(
    coins: Number,
    *,
    policy: HedgePolicy = POLICY,
    events: tuple[MarketEvent, ...] = MARKET,
    terms: LinearPerpetual | None = None,
    accounts: tuple[Account, ...] = (),
    more_terms: tuple[Instrument, ...] = (),
    caps: Caps = NO_CAPS,
    limits: tuple[Limit, ...] = (),
) -> TradePlan:
    """Plan for a treasury that holds so many coins, and knows none where there are none."""
    perp = terms or perpetual()
    cold = account("cold", balances={"BTC": coins} if exact(coins) else {})
    held = (cold, account("perp", venue="binance"), *accounts)
    now = snapshot(*events)
    state = survey(book(held, by_id(perp, *more_terms)), now, {}, limits)
    return plan([policy], state, [perp], caps)


EDGES = """
    coins    target  quantity  after
    0.25     0       0         0.25
    0.2509   0       0         0.2509
    0.2511   0      -0.001     0.2501
    2        0      -1.75      0.25
   -2        0       1.75     -0.25
    2        5       2.75      4.75
    7        5      -1.75      5.25
    5.25     5       0         5.25
   -2       -5      -2.75     -4.75
    2.0004   0      -1.75      0.2504
"""


@pytest.mark.parametrize("row", EDGES.strip().splitlines()[1:])
def test_to_the_nearest_edge_and_no_further(row: str) -> None:
    coins, target, quantity, after = row.split()
    policy = msgspec.structs.replace(POLICY, target_delta_coin=float(target))
    made = hedge(coins, policy=policy)
    assert made.unmet == ()
    if D(quantity) == 0:
        assert made.trades == ()
        return
    (trade,) = made.trades
    assert trade.quantity_contracts == D(quantity)
    assert trade.delta_before_coin == float(coins)
    assert trade.delta_after_coin == pytest.approx(float(after), abs=1e-12)
    assert trade.band_halfwidth_coin == 0.25
    assert (trade.account_id, trade.instrument_id) == ("perp", "BTC-PERP")


@pytest.mark.parametrize(("coins", "quantity"), [(2, "-1.75"), (-2, "1.75")])
@pytest.mark.parametrize(("off", "is_traded"), [("600", True), ("600.1", False)])
def test_what_rests_at_the_worst_price_accepted_is_taken(
    coins: int, quantity: str, off: str, is_traded: bool
) -> None:
    """One per cent of 60,000 is 600 either way."""
    far = ladder("BTC-PERP", 60000, half_spread=off, size=100, levels=1)
    made = hedge(coins, events=(*MARKET[:2], far))
    assert [each.quantity_contracts for each in made.trades] == ([D(quantity)] * is_traded)
    assert bool(made.unmet) != is_traded


@pytest.mark.parametrize("holder", ["perp", "other"])
def test_both_sides_held_of_the_hedge_are_not_traded_into(holder: str) -> None:
    """Which of them a fill joins is not known, nor what the account needs then."""
    sides = [account(positions={"BTC-PERP": (side, 60_000)}).positions for side in (1, -1)]
    ids = ("perp", "other")
    held = [account(each, venue="binance") for each in ids]
    held[ids.index(holder)] = msgspec.structs.replace(
        held[ids.index(holder)], positions=(*sides[0], *sides[1])
    )
    cold = account("cold", balances={"BTC": 2})
    state = survey(book((cold, *held), by_id(perpetual())), snapshot(*MARKET), {}, ())
    made = plan([POLICY], state, [perpetual()])
    if holder == "other":
        assert [trade.quantity_contracts for trade in made.trades] == [D("-1.75")]
        return
    assert made.trades == ()
    (unmet,) = made.unmet
    assert unmet.message.startswith("perp holds both sides of BTC-PERP, and which of them")


def test_a_contract_of_a_tenth_of_a_coin_trades_ten_times_as_many() -> None:
    perp = perpetual(multiplier_coin_per_contract=D("0.1"), lot_contracts=D(1))
    (trade,) = hedge(2, terms=perp).trades
    # 17.5 contracts would reach the edge; 17 whole ones stay outside of it.
    assert trade.quantity_contracts == -17
    assert trade.delta_after_coin == pytest.approx(0.3, abs=1e-12)


def test_a_contract_above_spot_moves_by_its_mark() -> None:
    """At 66,000 for a spot of 60,000 each moves like 1.1 coins; the plan and the desk agree."""
    events = (index("BTC", 60000), quote("BTC-PERP", 66000), ladder("BTC-PERP", 66000, size=100))
    (trade,) = hedge(2, events=events).trades
    assert trade.quantity_contracts == D("-1.590")  # 1.75 / 1.1 = 1.5909
    assert trade.delta_after_coin == pytest.approx(2 - 1.59 * 1.1, abs=1e-12)
    done = account("done", venue="binance", positions={"BTC-PERP": ("-1.590", 66000)})
    assert hedge(2, events=events, accounts=(done,)).trades == ()
    state = survey(
        book([account("cold", balances={"BTC": 2}), done], by_id(perpetual())),
        snapshot(*events),
        {},
        (),
    )
    row = state.exposures.row("coin/BTC")
    assert not isinstance(row, Failure)
    assert row.delta_spot_coin == pytest.approx(trade.delta_after_coin, abs=1e-12)


def test_a_contract_paid_in_a_dollar_below_par_moves_by_less() -> None:
    """At 0.9 dollars a coin pays 0.9 of a coin's move: 1.75 / 0.9 = 1.9444 contracts."""
    now = snapshot(*MARKET).shocked(Shock(spot_factor_frac={"USDC": 0.9}))
    state = survey(book([account("cold", balances={"BTC": 2})], by_id(perpetual())), now, {}, ())
    (trade,) = plan([POLICY], state, [perpetual()], NO_CAPS).trades
    assert trade.quantity_contracts == D("-1.944")
    assert trade.delta_after_coin == pytest.approx(2 - 1.944 * 0.9, abs=1e-12)


def test_what_it_costs_and_the_worst_price_it_takes() -> None:
    events = (index("BTC", 60006), quote("BTC-PERP", 60006), MARKET[2])
    (buy,) = hedge(-2, events=events).trades
    # 1.75 coins, 3 dollars from the middle each, and 5 bp of their mark.
    assert buy.crossing_usd == pytest.approx(1.75 * 3, rel=1e-12)
    assert buy.fee_usd == pytest.approx(0.0005 * 1.75 * 60006, rel=1e-12)
    assert buy.cost_expected_usd == buy.crossing_usd + buy.fee_usd
    assert buy.price_limit_usd == D("60606.0")  # 60606.06 down to a tick of 0.1
    (sell,) = hedge(2, events=events).trades
    assert sell.price_limit_usd == D("59406.0")  # 59405.94 up to a tick


def test_what_it_costs_is_paid_in_a_coin_with_a_price_of_its_own() -> None:
    """2 - 0.25 coins at 0.9 each are 1.944 contracts: 3 USDC of spread each, and 5 bp of 60,000.

    That are 5.832 and 58.32 USDC, and nine tenths of it in dollars. An offer of the same book has
    the same half spread, and its fee at the price that is paid, 3 off the mark.
    """
    now = snapshot(*MARKET).shocked(Shock(spot_factor_frac={"USDC": 0.9}))
    state = survey(book([account("cold", balances={"BTC": 2})], by_id(perpetual())), now, {}, ())
    (trade,) = plan([POLICY], state, [perpetual()]).trades
    assert trade.crossing_usd == pytest.approx(5.832 * 0.9, rel=1e-12)
    assert trade.fee_usd == pytest.approx(58.32 * 0.9, rel=1e-12)
    charges = Charges(fee_taker_frac=D("0.0005"), fee_liquidation_frac=D(0))
    offered = offer(perpetual(), account("perp"), now, charges, Depth())
    assert isinstance(offered, Offer)
    crossing, fee = crossing_and_fee_usd(offered, float(trade.quantity_contracts))
    assert trade.crossing_usd == pytest.approx(crossing, rel=1e-9)
    assert trade.fee_usd / 60_000 == pytest.approx(fee / 59_997, rel=1e-9)


def test_what_is_paid_in_a_coin_without_a_price_is_not_traded() -> None:
    made = hedge(2, terms=perpetual(settlement="USDT"))
    assert made.trades == ()
    (unmet,) = made.unmet
    assert (unmet.subject, unmet.reason) == ("USDT", "missing_data")


def test_the_band_of_the_sheet_from_a_row_of_gamma() -> None:
    """Ten at-the-money calls of 30 days at 60 %: Γ per call as in the sheet, cost 5 bp in all."""
    call = option(60000, "call", expiry_ns=T0_NS + 30 * 86_400 * 10**9)
    policy = msgspec.structs.replace(POLICY, band_min_coin=0.0, fee_taker_frac=0.00045)
    events = (
        index("BTC", 60000),
        quote("BTC-PERP", 60000),
        option_quote(call, 60000, 0.6),
        ladder("BTC-PERP", 60000, half_spread=3),  # half spread 0.5 bp
    )
    written = account("options", currency="BTC", positions={call.instrument_id: 1})
    made = hedge(10, policy=policy, events=events, accounts=(written,), more_terms=(call,))
    (trade,) = made.trades
    assert trade.band_halfwidth_coin == pytest.approx(0.405628898, abs=1e-9)
    state = survey(
        book([written], by_id(call)),
        snapshot(*events),
        {},
        (),
    )
    row = state.exposures.row("coin/BTC")
    wide = msgspec.structs.replace(policy, band_min_coin=1.0)
    assert band_halfwidth_coin(wide, row, 60000.0, 0.00005) == 1.0  # type: ignore[arg-type]


def test_nothing_held_is_a_delta_of_zero() -> None:
    assert hedge(0) == TradePlan(trades=(), unmet=())
    policy = msgspec.structs.replace(POLICY, target_delta_coin=1.0)
    (trade,) = hedge(0, policy=policy).trades
    assert trade.quantity_contracts == D("0.75")


def without(kind: type) -> tuple[MarketEvent, ...]:
    return tuple(event for event in MARKET if not isinstance(event, kind))


@pytest.mark.parametrize("missing", MARKET, ids=lambda event: type(event).__name__)
def test_a_missing_price_is_not_traded_on(missing: MarketEvent) -> None:
    made = hedge(2, events=without(type(missing)))
    assert made.trades == ()
    (failure,) = made.unmet
    assert failure.reason == "missing_data"


def test_an_incomplete_delta_is_not_traded_on() -> None:
    call = option(60000, "call")
    written = account("options", currency="BTC", positions={call.instrument_id: -1})
    made = hedge(2, accounts=(written,), more_terms=(call,))
    assert made.trades == ()
    (failure,) = made.unmet
    assert failure.subject == "BTC"
    assert failure.message == ("delta is incomplete, not traded on; missing: BTC-60000-call")


def test_stale_positions_are_not_traded_on() -> None:
    old = account("old", balances={"BTC": 1}, time_ns=T0_NS - 16 * 10**9)
    made = hedge(2, accounts=(old,))
    assert made.trades == ()
    assert made.unmet[0].message == "delta is incomplete, not traded on; missing: old"


def test_a_ladder_too_thin_is_traded_on_as_far_as_it_goes() -> None:
    thin = (*MARKET[:2], ladder("BTC-PERP", 60000, half_spread=3, size="0.8", levels=2))
    made = hedge(2, events=thin)
    assert [trade.quantity_contracts for trade in made.trades] == [D("-1.6")]
    assert made.unmet[0].reason == "no_source"
    assert made.unmet[0].message == (
        "hedged 1.6 of 1.75 contracts wanted: the book within the price limit allows no more"
    )


@pytest.mark.parametrize(
    ("order_usd_max", "left_usd", "sold", "why"),
    [
        ("60000", None, "1", "the budget of one order"),
        ("59999.99", None, "0.999", "the budget of one order"),
        (None, "30000", "0.5", "the day's budget for orders"),
        ("60000", "30000", "0.5", "the day's budget for orders"),
    ],
)
def test_a_budget_cuts_a_trade_and_does_not_stop_it(
    order_usd_max: str | None, left_usd: str | None, sold: str, why: str
) -> None:
    caps = Caps(
        order_usd_max=None if order_usd_max is None else D(order_usd_max),
        left_usd=None if left_usd is None else D(left_usd),
    )
    made = hedge(2, caps=caps)
    assert [-trade.quantity_contracts for trade in made.trades] == [D(sold)]
    assert made.unmet[0].message.startswith(f"hedged {made.trades[0].quantity_contracts * -1} of")
    assert made.unmet[0].message.endswith(f"contracts wanted: {why} allows no more")


@pytest.mark.parametrize(
    ("metric", "unit"), [("delta_spot_usd", 60_000.0), ("delta_spot_coin", 1.0)]
)
def test_a_band_never_reaches_beyond_a_soft_limit(metric: str, unit: float) -> None:
    """The band alone would stop at 0.25 coins, 15,000 USD; the person wanted less than 6,000."""
    limit = Limit(
        scope="coin/BTC",
        metric=metric,
        soft_frac_usd_or_coin=0.1 * unit,
        hard_frac_usd_or_coin=0.4 * unit,
    )
    (trade,) = hedge(2, limits=(limit,)).trades
    assert trade.delta_after_coin * 60_000 == pytest.approx(0.95 * 6_000, abs=600)
    assert hedge("0.09", limits=(limit,)).trades == ()
    (back,) = hedge("-0.2", limits=(limit,)).trades
    assert back.delta_after_coin == pytest.approx(-0.095, abs=1e-2)
    # And it is told: the tightest of several limits, from which band to which.
    wide = msgspec.structs.replace(limit, soft_frac_usd_or_coin=0.2 * unit)
    (told,) = hedge(2, limits=(wide, limit, wide)).trades
    found = told.narrowing
    assert found is not None
    assert (found.from_low_coin, found.from_high_coin) == (-0.25, 0.25)
    assert (found.low_coin, found.high_coin) == pytest.approx((-0.095, 0.095))
    assert (found.node, found.metric, found.soft_usd_or_coin) == ("coin/BTC", metric, 0.1 * unit)


def test_a_limit_that_leaves_the_whole_band_narrows_nothing() -> None:
    """Inside 0.25 coins at 95 % of 0.27, and on another coin, or on no delta, whatever it is."""
    limits = [
        Limit(scope=scope, metric=metric, soft_frac_usd_or_coin=soft, hard_frac_usd_or_coin=1e9)
        for scope, metric, soft in (
            ("coin/BTC", "delta_spot_coin", 0.27),
            ("coin/ETH", "delta_spot_usd", 1.0),
            ("coin/BTC", "vega_usd_per_volpt", 1.0),
            ("desk", "delta_spot_usd", 1.0),
        )
    ]
    (trade,) = hedge(2, limits=tuple(limits)).trades
    assert trade.narrowing is None
    assert trade.band_halfwidth_coin == 0.25
    (plain,) = hedge(2).trades
    assert plain == trade


def test_a_band_around_a_target_beyond_its_limit_ends_at_the_limit() -> None:
    """Of 4.75 to 5.25 coins, around a target of 5, a limit of 5.1 leaves 4.75 to 4.845."""
    limit = Limit(
        scope="coin/BTC",
        metric="delta_spot_coin",
        soft_frac_usd_or_coin=5.1,
        hard_frac_usd_or_coin=9,
    )
    policy = msgspec.structs.replace(POLICY, target_delta_coin=5.0)
    (trade,) = hedge(7, policy=policy, limits=(limit,)).trades
    assert trade.narrowing is not None
    found = (trade.narrowing.low_coin, trade.narrowing.high_coin)
    assert found == pytest.approx((4.75, 0.95 * 5.1))


def test_a_spent_budget_trades_nothing_and_says_so() -> None:
    made = hedge(2, caps=Caps(left_usd=D(0)))
    assert made.trades == ()
    assert made.unmet[0].subject == "BTC"
