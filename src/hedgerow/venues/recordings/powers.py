"""The state of Squeeth, minute by minute: norm factor, and the mark with ETH of the same time.

A row holds what stood at the end of its minute (its mark is the pool's closing tick), so it is
known a minute after its stamp. The mark was printed in ETH and is given in dollars.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hedgerow.market import MarketEvent, PowerState
from hedgerow.units import MINUTE_NS, Printed
from hedgerow.venues.recordings.tables import Sheet, find_one, moment, price

__all__ = ["SQUEETH_ID", "read_power_states"]

SQUEETH_ID: Final = "oSQTH"

_SHEET = Sheet(
    columns=(moment("ts"), price("norm_factor"), price("WETH"), price("OSQTH")),
    delay_ns=MINUTE_NS,
)


def read_power_states(folder: Path, *, start_ns: int, end_ns: int) -> Iterator[MarketEvent]:
    """Give the states known in [start_ns, end_ns), from ``squeeth_controller.parquet``.

    They carry the instrument ``oSQTH``.

    Raises
    ------
    RecordingRejected
        If the file lacks a column, holds an impossible value or runs backwards.
    """
    path = find_one(folder, "squeeth_controller.parquet")
    printed = Printed()
    for _, table in _SHEET.slices([path], start_ns=start_ns, end_ns=end_ns):
        for time_ns, factor, eth_usd, mark_eth in zip(
            table["time_ns"].to_list(),
            printed.column(table["norm_factor"].to_list()),
            printed.column(table["WETH"].to_list()),
            printed.column(table["OSQTH"].to_list()),
            strict=True,
        ):
            yield PowerState(
                time_ns=time_ns,
                instrument_id=SQUEETH_ID,
                norm_factor_frac=factor,
                price_underlying_usd=eth_usd,
                price_mark_usd=mark_eth * eth_usd,
            )
