"""Orders for options: filled by an assumed book, charged with the cap, and nothing is made or lost.

The mark is Black's at-the-money value in closed form: a call at the forward is worth
``erf(vol sqrt(years) / sqrt 8)`` of it.
"""

from decimal import Decimal
from math import erf, sqrt
from typing import Literal

import msgspec
import pytest

from hedgerow.hedging import Depth, Offer, offer
from hedgerow.instruments import Option
from hedgerow.margin import Charges, MarginReport, require
from hedgerow.market import MarketEvent, OptionQuote
from hedgerow.planning import Order
from hedgerow.simulation import World
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.option_orders import fill_option
from hedgerow.units import HOUR_NS, YEAR_NS
from tests.builders import index, option, option_quote
from tests.rooms.simulation.desk import (
    CALL,
    INSTRUMENTS,
    PUT,
    SCAN,
    T0,
    held,
    market,
    options,
    perp,
    snapshot,
    wallet,
    world,
)

D = Decimal
DEPTH = Depth(option_contracts=2.0)
MARK = erf(0.5 * sqrt(8 * HOUR_NS / YEAR_NS) / sqrt(8))
# Blocks of two contracts at one, two and three half spreads of 0.0005 above the mark, ticks up.
HALF = D("0.0005")
CHARGES = Charges(fee_taker_frac=D("0.0005"), fee_liquidation_frac=D("0.01"))


def up(price: float) -> Decimal:
    return (D(repr(price)) / CALL.tick_ccy).to_integral_value("ROUND_CEILING") * CALL.tick_ccy


ASKS = [up(MARK + 0.0005 * k) for k in (1, 2, 3)]


def quoted(time_ns: int = T0, terms: Option = CALL, vol: float = 0.5) -> OptionQuote:
    return OptionQuote(
        time_ns=time_ns,
        instrument_id=terms.instrument_id,
        underlying="BTC",
        price_underlying_usd=D(100_000),
        vol_mark_frac=vol,
        price_bid_ccy=D("0.0055"),
        price_ask_ccy=D("0.0055") + 2 * HALF,
    )


def bought(quantity: str, limit: str | None = "0.02", client_id: str = "o1") -> Order:
    return Order(
        client_id=client_id,
        account_id="options",
        venue="options",
        instrument_id=CALL.instrument_id,
        quantity_contracts=D(quantity),
        price_limit_usd=D(1000),
        cost_expected_usd=0.0,
        reason="test",
        price_limit_ccy=None if limit is None else D(limit),
    )


def opened(balance: str = "6", *positions: tuple[str, str, None], **more: object) -> World:
    events: list[MarketEvent] = [*market(), quoted(), quoted(terms=PUT)]
    made = world(
        options(balance, *positions),
        wallet(USDC="1"),
        perp("1000"),
        **({"option_depth": DEPTH} | more),  # type: ignore[arg-type]
    )
    made.settle(snapshot(*events))
    return made


def btc(made: World) -> Decimal:
    return held(made, "options").balance_coin("BTC")


def test_a_purchase_walks_the_assumed_blocks_and_pays_premium_and_fee() -> None:
    made = opened()
    receipt = made.place(bought("3"), T0)
    assert receipt.status == "filled"
    assert receipt.filled_contracts == 3
    premium = 2 * ASKS[0] + ASKS[1]
    # The fee of 3 bp of a coin is less than an eighth of the premium here.
    assert D("0.0003") < D("0.125") * ASKS[0]
    assert btc(made) == 6 - premium - 3 * D("0.0003")
    assert receipt.fee_ccy == 3 * D("0.0003")
    assert receipt.currency == "BTC"
    assert receipt.price_average_usd == pytest.approx(premium / 3 * 100_000, rel=D("1e-9"))
    (position,) = held(made, "options").positions
    assert position.instrument_id == CALL.instrument_id
    assert position.quantity_contracts == 3


def test_the_fee_is_capped_by_a_share_of_a_small_premium() -> None:
    made = world(options("6", (CALL.instrument_id, "5", None)), option_depth=DEPTH)
    made.settle(snapshot(*market(), quoted(vol=0.1)))
    receipt = made.place(bought("-1", "0.0001"), T0)
    mark = erf(0.1 * sqrt(8 * HOUR_NS / YEAR_NS) / sqrt(8))
    sold = ((D(repr(mark)) - HALF) / CALL.tick_ccy).to_integral_value("ROUND_FLOOR")
    fee = D("0.125") * sold * CALL.tick_ccy
    assert fee < D("0.0003")
    assert receipt.fee_ccy == fee
    assert btc(made) == 6 + sold * CALL.tick_ccy - fee


