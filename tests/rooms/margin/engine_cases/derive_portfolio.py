"""Derive, portfolio margin."""

from tests.rooms.margin.chain_market import OPTIONS
from tests.rooms.margin.engine_case import BackedCase, ChainCase
from tests.rooms.margin.test_derive_portfolio import portfolio

CASE = ChainCase(
    "derive_portfolio",
    portfolio(),
    ("ETH-PERP", *OPTIONS),
    {"USDC": 9, "ETH": 2},
    "1e-6",
    unseen=("feed_confidence", "rates"),
)
BACKED = BackedCase(name="derive portfolio", rulebook=portfolio(), traded="BTC", asset="ETH")
