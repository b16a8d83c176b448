"""Binance USD-M: coins in tiers of notional."""

from decimal import Decimal

from hypothesis import strategies as st

from hedgerow.portfolio import Account
from tests.builders import (
    Positions,
    account,
    by_id,
    perpetual,
    quote,
    resting,
    snapshot,
    tiered_rulebook,
)
from tests.rooms.margin.engine_case import CASH, FEW, EngineCase, sizes

D = Decimal
_BTC, _ETH = perpetual("BTC"), perpetual("ETH")


def _tiered(draw: st.DrawFn) -> Account:
    held: Positions = {"BTC-PERP": (draw(sizes(50)), 1100), "ETH-PERP": (draw(sizes(500)), 90)}
    orders = tuple(resting("BTC-PERP", draw(sizes(9)), 1010) for _ in range(draw(FEW)))
    return account(positions=held, balances={"USDC": draw(CASH)}, orders=orders)


CASE = EngineCase(
    name="binance USD-M",
    rulebook=tiered_rulebook([(0, "0.01"), (10_000, "0.02"), (30_000, "0.05")], ("BTC", "ETH")),
    build_account=_tiered,
    instruments=by_id(_BTC, _ETH),
    snapshot=snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100)),
)
