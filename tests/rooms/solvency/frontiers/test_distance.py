"""Distances against closed forms and the venue's worked examples."""

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import MarketEvent, Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency import Distance, distance
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    staking,
    supply,
    tiered_rulebook,
)
from tests.golden.read import cases, numbers

D = Decimal
TOLERANCE_FRAC = 1e-4  # what `distance` promises


def known(outcome: Distance | Failure) -> Distance:
    assert isinstance(outcome, Distance), outcome
    return outcome


def headroom(
    held: Account, terms: dict[str, Instrument], now: Snapshot, rules: Rulebook, factor: float
) -> Decimal:
    coins = {"BTC", "ETH"}
    shock = Shock(spot_factor_frac=dict.fromkeys(coins, factor))
    report = require(held, terms, now.shocked(shock), rules)
    assert isinstance(report, MarginReport), report
    return report.headroom_ccy


def near(move: float | None, price: float, start: float, printed_usd: float = 0.0) -> None:
    """The reported move is the price's, to the tolerance, and on its near side.

    A price that a venue prints may be off by `printed_usd`.
    """
    assert move is not None
    want = price / start - 1.0
    assert abs(move) <= abs(want) + printed_usd / start + 1e-12
    assert abs(move - want) <= TOLERANCE_FRAC * (1.0 + want)


def linear(
    leverage: float, side: int, rate: str, entry: float = 60000.0
) -> tuple[Account, Any, Any]:
    wallet = D(str(entry)) / D(str(leverage))
    held = account(positions={"BTC-PERP": (side, entry)}, balances={"USDC": wallet})
    now = snapshot(quote("BTC-PERP", entry), index("BTC", entry))
    return held, now, tiered_rulebook([(0, rate)])


@pytest.mark.parametrize(("side", "name"), [(1, "linear_long"), (-1, "linear_short")])
def test_linear_isolated_of_the_sheet(side: int, name: str) -> None:
    want = numbers("liquidation_price")
    held, now, rules = linear(float(want["leverage"]), side, want["mmr"])
    got = known(distance(held, by_id(perpetual()), now, rules))
    broken, whole = (got.down_frac, got.up_frac)[::side]
    near(broken, float(want[name]), 60000.0)
    assert whole is None
    assert got.nearest_frac == abs(broken)  # type: ignore[arg-type]
    assert (got.account_id, got.time_ns) == ("main", T0_NS)


@pytest.mark.parametrize("leverage", [1.5, 2.0, 3.0, 5.0, 20.0, 50.0])
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("rate", ["0.004", "0.01"])
def test_linear_isolated_in_closed_form(leverage: float, side: int, rate: str) -> None:
    """Entry times (1 ∓ 1/leverage) over (1 ∓ m) (methods.md 16.1)."""
    held, now, rules = linear(leverage, side, rate)
    got = known(distance(held, by_id(perpetual()), now, rules))
    price = 60000 * (1 - side / leverage) / (1 - side * float(rate))
    near(got.down_frac if side > 0 else got.up_frac, price, 60000.0)


@pytest.mark.parametrize(
    "sample",
    [
        one
        for one in cases("binance/venue_cases", "liquidation_price")
        if one["id"].startswith("binance-usdm")
    ],
    ids=lambda one: one["id"],
)
def test_liquidation_prices_of_the_venue(sample: dict[str, Any]) -> None:
    """Other positions stand still in the venue's figure: their profit and requirement as cash."""
    given = sample["given"]
    coin = given["symbol"].removesuffix("USDT")
    # A table whose second tier has the case's rate and deduction.
    rules = tiered_rulebook([(0, 0), (D(given["cum"]) / D(given["mmr"]), given["mmr"])], (coin,))
    wallet = D(given["wallet_balance"]) + D(given["upnl_other"]) - D(given["tmm_other"])
    held = account(
        positions={f"{coin}-PERP": (given["position"], given["entry_price"])},
        balances={"USDC": wallet},
    )
    start = float(given["entry_price"])
    now = snapshot(quote(f"{coin}-PERP", given["entry_price"]), index(coin, given["entry_price"]))
    got = known(distance(held, by_id(perpetual(coin)), now, rules))
    printed_usd = float(sample["tolerance"]["abs"])
    near(got.down_frac, float(sample["then"]["liquidation_price"]), start, printed_usd)


@pytest.mark.parametrize(
    "sample",
    [
        one
        for one in cases("binance/venue_cases", "liquidation_price")
        if one["id"].startswith("binance-iso-toy")
    ],
    ids=lambda one: one["id"],
)
def test_isolated_toy_prices(sample: dict[str, Any]) -> None:
    given = sample["given"]
    side = int(given["side"])
    rules = tiered_rulebook([(0, 0), (D(given["cum"]) / D(given["mmr"]), given["mmr"])])
    held = account(
        positions={"BTC-PERP": (side * D(given["position"]), given["entry_price"])},
        balances={"USDC": given["isolated_margin"]},
    )
    now = snapshot(quote("BTC-PERP", given["entry_price"]), index("BTC", 10))
    got = known(distance(held, by_id(perpetual()), now, rules))
    near(
        got.down_frac if side > 0 else got.up_frac,
        float(sample["then"]["liquidation_price"]),
        float(given["entry_price"]),
    )


