"""Hyperliquid portfolio margin: coins are lent and borrowed beside the perpetuals."""

from decimal import Decimal

import msgspec
from hypothesis import strategies as st

from hedgerow.portfolio import Account, Balance
from tests.builders import by_id, index, perpetual, quote, snapshot
from tests.rooms.margin.engine_case import BackedCase, EngineCase, read
from tests.rooms.margin.engine_cases.hyperliquid import hyperliquid

D = Decimal
_HYPE, _ETH = perpetual("HYPE"), perpetual("ETH")


def _hyperliquid_portfolio(draw: st.DrawFn) -> Account:
    held = msgspec.structs.replace(hyperliquid(draw), orders=())
    lent = {"USDC": draw(st.integers(-1000, 1000)), "HYPE": draw(st.integers(0, 10_000))}
    rows = (Balance(asset=asset, quantity_coin=D(much)) for asset, much in lent.items())
    return msgspec.structs.replace(held, balances=tuple(rows))


CASE = EngineCase(
    name="hyperliquid portfolio margin",
    rulebook=read("hyperliquid-portfolio/2026-08-22"),
    build_account=_hyperliquid_portfolio,
    instruments=by_id(_HYPE, _ETH),
    snapshot=snapshot(quote("HYPE-PERP", 40), quote("ETH-PERP", 100), index("HYPE", 40)),
    fixed_ccy=D(20),
)
BACKED = BackedCase(
    name="hyperliquid portfolio",
    rulebook=read("hyperliquid-portfolio/2026-08-22"),
    traded="BTC",
    asset="HYPE",
)
