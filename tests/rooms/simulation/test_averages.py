from decimal import Decimal

from hedgerow.simulation.averages import SpotHistory
from hedgerow.units import HOUR_NS, MINUTE_NS


def seen(*rows: tuple[int, str]) -> SpotHistory:
    history = SpotHistory()
    for minute, price in rows:
        history.see("BTC", minute * MINUTE_NS, Decimal(price))
    return history


def average(history: SpotHistory, start: int, end: int) -> Decimal | None:
    return history.average_usd("BTC", start * MINUTE_NS, end * MINUTE_NS)


def test_each_price_holds_until_the_next() -> None:
    history = seen((0, "90"), (30, "100"), (40, "130"), (60, "999"))
    # 10 minutes of 100, 20 minutes of 130; the price at the end itself weighs nothing
    assert average(history, 30, 60) == Decimal("120.00")
    # a window that begins between prices starts with the one that held
    assert average(history, 20, 40) == Decimal("95.00")


def test_a_window_is_averaged_from_the_first_price_seen() -> None:
    assert average(seen((50, "100")), 30, 60) == Decimal("100.00")
    assert average(seen((60, "100")), 30, 60) == Decimal("100.00")


def test_no_price_by_the_end_is_no_average() -> None:
    assert average(seen((61, "100")), 30, 60) is None
    assert average(SpotHistory(), 30, 60) is None


def test_old_prices_are_forgotten_but_the_last_one_still_holds() -> None:
    history = seen(*((minute, str(100 + minute)) for minute in range(0, 300, 10)))
    assert history.average_usd("BTC", 4 * HOUR_NS, 5 * HOUR_NS) == Decimal("365.00")
