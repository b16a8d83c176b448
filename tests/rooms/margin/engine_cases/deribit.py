"""Deribit portfolio margin: a scan of futures and options."""

from decimal import Decimal

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
    quote,
    resting,
    scan_rulebook,
    snapshot,
)
from tests.rooms.margin.engine_case import FEW, EngineCase, sizes

D = Decimal
_CALL, _PUT = option(80_000, "call"), option(70_000, "put")


def _scan(draw: st.DrawFn) -> Account:
    held: Positions = {
        "BTC-PERPETUAL": (draw(sizes(100_000, places=0)), 79_000),
        "BTC-80000-call": draw(sizes(10)),
        "BTC-70000-put": draw(sizes(10)),
    }
    orders = tuple(resting("BTC-80000-call", draw(sizes(5)), "0.05") for _ in range(draw(FEW)))
    return account(currency="BTC", positions=held, balances={"BTC": 50}, orders=orders)


CASE = EngineCase(
    name="deribit portfolio margin",
    rulebook=scan_rulebook(),
    build_account=_scan,
    instruments=by_id(inverse(), _CALL, _PUT),
    snapshot=snapshot(
        index("BTC", 80_000),
        quote("BTC-PERPETUAL", 80_000),
        option_quote(_CALL, 80_500, 0.5),
        option_quote(_PUT, 80_500, 0.6),
    ),
    slack_ccy=D("1e-8"),
)
