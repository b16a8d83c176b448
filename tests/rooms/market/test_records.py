"""Market records that cannot be are refused, in words."""

from collections.abc import Callable
from decimal import Decimal
from math import inf, nan
from typing import Any

import msgspec
import pytest

from hedgerow.errors import MarketRejected
from hedgerow.market import (
    Candle,
    FundingSettlement,
    Ladder,
    Level,
    Quote,
    Shock,
)
from tests.builders import (
    RAY,
    T0_NS,
    index,
    ladder,
    lending,
    option,
    option_quote,
    oracle,
    power_state,
    share_rate,
    staking,
)

D = Decimal
GOOD_CANDLE = Candle(
    time_ns=T0_NS,
    time_open_ns=T0_NS - 1,
    instrument_id="P",
    price_open_usd=D(10),
    price_high_usd=D(12),
    price_low_usd=D(9),
    price_close_usd=D(11),
    volume_coin=D(1),
)
GOOD_QUOTE = Quote(
    time_ns=T0_NS,
    instrument_id="P",
    price_mark_usd=D(10),
    price_bid_usd=D(9),
    price_ask_usd=D(11),
)
GOOD_OPTION = msgspec.structs.replace(
    option_quote(option(100, "call"), 100, 0.5), price_bid_ccy=D("0.1"), price_ask_ccy=D("0.2")
)
GOOD_FUNDING = FundingSettlement(time_ns=T0_NS, instrument_id="P", rate_frac=D("0.0001"))


def changed(record: Any, **changes: Any) -> Any:
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    return type(record)(**(fields | changes))


NO_PRICES = [D(0), D(-1), D("NaN"), D("Infinity")]
REFUSALS: list[tuple[Any, str, list[Any], str]] = [
    (GOOD_QUOTE, "price_mark_usd", NO_PRICES, "P: price_mark_usd must be positive"),
    (GOOD_QUOTE, "price_bid_usd", NO_PRICES, "P: price_bid_usd must be positive"),
    (GOOD_QUOTE, "price_ask_usd", NO_PRICES, "P: price_ask_usd must be positive"),
    (GOOD_QUOTE, "price_bid_usd", [D(12)], "P: crossed, bid 12 above ask 11"),
    (GOOD_OPTION, "price_underlying_usd", NO_PRICES, "price_underlying_usd must be positive"),
    (GOOD_OPTION, "price_mark_ccy", NO_PRICES[1:], "price_mark_ccy must be positive"),
    (GOOD_OPTION, "price_bid_ccy", [*NO_PRICES, D("0.3")], "price_bid_ccy must be|crossed"),
    (GOOD_OPTION, "price_ask_ccy", NO_PRICES, "price_ask_ccy must be positive"),
    (GOOD_OPTION, "vol_mark_frac", [0.0, -0.5, nan, inf, 10.01, 44.0], r"must lie in \(0, 10\]"),
    (GOOD_CANDLE, "price_open_usd", [*NO_PRICES, D(13), D(8)], "must be positive|do not hold"),
    (GOOD_CANDLE, "price_close_usd", [*NO_PRICES, D(13), D(8)], "must be positive|do not hold"),
    (GOOD_CANDLE, "price_high_usd", [*NO_PRICES, D("10.5")], "must be positive|do not hold"),
    (GOOD_CANDLE, "price_low_usd", [*NO_PRICES, D("10.5")], "must be positive|do not hold"),
    (index("BTC", 1), "price_usd", NO_PRICES, "index BTC: price_usd must be positive"),
    (oracle("BTC", 1), "price_usd", NO_PRICES, "oracle BTC: price_usd must be positive"),
    (GOOD_FUNDING, "rate_frac", [D(1), D(-1), D("NaN")], "funding rate_frac must lie inside"),
    (lending("X"), "liquidity_index_ray", [RAY - 1, 0], "start at 1e27 and only grow"),
    (lending("X"), "borrow_index_ray", [RAY - 1, 0], "start at 1e27 and only grow"),
    (lending("X"), "supply_frac_per_year", [D("-0.01"), D("NaN")], "finite and not negative"),
    (lending("X"), "borrow_frac_per_year", [D("-0.01"), D("inf")], "finite and not negative"),
    (staking("X", "Y", 1), "rate_coin_per_coin", NO_PRICES, "rate_coin_per_coin must be positive"),
    (staking("X", "Y", 1), "discount_frac", [D(1), D("NaN")], "discount_frac must be below 1"),
    (
        share_rate("V", 1),
        "rate_coin_per_share",
        NO_PRICES,
        "share rate V: rate_coin_per_share",
    ),
    (
        power_state(1, 2, 3),
        "norm_factor_frac",
        NO_PRICES,
        "oSQTH: norm_factor_frac must be",
    ),
    (
        power_state(1, 2, 3),
        "price_underlying_usd",
        NO_PRICES,
        "oSQTH: price_underlying_usd must",
    ),
    (power_state(1, 2, 3), "price_mark_usd", NO_PRICES, "oSQTH: price_mark_usd must be positive"),
]


