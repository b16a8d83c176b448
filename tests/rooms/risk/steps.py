"""Two markets six hours apart, and what a desk gains between them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.market import MarketEvent, Snapshot
from hedgerow.portfolio import Account, Book, book
from hedgerow.risk import CashFlow, Explained, ExplainRow, Fill
from hedgerow.units import HOUR_NS
from tests.builders import T0_NS, index, quote, state
from tests.rooms.exposure import desk

T1_NS = T0_NS + 6 * HOUR_NS
STEP_DAYS = 0.25


def later(*events: MarketEvent, time_ns: int = T1_NS, usdc_usd: str = "1") -> Snapshot:
    """The market of these events, all of which are of the later time."""
    kept = state()
    kept._dollars_usd["USDC"] = Decimal(usdc_usd)
    for event in events:
        kept.apply(msgspec.structs.replace(event, time_ns=time_ns))
    return kept.freeze(time_ns)


def bitcoin(price: object, mark: object, *more: MarketEvent) -> tuple[MarketEvent, ...]:
    """Bitcoin and its two perpetuals."""
    return (
        index("BTC", Decimal(str(price))),
        quote("BTC-PERP", Decimal(str(mark))),
        quote("BTC-PERPETUAL", Decimal(str(mark))),
        *more,
    )


def held(*accounts: Account, terms: Mapping[str, Instrument], time_ns: int = T0_NS) -> Book:
    """These accounts as they were seen at a time."""
    seen = (msgspec.structs.replace(each, time_observed_ns=time_ns) for each in accounts)
    return book(seen, terms)


def row(explained: Explained, node: str = "desk") -> ExplainRow:
    found = explained.row(node)
    assert not isinstance(found, Failure), found
    return found


def lines(explained: Explained, node: str = "desk") -> dict[str, float]:
    """The lines of a node that are not nothing, to the ten-thousandth of a dollar."""
    found = row(explained, node)
    return {name: round(usd, 4) for name, usd in found.lines_usd.items() if round(usd, 4)}


def everything(spot_frac: float, vol_volpt: float, basis_frac: float) -> Snapshot:
    """The market of the desk that holds one of nearly everything, moved."""

    def moved(event: MarketEvent) -> MarketEvent:
        changes: dict[str, object] = {}
        for name in ("price_usd", "price_mark_usd", "price_underlying_usd"):
            price = getattr(event, name, None)
            if price is not None:
                factor = 1 + spot_frac + (0 if name == "price_usd" else basis_frac)
                changes[name] = price * Decimal(repr(factor))
        if hasattr(event, "vol_mark_frac"):
            changes["vol_mark_frac"] = event.vol_mark_frac + vol_volpt / 100
        return msgspec.structs.replace(event, **changes)

    return later(*map(moved, desk.market()))


def fill(
    instrument_id: str,
    quantity: int,
    price: int | str | None,
    kind: Literal["trade", "liquidation", "adl", "transfer"] = "trade",
) -> Fill:
    return Fill(
        account_id="a",
        instrument_id=instrument_id,
        quantity_contracts=Decimal(quantity),
        price_ccy=None if price is None else Decimal(price),
        kind=kind,
    )


def flow(
    asset: str,
    much: int | str | Decimal,
    kind: str,
    instrument_id: str | None = "BTC-PERP",
    account_id: str = "a",
) -> CashFlow:
    return msgspec.convert(
        {
            "account_id": account_id,
            "asset": asset,
            "quantity_coin": Decimal(much),
            "kind": kind,
            "instrument_id": instrument_id,
        },
        CashFlow,
    )
