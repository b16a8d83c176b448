"""Binance COIN-M: inverse contracts in tiers of their coin."""

from decimal import Decimal

from hypothesis import strategies as st

from hedgerow.portfolio import Account
from tests.builders import (
    EXPIRY_NS,
    Positions,
    account,
    by_id,
    inverse,
    inverse_future,
    quote,
    resting,
    snapshot,
)
from tests.rooms.margin.engine_case import CASH, FEW, EngineCase, sizes
from tests.rooms.margin.made_brackets import IN_COIN, coin_rulebook

D = Decimal
_DATED = inverse_future("BTC-DATED", EXPIRY_NS)


def _coin(draw: st.DrawFn) -> Account:
    held: Positions = {
        "BTC-PERPETUAL": (draw(sizes(10**6, places=0)), 79_000),
        "BTC-DATED": (draw(sizes(10**6, places=0)), 81_000),
    }
    orders = tuple(resting("BTC-DATED", draw(sizes(10**5)), 82_000) for _ in range(draw(FEW)))
    return account(currency="BTC", positions=held, balances={"BTC": draw(CASH)}, orders=orders)


CASE = EngineCase(
    name="binance COIN-M",
    rulebook=coin_rulebook(BTC=IN_COIN),
    build_account=_coin,
    instruments=by_id(inverse(), _DATED),
    snapshot=snapshot(quote("BTC-PERPETUAL", 80_000), quote("BTC-DATED", 80_500)),
    slack_ccy=D("1e-7"),
)
