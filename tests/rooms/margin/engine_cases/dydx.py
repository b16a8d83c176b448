"""dYdX."""

from tests.rooms.margin.engine_case import ChainCase
from tests.rooms.margin.test_dydx import dydx

CASE = ChainCase(
    "dydx", dydx(), ("ETH-PERP", "BTC-PERP"), {"USDC": 500}, "1e-5", unseen=("open_interest",)
)
