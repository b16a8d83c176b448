"""What it costs to leave, walked by hand."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.exposure import LiquidityRow, LiquidityTable, liquidity
from hedgerow.instruments import Instrument
from hedgerow.market import Candle, MarketEvent
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from hedgerow.units import HOUR_NS, MINUTE_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    exact,
    index,
    inverse,
    ladder,
    option,
    option_quote,
    perpetual,
    quanto,
    quote,
    snapshot,
)

PERP, CALL = perpetual(), option(70000, "call")
BOOK = ladder("BTC-PERP", 60000, half_spread=10, size=2, levels=3)  # 60,010, 60,020, 60,030


def candle(instrument_id: str, volume: str, minutes: int = 15, time_ns: int = T0_NS) -> Candle:
    price = Decimal(60000)
    return Candle(
        time_ns=time_ns,
        time_open_ns=time_ns - minutes * MINUTE_NS,
        instrument_id=instrument_id,
        price_open_usd=price,
        price_high_usd=price,
        price_low_usd=price,
        price_close_usd=price,
        volume_coin=Decimal(volume),
    )


def table(
    accounts: list[Account],
    *events: MarketEvent,
    terms: tuple[Instrument, ...] = (PERP, CALL, inverse()),
    share: float = 0.1,
    time_ns: int = T0_NS,
) -> LiquidityTable:
    of = book(accounts, by_id(*terms))
    at = snapshot(index("BTC", 60000, time_ns), *events, time_ns=time_ns)
    return liquidity(of, value(of, at), at, participation_frac=share)


def row(found: LiquidityTable, node: str = "desk") -> LiquidityRow:
    got = found.row(node)
    assert not isinstance(got, Failure), got
    return got


def perp(quantity: str, account_id: str = "main") -> Account:
    return account(account_id, positions={"BTC-PERP": (quantity, 50_000)})


def test_a_long_walks_the_bids_and_a_short_the_asks() -> None:
    """Three coins: two at 10 off the middle and one at 20."""
    for quantity in ("3", "-3"):
        (line,) = row(table([perp(quantity)], quote("BTC-PERP", 60000), BOOK)).lines
        assert line.cost_usd == pytest.approx(2 * 10 + 1 * 20, rel=1e-14)
        assert line.depth_source == "recorded"
        assert line.quantity_contracts == float(quantity)


def test_an_assumed_book_says_so() -> None:
    assumed = msgspec.structs.replace(BOOK, is_assumed=True)
    (line,) = row(table([perp("1")], quote("BTC-PERP", 60000), assumed)).lines
    assert (line.cost_usd, line.depth_source) == (10.0, "assumed")


def test_beyond_the_last_level_nothing_is_known() -> None:
    just = row(table([perp("6")], quote("BTC-PERP", 60000), BOOK))
    assert just.cost_usd == pytest.approx(2 * (10 + 20 + 30))
    beyond = row(table([perp("6.5")], quote("BTC-PERP", 60000), BOOK))
    (line,) = beyond.lines
    assert line.cost_usd is None
    assert beyond.cost_usd is None
    assert any(
        f.message == "the bids of BTC-PERP end at 59970, with 0.5 of 6.5 contracts left"
        for f in beyond.missing
    )


def test_levels_that_are_just_enough_are_enough() -> None:
    """0.3 less three times 0.1 is not zero in binary."""
    thin = ladder("BTC-PERP", 60000, half_spread=10, size="0.1", levels=3)
    found = row(table([perp("0.3")], quote("BTC-PERP", 60000), thin))
    assert found.cost_usd == pytest.approx(0.1 * (10 + 20 + 30))


def test_accounts_walk_one_book_together() -> None:
    """Two coins each: alone 20 dollars each; together the second two pay 20 a coin."""
    found = table([perp("2", "a"), perp("2", "b")], quote("BTC-PERP", 60000), BOOK)
    alone = [row(found, f"desk/venue/{one}").cost_usd for one in "ab"]
    assert alone == [pytest.approx(20.0), pytest.approx(20.0)]
    assert row(found).cost_usd == pytest.approx(20.0 + 40.0)
    assert row(found, "coin/BTC").cost_usd == row(found).cost_usd


def test_a_long_and_a_short_both_have_to_leave() -> None:
    found = row(table([perp("1", "a"), perp("-1", "b")], quote("BTC-PERP", 60000), BOOK))
    assert [line.quantity_contracts for line in found.lines] == [-1.0, 1.0]
    assert found.cost_usd == pytest.approx(20.0)


def test_an_inverse_contract_loses_coins() -> None:
    """60,000 dollars bought at 60,500 and sold at 60,000 of a middle of 60,250: by 1/p."""
    shallow = ladder("BTC-PERPETUAL", 60250, half_spread=250, size=100_000, levels=1)
    held = account(currency="BTC", positions={"BTC-PERPETUAL": (60_000, 50_000)})
    found = row(table([held], quote("BTC-PERPETUAL", 60250), shallow))
    coins = 60_000 * (1 / 60_000 - 1 / 60_250)
    assert found.cost_usd == pytest.approx(coins * 60_000, rel=1e-12)


def test_an_option_pays_half_the_spread_in_its_coin() -> None:
    quoted = msgspec.structs.replace(
        option_quote(CALL, 60000, 0.6), price_bid_ccy=exact("0.01"), price_ask_ccy=exact("0.013")
    )
    found = row(table([account(positions={CALL.instrument_id: -4})], quoted))
    (line,) = found.lines
    assert line.cost_usd == pytest.approx(4 * 0.0015 * 60000, rel=1e-12)
    assert line.depth_source == "half spread"
    tenth = msgspec.structs.replace(CALL, multiplier_coin_per_contract=exact("0.1"))
    small = row(table([account(positions={CALL.instrument_id: -4})], quoted, terms=(tenth,)))
    assert small.cost_usd == pytest.approx(0.4 * 0.0015 * 60000, rel=1e-12)
    one_sided = msgspec.structs.replace(quoted, price_bid_ccy=None)
    got = row(table([account(positions={CALL.instrument_id: -4})], one_sided))
    assert got.cost_usd is None
    assert any(f.message.startswith(f"no bid for {CALL.instrument_id}") for f in got.missing)


def test_time_is_size_over_our_share_of_the_volume() -> None:
    """3 coins at a tenth of 40 coins an hour: three quarters of an hour."""
    market = (candle("BTC-PERP", "10"), BOOK)
    assert row(table([perp("3")], *market)).exit_hours == pytest.approx(0.75)
    assert row(table([perp("3")], *market, share=0.5)).exit_hours == pytest.approx(0.15)
    inverted = (candle("BTC-PERPETUAL", "10"),)
    held = account(currency="BTC", positions={"BTC-PERPETUAL": (120_000, 50_000)})
    assert row(table([held], *inverted)).exit_hours == pytest.approx(2 / 4.0)


def test_a_quanto_loses_coins_of_its_settlement() -> None:
    terms = quanto()
    book_of = ladder(terms.instrument_id, 2500, half_spread=5, size=100_000, levels=1)
    held = account(positions={terms.instrument_id: (50_000, 2_000)})
    got = row(
        table(
            [held], index("ETH", 2500), candle(terms.instrument_id, "3000"), book_of, terms=(terms,)
        )
    )
    assert got.cost_usd == pytest.approx(50_000 * 1e-6 * 5 * 60_000)
    # It moves like 3,000 ether; the volume is 12,000 an hour.
    assert got.exit_hours == pytest.approx(3000 / (0.1 * 12_000))


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (quote("BTC-PERP", 60000), "no traded volume of BTC-PERP"),
        (candle("BTC-PERP", "0"), "nothing of BTC-PERP was traded"),
        (candle("BTC-PERP", "9", time_ns=T0_NS - HOUR_NS), "is 3600 s old, the limit is 5 s"),
    ],
)
def test_without_a_volume_there_is_no_time(event: MarketEvent, told: str) -> None:
    of = book([perp("1")], by_id(PERP))
    at = snapshot(event, index("BTC", 60000), quote("BTC-PERP", 60000), BOOK)
    found = row(liquidity(of, value(of, at), at, participation_frac=0.1))
    assert found.exit_hours is None
    assert found.cost_usd == 10.0
    assert any(told in failure.message for failure in found.missing)


def test_no_book_and_an_old_book_are_missing() -> None:
    got = row(table([perp("1")], candle("BTC-PERP", "10")))
    assert got.cost_usd is None
    assert got.exit_hours == pytest.approx(0.25)
    assert "no order book for BTC-PERP" in got.missing[0].message
    late = T0_NS + HOUR_NS
    got = row(table([perp("1")], candle("BTC-PERP", "10", time_ns=late), time_ns=late))
    assert [f.reason for f in got.missing if "order book" in f.message] == ["missing_data"]


def test_coins_have_no_book_here_and_dollars_need_none() -> None:
    found = table([account(balances={"BTC": 2, "USDC": 500})])
    (line,) = row(found).lines
    assert line.instrument_id == "spot:BTC"
    assert [f.reason for f in line.missing] == ["unsupported"]
    assert isinstance(found.row("coin/USDC"), Failure)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_of_the_volume_is_a_share(share: float) -> None:
    with pytest.raises(OutOfDomain):
        table([perp("1")], share=share)
