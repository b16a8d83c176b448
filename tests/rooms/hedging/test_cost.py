"""What crossing a ladder costs beyond the middle."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging.cost import crossing_cost_ccy
from hedgerow.market import Level
from tests.builders import exact, ladder

# Bids 99.5 and 99, asks 100.5 and 103, ten contracts each.
BOOK = msgspec.structs.replace(
    ladder("P", 100, half_spread="0.5", size=10, levels=2),
    asks=tuple(
        Level(price_usd=exact(price), quantity_contracts=Decimal(10)) for price in ("100.5", "103")
    ),
)

COSTS = """
    quantity  multiplier  cost_ccy
    1         1           0.5
    10        1           5
    15        1           20
    20        1           35
   -15        1           10
    15        0.1         2
    0.001     1           0.0005
"""


@pytest.mark.parametrize("row", COSTS.strip().splitlines()[1:])
def test_walking_the_ladder(row: str) -> None:
    quantity, multiplier, cost = map(Decimal, row.split())
    assert crossing_cost_ccy(BOOK, quantity, multiplier) == cost


@pytest.mark.parametrize("quantity", ["20.001", "-20.001"])
def test_beyond_the_ladder_there_is_no_price(quantity: str) -> None:
    outcome = crossing_cost_ccy(BOOK, exact(quantity), Decimal(1))
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason) == ("P", "no_source")
    assert outcome.message == "the book holds 20.000 of 20.001 contracts"
