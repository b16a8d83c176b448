"""The account of Deribit's own portfolio margin example, of 2024-06-17."""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.instruments import Instrument
from hedgerow.market import MarketEvent, Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import parse_ns
from tests.builders import account, by_id, index, inverse, inverse_future, quote, snapshot
from tests.golden.read import case

D = Decimal
PME = case("deribit/venue_cases", "deribit-pme-btc-2024-06-17")


def pme_account() -> tuple[Account, Mapping[str, Instrument], Snapshot]:
    """The example counts positions in coin; contracts of one dollar make them exact."""
    given = PME["given"]
    now_ns = int(given["timestamp_ms"]) * 1_000_000
    future = inverse_future("BTC-28JUN24", parse_ns(given["expiries"]["BTC-28JUN24"]))
    marks = {name: D(mark) for name, mark in given["mark"].items()}
    held = account(
        currency="BTC",
        positions={
            name: (D(size) * marks[name], marks[name])
            for name, size in given["positions_base_ccy"].items()
        },
        time_ns=now_ns,
    )
    events: list[MarketEvent] = [index("BTC", given["index"]["btc_usd"], now_ns)]
    events += [quote(name, mark, now_ns) for name, mark in marks.items()]
    return held, by_id(inverse(), future), snapshot(*events, time_ns=now_ns)
