"""Bybit unified: linear, inverse and options against one collateral."""

from decimal import Decimal

import msgspec
from hypothesis import strategies as st

from hedgerow.portfolio import Account
from tests.builders import (
    Positions,
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    perpetual,
    quote,
    resting,
    snapshot,
)
from tests.rooms.margin.engine_case import CASH, FEW, BackedCase, EngineCase, read, sizes
from tests.rooms.margin.made_brackets import IN_COIN, ROWS, brackets

D = Decimal
_MADE = {"BTC/USDC": brackets((0, "0.01", "0.1")), "ETH/USDC": brackets((0, "0.01", "0.1"))}
_BTC = perpetual("BTC")
_USDC_CALL = option(80_000, "call", settlement="USDC")


def _unified(draw: st.DrawFn) -> Account:
    held: Positions = {
        "BTC-PERP": (draw(sizes(1)), 79_000),
        "BTC-PERPETUAL": (draw(sizes(1000)), 79_000),
        "BTC-80000-call-USDC": draw(sizes(5)),
    }
    orders = tuple(resting("BTC-PERP", draw(sizes(1)), 80_000) for _ in range(draw(FEW)))
    return account(positions=held, balances={"BTC": 1, "USDC": draw(CASH)}, orders=orders)


CASE = EngineCase(
    name="bybit unified",
    rulebook=msgspec.structs.replace(
        read("bybit/2026-11-20"), brackets={"BTC/USDC": ROWS, "BTC/BTC": IN_COIN}
    ),
    build_account=_unified,
    instruments=by_id(_BTC, inverse(), _USDC_CALL),
    snapshot=snapshot(
        index("BTC", 80_000),
        quote("BTC-PERP", 80_000),
        quote("BTC-PERPETUAL", 80_000),
        option_quote(_USDC_CALL, 80_500, 0.5),
    ),
    slack_ccy=D("1e-6"),  # a step of a coin, in dollars
)
BACKED = BackedCase(
    name="bybit",
    rulebook=msgspec.structs.replace(
        read("bybit/2026-11-20"), brackets=_MADE, collateral_ratio_frac={"BTC": D("0.95")}
    ),
    traded="ETH",
    asset="BTC",
    currency="USD",
)
