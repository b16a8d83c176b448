"""OKX's portfolio margin at round figures, for accounts by hand and for refusals."""

from typing import Any

import msgspec

from hedgerow.instruments import Instrument
from hedgerow.margin import decode_rulebook, require
from hedgerow.margin.venues.okx_portfolio import OkxPortfolioRulebook
from hedgerow.market import MarketEvent
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    inverse_future,
    linear_future,
    packaged,
    perpetual,
    quote,
    snapshot,
)
from tests.rooms.margin.made_brackets import okx_portfolio_rulebook, risk_unit


def shipped(**changes: Any) -> OkxPortfolioRulebook:
    book = decode_rulebook(packaged("okx-portfolio/2025-01-15"), where="packaged")
    assert isinstance(book, OkxPortfolioRulebook)
    return msgspec.structs.replace(book, **changes)


TETHER = perpetual(settlement="USDT", instrument_id="BTC-TETHER")
COIN = inverse()
LINEAR = perpetual()
FAR = inverse_future("BTC-FAR", T0_NS + 73 * DAY_NS)
NEAR = linear_future("BTC-NEAR", T0_NS + DAY_NS)
TERMS = by_id(TETHER, COIN, LINEAR, FAR, NEAR, perpetual("ETH"))
MARKS: tuple[MarketEvent, ...] = (
    *(quote(name, 1000) for name in ("BTC-TETHER", "BTC-PERPETUAL", "BTC-PERP", "BTC-FAR")),
    quote("BTC-NEAR", 1000),
    quote("ETH-PERP", 100),
    index("BTC", 1000),
    index("ETH", 100),
    index("USDT", 1),
)
# Twelve per cent both ways, and half of a quarter in an extreme move, which is more.
BTC = risk_unit("0.06", "0.12", extreme="0.25")


def asked(
    positions: dict[str, Any],
    balances: dict[str, Any] | None = None,
    *events: MarketEvent,
    terms: dict[str, Instrument] | None = None,
    **changes: Any,
) -> Any:
    units = changes.pop("units", {"BTC": BTC, "ETH": risk_unit("0.1", extreme="0.15")})
    held = account(currency="USD", positions=positions, balances=balances or {})
    now = snapshot(*MARKS, *events)
    return require(held, terms or TERMS, now, okx_portfolio_rulebook(units, **changes))
