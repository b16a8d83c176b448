from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.market import Level
from hedgerow.simulation.matching import OpenBooks, match
from hedgerow.units import HOUR_NS
from tests.rooms.simulation.desk import T0, ladder, levels, snapshot

ASKS = levels(("100", "1"), ("101", "2"), ("103", "3"))
BIDS = levels(("99", "1"), ("98", "2"), ("96", "3"))


@pytest.mark.parametrize(
    ("side", "quantity", "limit", "filled", "average"),
    [
        (ASKS, "1", "100", "1", "100"),
        (ASKS, "0.5", "200", "0.5", "100"),
        (ASKS, "3", "101", "3", "100.6666666666666666666666667"),  # (1·100 + 2·101) / 3
        (ASKS, "4", "101", "3", "100.6666666666666666666666667"),  # the third level is beyond
        (ASKS, "6", None, "6", "101.8333333333333333333333333"),  # (100 + 202 + 309) / 6
        (ASKS, "99", None, "6", "101.8333333333333333333333333"),
        (ASKS, "1", "99.9", "0", None),
        (BIDS, "-2", "98", "2", "98.5"),
        (BIDS, "-2", "98.5", "1", "99"),
    ],
)
def test_levels_are_taken_in_order_up_to_the_limit(
    side: tuple[Level, ...], quantity: str, limit: str | None, filled: str, average: str | None
) -> None:
    matched = match(side, Decimal(quantity), None if limit is None else Decimal(limit))
    assert matched.quantity_contracts == Decimal(filled)
    assert matched.price_average_usd == (None if average is None else Decimal(average))
    assert bool(matched.message) == (Decimal(filled) < abs(Decimal(quantity)))


quantities = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(10), places=3)


@given(
    quantities,
    st.one_of(st.none(), st.sampled_from([Decimal(99), Decimal(100), Decimal(101), Decimal(103)])),
)
def test_what_is_taken_and_what_is_left_is_what_was_there(
    quantity: Decimal, limit: Decimal | None
) -> None:
    matched = match(ASKS, quantity, limit)
    left = sum((level.quantity_contracts for level in matched.left), Decimal(0))
    assert matched.quantity_contracts + left == Decimal(6)
    assert matched.quantity_contracts <= quantity
    assert all(limit is None or take.price_usd <= limit for take in matched.takes)


def test_our_own_impact_lasts_until_the_next_ladder() -> None:
    first = snapshot(ladder())
    taken = OpenBooks().take(first, "BTC-PERP", Decimal("1.5"), None)
    assert not isinstance(taken, Failure)
    _, books = taken
    again = books.take(first, "BTC-PERP", Decimal(1), None)
    assert not isinstance(again, Failure)
    assert again[0].takes == levels(("100020", "1"))
    # The other side was not touched, and a new ladder forgets what we took.
    other = books.take(first, "BTC-PERP", Decimal(-1), None)
    assert not isinstance(other, Failure)
    assert other[0].takes == levels(("99990", "1"))
    later = snapshot(ladder(), ladder(time_ns=T0 + 1))
    renewed = books.take(later, "BTC-PERP", Decimal(1), None)
    assert not isinstance(renewed, Failure)
    assert renewed[0].takes == levels(("100010", "1"))


def test_books_are_only_changed_by_keeping_what_take_returns() -> None:
    books, now = OpenBooks(), snapshot(ladder())
    books.take(now, "BTC-PERP", Decimal(1), None)
    again = books.take(now, "BTC-PERP", Decimal(1), None)
    assert not isinstance(again, Failure)
    assert again[0].takes == levels(("100010", "1"))


def test_no_ladder_or_an_old_one_is_a_failure() -> None:
    books = OpenBooks()
    assert isinstance(books.take(snapshot(), "BTC-PERP", Decimal(1), None), Failure)
    old = snapshot(ladder(), time_ns=T0 + 2 * HOUR_NS)
    found = books.take(old, "BTC-PERP", Decimal(1), None)
    assert isinstance(found, Failure)
    assert found.reason == "stale_data"


def test_a_new_ladder_renews_both_sides() -> None:
    first, later = snapshot(ladder()), snapshot(ladder(), ladder(time_ns=T0 + 1))
    books = OpenBooks()
    for now, quantity in ((first, Decimal(-1)), (first, Decimal(1)), (later, Decimal(1))):
        taken = books.take(now, "BTC-PERP", quantity, None)
        assert not isinstance(taken, Failure)
        _, books = taken
    sold = books.take(later, "BTC-PERP", Decimal(-1), None)
    assert not isinstance(sold, Failure)
    assert sold[0].takes == levels(("99990", "1"))
