"""GMX v2: one position as an account, held against the certified test of liquidation."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.venues.gmx import GmxMarket, GmxRulebook
from tests.builders import account, by_id, index, inverse, perpetual, quote, snapshot

D = Decimal
TERMS = by_id(perpetual("ETH"), perpetual("SOL"), inverse("ETH"))
# Made-up figures, in round numbers.
BOOK = b"""
type = "gmx"
name = "gmx/2026-11-20"
venue = "gmx"
source = "made up for a test"
as_of = "2026-11-20"
confidence = "estimate"
confidence_note = "Round numbers."
currency = "USD"
collateral_usd_min = "1"
[evidence]
remaining = "R"
impact = "U"
profit_cap = "U"
least_collateral = "R"
[markets.ETH]
collateral_min_frac = "0.02"
collateral_liquidation_frac = "0.01"
impact_frac_max = "0.005"
fee_close_frac = "0.001"
collaterals = ["ETH", "USDC"]
"""


def gmx(**changes: Any) -> GmxRulebook:
    book = decode_rulebook(BOOK, where="test")
    assert isinstance(book, GmxRulebook)
    return msgspec.structs.replace(book, **changes)


def of(
    positions: dict[str, Any], balances: dict[str, Any], mark: Any = 2000, **changes: Any
) -> Any:
    held = account(currency="USD", positions=positions, balances=balances)
    now = snapshot(index("ETH", mark), quote("ETH-PERP", mark), quote("SOL-PERP", 100))
    return require(held, TERMS, now, gmx(**changes))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_position_by_hand(sign: int) -> None:
    """5 ETH entered at 2,000: 10,000 of size, 1 % to keep and 2 % to open; 50 and 10 taken off."""
    report = of({"ETH-PERP": (5 * sign, 2000)}, {"USDC": 300, "USD": -7}, 2000 + 10 * sign)
    assert report.equity_ccy == 300 + 50 - 50 - 10 - 7
    assert report.requirement_maintenance_ccy == 100
    assert report.requirement_initial_ccy == 200
    assert report.confidence == "estimate"


def test_collateral_in_the_coin_moves_with_it() -> None:
    report = of({"ETH-PERP": (1, 2000)}, {"ETH": 1, "USD": 0}, 1000)
    assert report.equity_ccy == 1000 - 1000 - 10 - 2
    assert report.is_liquidatable


def test_a_small_position_needs_the_least_in_dollars() -> None:
    assert of({"ETH-PERP": ("0.01", 2000)}, {"USDC": 5, "USD": 0}).requirement_maintenance_ccy == 1


@given(
    st.integers(-50, 50).filter(bool), st.integers(1500, 2500), st.integers(0, 3000),
    st.integers(0, 100),
)  # fmt: skip
def test_it_is_liquidatable_when_the_certified_test_says_so(
    tokens: int, mark: int, collateral: int, owed: int
) -> None:
    report = of({"ETH-PERP": (tokens, 2000)}, {"USDC": collateral, "USD": -owed}, mark)
    assert isinstance(report, MarginReport)
    size = abs(tokens) * 2000
    told: Any = COMPUTATIONS["gmx_v2", "is_position_liquidatable"](
        Given(
            {
                "is_long": tokens > 0,
                "size_usd": size,
                "size_tokens": abs(tokens),
                "collateral_tokens": collateral,
                "collateral_price": 1,
                "index_price": mark,
                "fees_usd": str(owed + D(size) / 1000),
                "price_impact_usd": str(-D(size) / 200),
                "min_collateral_factor": "0.01",
                "min_collateral_usd": 1,
            }
        )
    )
    assert report.is_liquidatable == (told["value"] if isinstance(told, dict) else told)


@pytest.mark.parametrize(
    ("positions", "balances", "told"),
    [
        ({}, {"USD": 0}, "has none"),
        ({"ETH-PERP": (1, 1), "SOL-PERP": (1, 1)}, {"USD": 0}, "ETH-PERP, SOL-PERP"),
        ({"SOL-PERP": (1, 1)}, {"USD": 0}, "no market for SOL-PERP"),
        ({"ETH-PERPETUAL": (1, 1)}, {"USD": 0}, "no market for ETH-PERPETUAL"),
        ({"ETH-PERP": (1, 1)}, {"USDC": 1}, "borrowing and funding is not told"),
        ({"ETH-PERP": 1}, {"USDC": 1, "USD": 0}, "ETH-PERP"),
        ({"ETH-PERP": (1, 1)}, {"SOL": 1, "USD": 0}, "SOL is no collateral"),
        ({"ETH-PERP": (1, 1)}, {"ETH": 1, "USDC": 1, "USD": 0}, "ETH, USDC"),
        ({"ETH-PERP": (1, 1)}, {"ETH": -1, "USD": 0}, "ETH is owed"),
        ({"ETH-PERP": (1, 1)}, {"USD": 0}, "none is held"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    positions: dict[str, Any], balances: dict[str, Any], told: str
) -> None:
    failure = of(positions, balances)
    assert isinstance(failure, Failure)
    assert told in failure.subject + failure.message


def test_no_price_is_a_failure_by_name() -> None:
    held = account(positions={"ETH-PERP": (1, 1)}, balances={"ETH": 1, "USD": 0})
    for events, told in (((index("ETH", 1),), "ETH-PERP"), ((quote("ETH-PERP", 1),), "ETH")):
        failure = require(held, TERMS, snapshot(*events), gmx())
        assert isinstance(failure, Failure)
        assert (failure.subject, failure.reason) == (told, "missing_data")


def test_figures_that_contradict_each_other_are_named() -> None:
    market = GmxMarket(
        collateral_min_frac=D("0.01"),
        collateral_liquidation_frac=D("0.02"),
        impact_frac_max=D(0),
        fee_close_frac=D(0),
        collaterals=[],
    )
    assert list(mistakes_of(gmx(markets={"ETH": market}, collateral_usd_min=D(0)))) == [
        "collateral_usd_min must be positive, was 0",
        "markets.ETH.collateral_min_frac is below collateral_liquidation_frac",
        "markets.ETH.collaterals must not be empty",
    ]


def test_what_is_needed_or_taken_rounds_up_at_the_twelfth_decimal() -> None:
    """5 at 2,000.0000000000007: 1 % of 10,000.0000000000035 is 100.000000000000035."""
    report = of({"ETH-PERP": (5, "2000.0000000000007")}, {"USDC": 300, "USD": 0})
    assert report.requirement_maintenance_ccy == D("100.000000000001")
    taken = {line.rule: line.amount_ccy for line in report.equity_lines}
    assert taken["fee of closing"] == D("-10.000000000001")


def test_a_long_and_a_short_are_two_positions() -> None:
    held = account(currency="USD", positions={"ETH-PERP": (2, 10)}, balances={"USD": 0, "ETH": 1})
    other = account(positions={"ETH-PERP": (-1, 30)}).positions
    both = msgspec.structs.replace(held, positions=(*held.positions, *other))
    failure = require(both, TERMS, snapshot(index("ETH", 1), quote("ETH-PERP", 1)), gmx())
    assert isinstance(failure, Failure)
    assert "ETH-PERP is held long and short" in failure.message


@pytest.mark.parametrize(("mark", "evidence"), [(2010, "U"), (1990, "R")])
def test_a_profit_that_the_pool_may_cap_is_not_verified(mark: int, evidence: str) -> None:
    report = of({"ETH-PERP": (5, 2000)}, {"USDC": 300, "USD": 0}, mark)
    (line,) = [line for line in report.equity_lines if line.rule == "unrealised profit"]
    assert line.evidence == evidence


def test_dollars_above_zero_are_no_collateral() -> None:
    """Fees are owed: a hundred thousand dollars on the other side would hide a liquidation."""
    refused = of({"ETH-PERP": (5, 2000)}, {"USDC": 1, "USD": 100_000})
    assert isinstance(refused, Failure)
    assert "100000 USD is no collateral" in refused.message
