"""Coins that arrive at a loan are those of the market that the account is a position of."""

from decimal import Decimal
from typing import Literal

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.limits import arrived, lending_market
from hedgerow.portfolio import Account
from tests.builders import (
    account,
    by_id,
    debt,
    lending,
    lending_rulebook,
    snapshot,
    supply,
    tiered_rulebook,
)

D = Decimal
RAY = 10**27
OWN = lending_rulebook(USDC=8500)
OTHER = msgspec.structs.replace(OWN, market="other")
RULES = {"own": OWN, "other": OTHER, "perps": tiered_rulebook([(0, "0.05")])}
# The other market stands first: whoever takes the first loan of an asset takes its.
TERMS = by_id(
    msgspec.structs.replace(debt("USDC"), instrument_id="other:debt", market="other"),
    msgspec.structs.replace(supply("USDC", 6), instrument_id="other:supply", market="other"),
    debt("USDC"),
    supply("USDC", 6),
)
NOW = snapshot(
    msgspec.structs.replace(lending("USDC", supply_ray=4 * RAY, debt_ray=8 * RAY), market="other"),
    lending("USDC", supply_ray=2 * RAY, debt_ray=5 * RAY),
)


def loan(rulebook: str) -> Account:
    """Owe 100 scaled units in both markets, as a person who describes several may."""
    held = {"debt:USDC": -100, "other:debt": -100}
    return account("loan", venue="aave", rulebook=rulebook, positions=held)


@pytest.mark.parametrize(
    ("rulebook", "use", "instrument_id", "scaled"),
    [
        ("own", "supply", "supply:USDC", 20),  # 40 coins at an index of 2
        ("own", "repay", "debt:USDC", -92),  # 40 at an index of 5 are 8 units less
        ("other", "supply", "other:supply", 10),
        ("other", "repay", "other:debt", -95),
    ],
)
def test_the_loan_is_that_of_the_accounts_own_market(
    rulebook: str, use: Literal["supply", "repay"], instrument_id: str, scaled: int
) -> None:
    before = loan(rulebook)
    market = lending_market(before, RULES)
    after = arrived(before, "USDC", use, D(40), NOW, TERMS, market=market)
    assert isinstance(after, Account)
    assert after.quantity_contracts(instrument_id) == scaled
    for name in {"debt:USDC", "other:debt"} - {instrument_id}:
        assert after.quantity_contracts(name) == -100


@pytest.mark.parametrize("rulebook", ["perps", None])
def test_what_is_no_loan_takes_no_repayment(rulebook: str | None) -> None:
    held = account("perp", rulebook=rulebook)
    market = lending_market(held, RULES)
    assert market is None
    found = arrived(held, "USDC", "repay", D(1), NOW, TERMS, market=market)
    assert isinstance(found, Failure)
    assert "USDC cannot be used to repay" in found.message
