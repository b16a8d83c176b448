"""OKX's portfolio margin."""

from decimal import Decimal

from hypothesis import strategies as st

from hedgerow.portfolio import Account
from tests.builders import (
    EXPIRY_NS,
    Positions,
    account,
    by_id,
    index,
    inverse,
    inverse_future,
    perpetual,
    quote,
    snapshot,
)
from tests.rooms.margin.engine_case import CASH, BackedCase, EngineCase, sizes
from tests.rooms.margin.made_brackets import okx_portfolio_rulebook, risk_unit


def _drawn(draw: st.DrawFn) -> Account:
    """Hedges of coins and dollars against each other, losses beyond a balance, least charges."""
    held: Positions = {
        "BTC-PERP": (draw(sizes(500)), 1000),
        "BTC-PERPETUAL": (draw(sizes(10**6, places=0)), 990),
        "BTC-DATED": (draw(sizes(10**6, places=0)), 1020),
        "BTC-TETHER": (draw(sizes(500)), 1000),
        "ETH-PERP": (draw(sizes(500)), 100),
    }
    balances = {"BTC": draw(st.integers(0, 400)), "USDC": draw(CASH)}
    return account(currency="USD", positions=held, balances=balances)


_RULEBOOK = okx_portfolio_rulebook(
    {
        "BTC": risk_unit("0.04", "0.08", "0.12", extreme="0.25"),
        "ETH": risk_unit("0.1", "0.2", extreme="0.36"),
    }
)
CASE = EngineCase(
    name="OKX portfolio margin",
    rulebook=_RULEBOOK,
    build_account=_drawn,
    instruments=by_id(
        perpetual("BTC"),
        perpetual("ETH"),
        inverse(),
        inverse_future("BTC-DATED", EXPIRY_NS),
        perpetual(instrument_id="BTC-TETHER", settlement="USDT"),
    ),
    snapshot=snapshot(
        index("BTC", 1000),
        index("ETH", 100),
        index("USDT", "0.999"),
        quote("BTC-PERP", 1001),
        quote("BTC-PERPETUAL", 1002),
        quote("BTC-DATED", 1010),
        quote("BTC-TETHER", 1003),
        quote("ETH-PERP", 101),
    ),
    # A step of each of six lines and a step of a coin at its price; the least charge by four.
    slack_ccy=Decimal("1e-7"),
)
BACKED = BackedCase(
    name="okx portfolio", rulebook=_RULEBOOK, traded="ETH", asset="BTC", currency="USD"
)
