"""OKX and Gate in one currency: tiers and the fee of closing."""

from decimal import Decimal

from hypothesis import strategies as st

from hedgerow.portfolio import Account
from tests.builders import Positions, account, by_id, perpetual, quote, snapshot
from tests.rooms.margin.engine_case import CASH, EngineCase, sizes
from tests.rooms.margin.made_brackets import ROWS, closing_rulebook

D = Decimal
_BTC, _ETH = perpetual("BTC"), perpetual("ETH")


def _closing(draw: st.DrawFn) -> Account:
    held: Positions = {"BTC-PERP": (draw(sizes(100)), 1100), "ETH-PERP": (draw(sizes(500)), 90)}
    return account(positions=held, balances={"USDC": draw(CASH)})


CASE = EngineCase(
    name="gate and OKX, one currency",
    rulebook=closing_rulebook("0.0006", {"BTC/USDC": ROWS, "ETH/USDC": ROWS}),
    build_account=_closing,
    instruments=by_id(_BTC, _ETH),
    snapshot=snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100)),
)
