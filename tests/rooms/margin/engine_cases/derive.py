"""Derive, standard margin."""

from tests.rooms.margin.chain_market import OPTIONS
from tests.rooms.margin.engine_case import BackedCase, ChainCase
from tests.rooms.margin.test_derive_standard import derive

CASE = ChainCase(
    "derive",
    derive(),
    ("ETH-PERP", "BTC-PERP", *OPTIONS),
    {"USDC": 900, "ETH": 2},
    "1e-9",
    unseen=("feed_confidence",),
)
BACKED = BackedCase(name="derive", rulebook=derive(), traded="BTC", asset="ETH")
