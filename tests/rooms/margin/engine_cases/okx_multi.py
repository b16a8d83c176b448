"""OKX multi-currency: what is held counts at a discount."""

from decimal import Decimal

from hypothesis import strategies as st

from hedgerow.portfolio import Account
from tests.builders import Positions, account, by_id, index, perpetual, quote, snapshot
from tests.rooms.margin.engine_case import BackedCase, EngineCase, sizes
from tests.rooms.margin.made_brackets import ROWS, brackets, discount, multi_rulebook

D = Decimal
_MADE = {"BTC/USDC": brackets((0, "0.01", "0.1")), "ETH/USDC": brackets((0, "0.01", "0.1"))}
_BTC, _ETH = perpetual("BTC"), perpetual("ETH")


def _multi(draw: st.DrawFn) -> Account:
    held: Positions = {"BTC-PERP": (draw(sizes(100)), 1000), "ETH-PERP": (draw(sizes(500)), 100)}
    return account(positions=held, balances={"BTC": draw(st.integers(0, 1))})


CASE = EngineCase(
    name="OKX multi-currency",
    rulebook=multi_rulebook(
        {"BTC/USDC": ROWS, "ETH/USDC": ROWS},
        "0.0006",
        BTC=discount((0, "0.98")),
        USDC=discount((0, 1), (10, "0.9")),
    ),
    build_account=_multi,
    instruments=by_id(_BTC, _ETH),
    snapshot=snapshot(quote("BTC-PERP", 1001), quote("ETH-PERP", 101), index("BTC", 1000)),
)
BACKED = BackedCase(
    name="okx multi",
    rulebook=multi_rulebook(_MADE, "0.0006", BTC=discount((0, "0.98")), USDC=discount((0, 1))),
    traded="ETH",
    asset="BTC",
    currency="USD",
)
