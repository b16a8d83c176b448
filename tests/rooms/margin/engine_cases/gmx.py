"""GMX: a market of two collaterals; fees are owed in dollars."""

import msgspec

from tests.rooms.margin.engine_case import BackedCase, ChainCase
from tests.rooms.margin.test_gmx import gmx

_MARKET = msgspec.structs.replace(gmx().markets["ETH"], collaterals=["BTC", "USDC"])

CASE = ChainCase("gmx", gmx(), ("ETH-PERP",), {"USDC": 500, "USD": -3}, "1e-9", owed="USD")
BACKED = BackedCase(
    name="gmx",
    rulebook=gmx(markets={"ETH": _MARKET}),
    traded="ETH",
    asset="BTC",
    currency="USD",
    other=(("USD", 0),),
)
