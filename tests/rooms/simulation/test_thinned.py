"""Thinner books hold their share in whole lots, and never lose a side."""

from decimal import Decimal

import pytest

from hedgerow.market import Ladder, MarketEvent
from hedgerow.simulation import thinned
from tests.rooms.simulation.desk import INSTRUMENTS, ladder, levels, quote


def thin(factor: str, *events: MarketEvent) -> list[MarketEvent]:
    return list(thinned(events, Decimal(factor), INSTRUMENTS))


@pytest.mark.parametrize(
    ("factor", "left"),
    # One lot is 0.001.
    [
        ("0.3", (("99990", "0.3"), ("99980", "0.6"), ("99000", "3"))),
        ("0.0005", (("99980", "0.001"), ("99000", "0.005"))),
        ("0.00001", (("99990", "0.001"),)),
    ],
)
def test_levels_shrink(factor: str, left: tuple[tuple[str, str], ...]) -> None:
    (found,) = thin(factor, ladder())
    assert isinstance(found, Ladder)
    assert found.bids == levels(*left)


def test_everything_else_passes_as_it_is() -> None:
    assert thin("0.3", quote("100000")) == [quote("100000")]