@pytest.mark.parametrize("right", ["call", "put"])
def test_a_price_that_is_on_a_tick_is_not_moved_to_the_next(right: Literal["call", "put"]) -> None:
    """Offers of what nobody quotes lie on ticks; each block is filled at just its own price."""
    for strike in range(600, 1500, 20):
        terms = option(strike, right)
        order = msgspec.structs.replace(
            bought("6"), instrument_id=terms.instrument_id, price_limit_ccy=D(100)
        )
        here = snapshot(index("BTC", 1000), option_quote(terms, 1000, 0.3))
        holder = options("100")
        told = offer(terms, holder, here, CHARGES, DEPTH)
        assert isinstance(told, Offer)
        done = fill_option(order, terms, holder, here, CHARGES, DEPTH, OpenBooks())
        assert not isinstance(done, str)
        for fill, rung in zip(done.change.fills, told.buys, strict=True):
            beyond_usd = rung.cost_usd_per_contract - rung.fee_usd_per_contract
            price = told.price_mark_ccy + beyond_usd / 1000
            assert fill.price_ccy == round(price / 0.0001) * terms.tick_ccy, strike


def test_what_is_taken_is_gone_until_the_option_is_quoted_anew() -> None:
    made = opened()
    assert made.place(bought("5"), T0).filled_contracts == 5
    rest = made.place(bought("5", client_id="o2"), T0)
    assert rest.filled_contracts == 1
    assert rest.message.startswith("4.0 cancelled: the assumed book is empty")
    assert made.place(bought("1", client_id="o3"), T0).message.startswith("nothing filled")
    later = T0 + HOUR_NS // 2
    made.settle(snapshot(*market(time_ns=later), quoted(later)))
    assert made.place(bought("1", client_id="o4"), later).status == "filled"


def test_a_limit_stops_at_the_block_beyond_it() -> None:
    made = opened()
    receipt = made.place(bought("3", str(ASKS[0])), T0)
    assert receipt.filled_contracts == 2
    assert f"{ASKS[1]}, is beyond the limit {ASKS[0]}" in receipt.message


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (bought("1", None), "needs a positive price_limit_ccy"),
        (bought("1", "0.0001"), "nothing filled: the next price"),
        (bought("0.05"), "not a multiple of the lot"),
        (bought("-6", "0.0001"), "insufficient margin"),
        (
            msgspec.structs.replace(bought("1"), account_id="wallet"),
            "not an account of an exchange",
        ),
        (msgspec.structs.replace(bought("1"), account_id="perp"), "cannot hold"),
    ],
)
def test_a_refused_order_changes_nothing(sent: Order, message: str) -> None:
    made = opened("0.2")
    before = made.accounts(T0)
    receipt = made.place(sent, T0)
    assert receipt.status == "rejected"
    assert message in receipt.message
    assert made.accounts(T0) == before


def test_an_option_that_has_no_quote_has_no_price() -> None:
    made = world(options("6"), option_depth=DEPTH)
    made.settle(snapshot(*market()))
    assert made.place(bought("1"), T0).message.startswith("no price: ")


def test_buying_back_a_short_needs_no_margin() -> None:
    """Between its two requirements an account may close, and may not open."""
    short = (CALL.instrument_id, "-5", None)
    now = snapshot(*market(), quoted())
    report = require(options("6", short), INSTRUMENTS, now, SCAN)
    assert isinstance(report, MarginReport)
    between = (report.requirement_maintenance_ccy + report.requirement_initial_ccy) / 2
    made = opened(str(6 - report.equity_ccy + between), short)
    assert not made.drain().liquidations
    assert "insufficient margin" in made.place(bought("-1", "0.0001"), T0).message
    assert made.place(bought("1", "0.02", "o2"), T0).status == "filled"


def test_without_an_assumed_depth_options_are_not_traded() -> None:
    made = opened(option_depth=None)
    assert "cannot be traded by an order here" in made.place(bought("1"), T0).message


def test_nothing_is_made_or_lost() -> None:
    made = opened("6", (PUT.instrument_id, "-3", None))
    for at, quantity in enumerate(("2", "-1.5", "3", "-4", "0.7")):
        limit = "0.05" if D(quantity) > 0 else "0.0001"
        made.place(bought(quantity, limit, f"o{at}"), T0)
    out = sum((o.quantity_coin for o in made.outflows() if o.asset == "BTC"), D(0))
    assert btc(made) + out == 6
    assert btc(made) != 6
    # What was paid in fees is told in dollars, at the price of the coin.
    fees = sum(o.quantity_coin for o in made.outflows() if o.reason == "fee")
    assert made.fees_usd == pytest.approx(float(fees) * 100_000)
