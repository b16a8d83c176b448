"""Who may join a category of Aave v3, or leave one: the protocol's own checks, by hand."""

from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.margin import Rulebook, switch_refusal
from hedgerow.margin.venues.aave_rulebook import LendingCategory, LendingRulebook, mistakes
from hedgerow.portfolio import Account
from tests.builders import (
    account,
    by_id,
    debt,
    lending,
    lending_rulebook,
    oracle,
    snapshot,
    supply,
    tiered_rulebook,
)

WETH_DEBT = msgspec.structs.replace(debt("WETH"), asset_decimals=18)
TERMS = by_id(supply("wstETH"), WETH_DEBT, debt("USDC"))
NOW = snapshot(
    *(lending(each) for each in ("wstETH", "WETH", "USDC")),
    oracle("wstETH", 100),
    oracle("WETH", 100),
    oracle("USDC", 1),
)
PLAIN = lending_rulebook(wstETH=8000, WETH=8000, USDC=8500)


def joined(**changes: Any) -> LendingRulebook:
    category: dict[str, Any] = {
        "ltv_bps": 8800,
        "liquidation_threshold_bps": 9300,
        "liquidation_bonus_bps": 10100,
        "members": ["wstETH", "WETH"],
        "borrowable": ["WETH"],
    }
    return msgspec.structs.replace(
        PLAIN, name="aave/joined", e_mode=LendingCategory(**category | changes)
    )


def loan(**owed: int) -> Account:
    """Ten coins at 100 are 1,000 dollars of collateral."""
    debts = {f"debt:{asset}": -much for asset, much in owed.items()}
    return account(
        "loan", venue="aave", rulebook="r", currency="USD", positions={"supply:wstETH": 10} | debts
    )


def refusal(held: Account, now: Rulebook, then: Rulebook) -> Failure | None:
    return switch_refusal(held, TERMS, NOW, now, then)


def test_a_debt_of_the_category_may_join_it() -> None:
    """Nine coins owed are 900: 1,000 times 0.93 is more, 1,000 times 0.80 is less."""
    assert refusal(loan(WETH=9), PLAIN, joined()) is None


def test_nobody_leaves_below_a_health_factor_of_one() -> None:
    """Outside the category the health factor is 800 over 900."""
    found = refusal(loan(WETH=9), joined(), PLAIN)
    assert found is not None
    assert "would be 0.888888888888888888 under aave/2023-06-20" in found.message
    assert refusal(loan(WETH=8), joined(), PLAIN) is None


@pytest.mark.parametrize(("threshold_bps", "may"), [(9000, True), (8999, False)])
def test_a_health_factor_of_exactly_one_is_enough(threshold_bps: int, may: bool) -> None:
    then = joined(liquidation_threshold_bps=threshold_bps)
    assert (refusal(loan(WETH=9), PLAIN, then) is None) is may


def test_what_may_not_be_borrowed_in_a_category_may_not_be_owed_in_it() -> None:
    found = refusal(loan(WETH=1, USDC=100), PLAIN, joined())
    assert found is not None
    assert found.message.startswith("USDC is owed and may not be borrowed in the category")
    assert refusal(loan(WETH=1, USDC=100), joined(), PLAIN) is None


def test_a_category_of_which_nobody_knows_what_may_be_owed_is_not_joined_with_a_debt() -> None:
    found = refusal(loan(WETH=1), PLAIN, joined(borrowable=None))
    assert found is not None
    assert found.reason == "missing_data"
    assert refusal(loan(), PLAIN, joined(borrowable=None)) is None


def test_a_category_without_a_threshold_is_no_category() -> None:
    found = refusal(loan(), PLAIN, joined(ltv_bps=0, liquidation_threshold_bps=0))
    assert found is not None
    assert "no threshold" in found.message


def test_a_rulebook_that_says_otherwise_of_the_market_is_no_switch() -> None:
    other = msgspec.structs.replace(joined(), close_factor_bps=4000)
    found = refusal(loan(), PLAIN, other)
    assert found is not None
    assert "in more than its e-mode" in found.message
    assert refusal(loan(), PLAIN, tiered_rulebook([(0, "0.05")])) is not None


def test_a_venue_without_categories_has_nothing_to_choose() -> None:
    perps = tiered_rulebook([(0, "0.05")])
    found = refusal(loan(), perps, perps)
    assert found is not None
    assert "no categories" in found.message


def test_what_may_be_borrowed_must_be_a_reserve() -> None:
    assert list(mistakes(joined())) == []
    assert list(mistakes(joined(borrowable=["DAI"]))) == ["e_mode: DAI is no reserve"]
