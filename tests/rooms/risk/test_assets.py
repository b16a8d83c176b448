from decimal import Decimal

import pytest

from hedgerow.instruments import StakedCoin
from hedgerow.market import StakingRate
from hedgerow.risk import Method, explain
from tests.builders import (
    RAY,
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    lending,
    perpetual,
    snapshot,
    staking,
    supply,
)
from tests.rooms.risk.steps import T1_NS, bitcoin, fill, flow, held, later, lines, row

METHODS: tuple[Method, ...] = ("taylor", "full")
PERP = by_id(perpetual(), inverse())


@pytest.mark.parametrize("method", METHODS)
def test_interest_and_staking_are_carry_and_a_discount_is_basis(method: Method) -> None:
    staked = StakedCoin(instrument_id="staked", asset="wstETH", base="ETH")
    terms = by_id(supply("wstETH"), debt("USDC"), staked)
    loan = account(
        "a", positions={"supply:wstETH": 40, "debt:USDC": -60_000, "staked": 3}, venue="aave"
    )
    worn = StakingRate(
        time_ns=T0_NS, asset="wstETH", base="ETH",
        rate_coin_per_coin=Decimal("1.21"), discount_frac=Decimal("0.01"),
    )  # fmt: skip
    start = snapshot(
        index("ETH", 3_000), staking("wstETH", "ETH", "1.2"), lending("wstETH"), lending("USDC")
    )
    end = later(
        index("ETH", 3_300), worn, lending("wstETH"), lending("USDC", debt_ray=RAY + RAY // 1_000)
    )
    found = explain(
        held(loan, terms=terms), held(loan, terms=terms, time_ns=T1_NS), start, end, method=method
    )
    told = lines(found)
    assert told["numeraire"] == pytest.approx(43 * 1.2 * 300)
    assert told["basis"] == pytest.approx(43 * 3_300 * 1.2 * -0.01)
    assert told["carry"] == pytest.approx(43 * 3_300 * 0.01 * 0.99 - 60)
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)


def test_a_repayment_in_kind_moves_value_and_gains_nothing() -> None:
    terms = by_id(debt("USDC"))
    before = account("a", positions={"debt:USDC": -60_000}, balances={"USDC": 20_000})
    after = account("a", positions={"debt:USDC": -50_000}, balances={"USDC": 10_000})
    found = explain(
        held(before, terms=terms),
        held(after, terms=terms, time_ns=T1_NS),
        snapshot(lending("USDC")),
        later(lending("USDC")),
        fills=[fill("debt:USDC", 10_000, None, "transfer")],
        flows=[flow("USDC", -10_000, "pool", None)],
    )
    assert lines(found) == {}
    assert lines(found, "desk/venue/a/debt:USDC") == {"transfers": 10_000.0}
    assert row(found).unexplained_usd == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_a_dollar_coin_off_its_peg_is_translation(method: Method) -> None:
    long = account("a", positions={"BTC-PERP": (1, 50_000)}, balances={"USDC": 1_000})
    found = explain(
        held(long, terms=PERP),
        held(long, terms=PERP, time_ns=T1_NS),
        snapshot(*bitcoin(60_000, 60_000)),
        later(*bitcoin(61_000, 61_000), usdc_usd="0.9"),
        method=method,
    )
    assert row(found).actual_usd == pytest.approx(0.9 * 12_000 - 11_000)
    assert lines(found)["numeraire"] == pytest.approx(-1_100)
    assert row(found).unexplained_usd == pytest.approx(0.0, abs=1e-6)
    if method == "taylor":
        assert lines(found)["cross"] == pytest.approx(-100)
