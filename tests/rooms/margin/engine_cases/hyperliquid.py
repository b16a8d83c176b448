"""Hyperliquid, cross margin."""

from decimal import Decimal

from hypothesis import strategies as st

from hedgerow.portfolio import Account
from tests.builders import Positions, account, by_id, perpetual, quote, resting, snapshot
from tests.rooms.margin.engine_case import CASH, FEW, EngineCase, read, sizes

D = Decimal
_HYPE, _ETH = perpetual("HYPE"), perpetual("ETH")


def hyperliquid(draw: st.DrawFn) -> Account:
    """Notionals on both sides of the tier at 20 million."""
    held: Positions = {"HYPE-PERP": (draw(sizes(10**6)), 41), "ETH-PERP": (draw(sizes(500)), 90)}
    orders = tuple(resting("HYPE-PERP", draw(sizes(10**5)), 40) for _ in range(draw(FEW)))
    return account(positions=held, balances={"USDC": draw(CASH)}, orders=orders)


CASE = EngineCase(
    name="hyperliquid cross",
    rulebook=read("hyperliquid/2026-08-22"),
    build_account=hyperliquid,
    instruments=by_id(_HYPE, _ETH),
    snapshot=snapshot(quote("HYPE-PERP", 40), quote("ETH-PERP", 100)),
)
