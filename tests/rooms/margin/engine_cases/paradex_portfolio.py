"""Paradex, portfolio margin: only what its scan and its provisions ask."""

from decimal import Decimal

from tests.rooms.margin.chain_market import OPTIONS
from tests.rooms.margin.engine_case import ChainCase
from tests.rooms.margin.test_paradex_portfolio import NOTHING
from tests.rooms.margin.test_paradex_portfolio import paradex as scanned

CASE = ChainCase(
    "paradex_portfolio",
    scanned(**{**NOTHING, "provision_fee_perp_frac": Decimal("0.0003")}),
    ("ETH-PERP", "BTC-PERP", *OPTIONS),
    {"USDC": 500},
    "1e-6",
)
