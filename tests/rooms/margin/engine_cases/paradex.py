"""Paradex, cross margin."""

from decimal import Decimal

from tests.rooms.margin.chain_market import OPTIONS
from tests.rooms.margin.engine_case import ChainCase
from tests.rooms.margin.test_paradex import paradex

CASE = ChainCase(
    "paradex",
    paradex(fee_taker_frac=Decimal("0.0003")),
    ("ETH-PERP", "BTC-PERP", *OPTIONS),
    {"USDC": 500},
    "1e-9",
)