LOAN = account(
    "loan", venue="aave", currency="USD", positions={"supply:wstETH": 50, "debt:USDC": -80_000}
)
LOAN_TERMS = by_id(supply("wstETH"), debt("USDC"))
LOAN_MARKET: tuple[MarketEvent, ...] = (
    oracle("wstETH", 2400),
    oracle("USDC", 1),
    lending("wstETH"),
    lending("USDC"),
)
LOAN_RULES = lending_rulebook(wstETH=8000, USDC=8500)


@pytest.mark.parametrize("has_index", [True, False])
@pytest.mark.parametrize("has_rate", [True, False])
def test_a_loan_breaks_at_debt_over_collateral_times_threshold(
    has_index: bool, has_rate: bool
) -> None:
    """P* = D/(C·LT): 80k/(50·0.8) = 2000, from 2400, whatever else is or is not quoted."""
    events = list(LOAN_MARKET)
    if has_index:
        events.append(index("ETH", 2000))
    if has_rate:
        events.append(staking("wstETH", "ETH", "1.2"))
    got = known(distance(LOAN, LOAN_TERMS, snapshot(*events), LOAN_RULES))
    near(got.down_frac, 2000.0, 2400.0)
    assert got.up_frac is None


def test_a_perpetual_moves_though_no_index_of_its_coin_was_heard() -> None:
    held, _, rules = linear(10.0, 1, "0.005")
    got = known(distance(held, by_id(perpetual()), snapshot(quote("BTC-PERP", 60000)), rules))
    near(got.down_frac, 54271.3568, 60000.0)


def test_an_account_beyond_its_requirement_has_no_distance_left() -> None:
    held = account(positions={"BTC-PERP": (1, 60000)}, balances={"USDC": 100})
    now = snapshot(quote("BTC-PERP", 60000), index("BTC", 60000))
    got = known(distance(held, by_id(perpetual()), now, tiered_rulebook([(0, "0.01")])))
    assert (got.down_frac, got.up_frac, got.nearest_frac) == (0.0, 0.0, 0.0)


def test_exactly_at_the_requirement_it_is_not_broken_but_will_be() -> None:
    held = account(positions={"BTC-PERP": (1, 60000)}, balances={"USDC": 600})
    now = snapshot(quote("BTC-PERP", 60000), index("BTC", 60000))
    got = known(distance(held, by_id(perpetual()), now, tiered_rulebook([(0, "0.01")])))
    assert got.down_frac is not None
    assert -TOLERANCE_FRAC <= got.down_frac <= 0.0
    assert got.up_frac is None


def test_what_nothing_can_break_says_how_far_it_looked() -> None:
    got = known(distance(account(balances={"USDC": 1}), {}, snapshot(), tiered_rulebook([(0, 1)])))
    assert (got.down_frac, got.up_frac, got.nearest_frac) == (None, None, None)
    assert got.searched_down_frac == pytest.approx(-0.7)
    assert got.searched_up_frac == pytest.approx(2.0)


def test_an_empty_account_is_at_no_edge() -> None:
    """Its headroom is zero everywhere, which is enough."""
    got = known(distance(account(), {}, snapshot(), tiered_rulebook([(0, 1)])))
    assert got.nearest_frac is None


def test_one_unknown_on_the_way_makes_the_distance_unknown() -> None:
    held = account(positions={"BTC-PERP": (1, 60000)}, balances={"USDC": 600})
    outcome = distance(held, by_id(perpetual()), snapshot(), tiered_rulebook([(0, "0.01")]))
    assert isinstance(outcome, Failure)
    assert outcome.reason == "missing_data"


def test_a_short_strangle_breaks_on_both_sides_and_the_sign_changes_there() -> None:
    call, put = (
        option(70000, "call", expiry_ns=T0_NS + 30 * DAY_NS),
        option(50000, "put", expiry_ns=T0_NS + 30 * DAY_NS),
    )
    terms = by_id(call, put, inverse())
    held = account(
        currency="BTC",
        positions={
            call.instrument_id: -10,
            put.instrument_id: -10,
            "BTC-PERPETUAL": (30000, 60000),
        },
        balances={"BTC": 3},
    )
    now = snapshot(
        index("BTC", 60000),
        quote("BTC-PERPETUAL", 60000),
        option_quote(call, 60000, 0.6),
        option_quote(put, 60000, 0.65),
    )
    got = known(distance(held, terms, now, scan_rulebook()))
    for side in (got.down_frac, got.up_frac):
        assert side is not None
        assert 0.01 < abs(side) < 0.7
        outwards = 1.0 + side + (1.5 * TOLERANCE_FRAC * (1 + side)) * (1 if side > 0 else -1)
        assert headroom(held, terms, now, scan_rulebook(), 1.0 + side) >= 0
        assert headroom(held, terms, now, scan_rulebook(), outwards) < 0
    assert got.nearest_frac == min(abs(got.down_frac or 0), got.up_frac or 9)
