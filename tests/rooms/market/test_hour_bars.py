"""Hours that open on time, prices inside their bars, and one history out of several."""

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import HourBars, spliced
from hedgerow.units import HOUR_NS


def bars(subject: str, hours: list[int], price_usd: float = 100.0) -> HourBars:
    flat = np.full(len(hours), price_usd)
    return HourBars(subject, np.array(hours) * HOUR_NS, flat, flat + 1.0, flat - 1.0, flat)


def test_columns_are_copied_and_locked() -> None:
    times = np.array([0, HOUR_NS])
    flat = np.full(2, 100.0)
    made = HourBars("BTC", times, flat, flat, flat, flat)
    times[0] = -1
    assert made.open_ns.tolist() == [0, HOUR_NS]
    with pytest.raises(ValueError, match="read-only"):
        made.price_low_usd[0] = 1.0


@pytest.mark.parametrize(
    ("times_ns", "low_usd", "message"),
    [
        ([], [], "at least one row"),
        ([1], [100.0], "whole hours"),
        ([HOUR_NS, HOUR_NS], [100.0, 100.0], "each after the last"),
        ([0], [0.0], "positive and finite"),
        ([0], [np.nan], "positive and finite"),
        ([0], [100.5], "lies inside its bar"),
        ([0, HOUR_NS], [100.0], "must have 2 rows"),
    ],
)
def test_what_cannot_be_is_refused(times_ns: list[int], low_usd: list[float], message: str) -> None:
    flat = np.full(len(times_ns), 100.0)
    with pytest.raises(OutOfDomain, match=message):
        HourBars("BTC", np.array(times_ns, dtype=np.int64), flat, flat, np.array(low_usd), flat)


def test_each_part_of_a_splice_holds_until_the_next_begins() -> None:
    joined = spliced([bars("BTC", [0, 1, 2, 5], 100.0), bars("BTC", [2, 3, 9], 200.0)])
    assert (joined.open_ns // HOUR_NS).tolist() == [0, 1, 2, 3, 9]
    assert joined.price_open_usd.tolist() == [100.0, 100.0, 200.0, 200.0, 200.0]


def test_a_splice_is_of_one_price_and_in_order() -> None:
    with pytest.raises(OutOfDomain, match="one subject"):
        spliced([bars("BTC", [0]), bars("ETH", [1])])
    with pytest.raises(OutOfDomain, match="one after another"):
        spliced([bars("BTC", [1]), bars("BTC", [0])])
    with pytest.raises(OutOfDomain, match="needs parts"):
        spliced([])
