"""A desk that holds one of nearly everything, in two coins, and the market it stands in."""

from decimal import Decimal
from math import exp

from hedgerow.errors import Failure
from hedgerow.exposure import ExposureRow, ExposureTable, aggregate
from hedgerow.instruments import ConcentratedShare, ConstantProductShare, Instrument, StakedCoin
from hedgerow.market import FundingSettlement, MarketEvent, Snapshot
from hedgerow.portfolio import Account, Book, book
from hedgerow.pricing import value
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    inverse_future,
    lending,
    linear_future,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
    staking,
    supply,
)

NEAR_NS, FAR_NS = T0_NS + 20 * DAY_NS, T0_NS + 120 * DAY_NS
CALL = option(66000, "call", expiry_ns=NEAR_NS)
PUT = option(52000, "put", expiry_ns=FAR_NS)
LINEAR = option(63000, "put", settlement="USDC", expiry_ns=NEAR_NS)
ETHER = option(3300, "call", coin="ETH", expiry_ns=FAR_NS)
POOL = ConcentratedShare(
    instrument_id="pool",
    underlying="ETH",
    settlement="USDC",
    price_lower_usd=Decimal(2000),
    price_upper_usd=Decimal(4500),
)
FULL = ConstantProductShare(instrument_id="full", underlying="BTC", settlement="USDC")
STAKED = StakedCoin(instrument_id="staked", asset="wstETH", base="ETH")
TERMS: tuple[Instrument, ...] = (
    CALL, PUT, LINEAR, ETHER, POOL, FULL, STAKED, perpetual("BTC"), perpetual("ETH"),
    inverse("BTC"), inverse_future("IF", NEAR_NS), linear_future("LF", FAR_NS, coin="ETH"),
    supply("wstETH"), debt("USDC"),
)  # fmt: skip


def market(carry_frac: float = 0.0) -> tuple[MarketEvent, ...]:
    """The market, with forwards that carry so much more a year."""

    def forward(base: float, expiry_ns: int) -> Decimal:
        return Decimal(repr(base * exp(carry_frac * (expiry_ns - T0_NS) / DAY_NS / 365)))

    return (
        index("BTC", 60000),
        index("ETH", 3000),
        quote("BTC-PERP", 60000),
        quote("ETH-PERP", 3000),
        quote("BTC-PERPETUAL", 60005),
        quote("IF", forward(60300, NEAR_NS)),
        quote("LF", forward(3060, FAR_NS)),
        option_quote(CALL, forward(60300, NEAR_NS), 0.62),
        option_quote(LINEAR, forward(60300, NEAR_NS), 0.58),
        option_quote(PUT, forward(61500, FAR_NS), 0.71),
        option_quote(ETHER, forward(3060, FAR_NS), 0.8),
        staking("wstETH", "ETH", "1.2"),
        lending("wstETH"),
        lending("USDC"),
        FundingSettlement(time_ns=T0_NS, instrument_id="BTC-PERP", rate_frac=Decimal("0.0001")),
        FundingSettlement(time_ns=T0_NS, instrument_id="ETH-PERP", rate_frac=Decimal("-0.00005")),
        FundingSettlement(
            time_ns=T0_NS, instrument_id="BTC-PERPETUAL", rate_frac=Decimal("0.0002")
        ),
    )


ACCOUNTS = (
    account(
        "options",
        venue="deribit",
        currency="BTC",
        positions={
            CALL.instrument_id: -10,
            PUT.instrument_id: "-5.5",
            LINEAR.instrument_id: 7,
            ETHER.instrument_id: 200,
            "BTC-PERPETUAL": (-90_000, 59_000),
            "IF": (60_000, 61_000),
        },
        balances={"BTC": 3},
    ),
    account(
        "perps",
        venue="binance",
        positions={"BTC-PERP": ("2.5", 58_000), "ETH-PERP": (-20, 3_100), "LF": (-30, 3_000)},
        balances={"USDC": 250_000},
    ),
    account(
        "chain",
        venue="aave",
        currency="USD",
        positions={"supply:wstETH": 40, "debt:USDC": -60_000, "staked": 3, "pool": 900, "full": 50},
        balances={"ETH": "0.25"},
    ),
)


def held(accounts: tuple[Account, ...] = ACCOUNTS) -> Book:
    return book(accounts, by_id(*TERMS))


def now(*events: MarketEvent) -> Snapshot:
    return snapshot(*(events or market()))


def revalued(of: Book, at: Snapshot) -> ExposureTable:
    return aggregate(of, value(of, at), at)


def row(table: ExposureTable, node: str) -> ExposureRow:
    found = table.row(node)
    assert not isinstance(found, Failure), found
    return found