@pytest.mark.parametrize(
    ("record", "field", "bad", "message"),
    [(record, field, bad, message) for record, field, bads, message in REFUSALS for bad in bads],
    ids=lambda part: type(part).__name__ if isinstance(part, msgspec.Struct) else str(part),
)
def test_what_cannot_be_is_refused(record: Any, field: str, bad: Any, message: str) -> None:
    with pytest.raises(MarketRejected, match=message):
        changed(record, **{field: bad})


def test_what_may_be_is_taken() -> None:
    assert changed(GOOD_QUOTE, price_bid_usd=D(11)).price_bid_usd == 11  # locked, not crossed
    assert changed(GOOD_QUOTE, price_bid_usd=None, price_ask_usd=None).price_ask_usd is None
    assert changed(GOOD_OPTION, price_mark_ccy=D(0)).price_mark_ccy == 0
    assert changed(GOOD_OPTION, vol_mark_frac=10.0).vol_mark_frac == 10.0
    assert changed(staking("X", "Y", 1), discount_frac=D("-0.01")).discount_frac == D("-0.01")


def _ladder(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> Ladder:
    def levels(side: list[tuple[str, str]]) -> tuple[Level, ...]:
        return tuple(Level(price_usd=D(p), quantity_contracts=D(q)) for p, q in side)

    return Ladder(time_ns=T0_NS, instrument_id="P", bids=levels(bids), asks=levels(asks))


ONE_BID, ONE_ASK = [("9", "1")], [("11", "1")]
BOOKS: dict[str, Callable[[], Ladder]] = {
    "P: empty book, no bids": lambda: _ladder([], ONE_ASK),
    "P: empty book, no asks": lambda: _ladder(ONE_BID, []),
    "P: crossed book, bid 12": lambda: _ladder([("12", "1")], ONE_ASK),
    "P: crossed book, bid 11": lambda: _ladder([("11", "1")], ONE_ASK),
    "P bids: levels out of order, 8 then 9": lambda: _ladder([("8", "1"), ("9", "1")], ONE_ASK),
    "P bids: levels out of order, 9 then 9": lambda: _ladder([("9", "1"), ("9", "1")], ONE_ASK),
    "P asks: levels out of order, 12 then 11": lambda: _ladder(ONE_BID, [("12", "1"), ("11", "1")]),
    "P asks: quantity_contracts must be positive, was 0": lambda: _ladder(ONE_BID, [("11", "0")]),
    "P bids: quantity_contracts must be positive, was NaN": lambda: _ladder(
        [("9", "NaN")], ONE_ASK
    ),
    "P bids: price_usd must be positive and finite, was 0": lambda: _ladder([("0", "1")], ONE_ASK),
}


@pytest.mark.parametrize("message", BOOKS)
def test_order_books_that_cannot_be(message: str) -> None:
    with pytest.raises(MarketRejected, match=f"^{message}"):
        BOOKS[message]()


def test_the_middle_of_a_book() -> None:
    assert ladder("P", 100, half_spread="0.25").price_mid_usd == 100
    assert _ladder([("9", "1"), ("8", "1")], ONE_ASK).price_mid_usd == 10


def test_decoding_refuses_as_building_does() -> None:
    raw = msgspec.json.encode(GOOD_QUOTE)
    assert msgspec.json.decode(raw, type=Quote) == GOOD_QUOTE
    bad = raw.replace(b'"price_mark_usd":"10"', b'"price_mark_usd":"NaN"')
    with pytest.raises((MarketRejected, msgspec.ValidationError), match="price_mark_usd must be"):
        msgspec.json.decode(bad, type=Quote)


# --- shocks --------------------------------------------------------------------------------------


def test_shocks_multiply() -> None:
    first = Shock(spot_factor_frac={"BTC": 0.5}, vol_factor_frac=2.0, time_forward_ns=3)
    second = Shock(spot_factor_frac={"BTC": 0.5, "ETH": 0.8}, vol_factor_frac=1.5)
    both = first.then(second)
    assert both.on("BTC") == 0.25
    assert both.on("ETH") == 0.8
    assert both.on("SOL") == 1.0
    assert both.vol_factor_frac == 3.0
    assert both.time_forward_ns == 3


def test_a_vol_is_stretched_then_shifted_and_never_negative() -> None:
    first = Shock(vol_factor_frac=2.0, vol_shift_frac=0.1)
    second = Shock(vol_factor_frac=1.5, vol_shift_frac=-0.05)
    assert first.on_vol(0.5) == pytest.approx(1.1)
    assert first.then(second).on_vol(0.5) == pytest.approx(1.1 * 1.5 - 0.05)
    assert Shock(vol_shift_frac=-0.6).on_vol(0.5) == 0.0
    with pytest.raises(ValueError, match="vol_shift_frac must be finite"):
        Shock(vol_shift_frac=nan)


@pytest.mark.parametrize("factor", [0.0, -0.5, nan, inf])
def test_a_shock_factor_is_positive(factor: float) -> None:
    with pytest.raises(ValueError, match="shock factors must be positive and finite"):
        Shock(spot_factor_frac={"BTC": factor})
    with pytest.raises(ValueError, match="shock factors must be positive and finite"):
        Shock(vol_factor_frac=factor)
