"""Liquidation calls of a lending protocol, and what its reserves were on one day.

Calls carry the oracle prices of both sides as the source's index had them; where one of them is not
the price the protocol used, the ratio of the two values is no bonus. Nothing is left out here, and
one defect is put right: in rows that came in raw units, the prices of ENJ, KNC or ZRX as collateral
and of USDT, by which the dollars were found, are exchanged. It shows without the amounts: every
dollar coin repaid then has the collateral's price (USDC at 2.74 dollars, ENJ at 2.73), and what was
one dollar over the collateral's price is the coin's.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl

from hedgerow.margin import LendingReserve
from hedgerow.margin.liquidation_call import LiquidationCall
from hedgerow.units import Printed
from hedgerow.venues.recordings.tables import (
    Column,
    Rule,
    Sheet,
    count,
    find_one,
    label,
    moment,
    price,
)

__all__ = ["read_liquidation_calls", "read_reserves"]

_CALLS = Sheet(
    columns=(
        moment("ts"),
        label("user"),
        label("collateral"),
        label("debt"),
        price("collateral_amount"),
        price("debt_amount"),
        price("collateral_price_usd"),
        price("debt_price_usd"),
        label("source_format"),
    ),
    subject="user",
)
# Collateral whose price stands in the place of the dollar's, and the dollar's in its own.
_EXCHANGED = frozenset({"ENJ", "KNC", "ZRX"})
_IN_RAW_UNITS = "raw_units"


def _bps(name: str) -> Column:
    value = pl.col(name)
    is_whole = value.is_finite() & (value >= 0) & (value == value.round())
    return Column(name, "number", Rule((name,), is_whole, "a whole number of basis points"))


_RESERVES = Sheet(
    columns=(
        label("symbol"),
        count("decimals"),
        _bps("liquidation_threshold_bps"),
        _bps("liquidation_bonus_bps"),
    ),
    rules=(Rule(("decimals",), pl.col("decimals").is_between(0, 27), "from 0 to 27"),),
    subject="symbol",
)


def read_liquidation_calls(
    folder: Path, *, start_ns: int, end_ns: int
) -> Iterator[LiquidationCall]:
    """Give the calls of [start_ns, end_ns) in order of time, from ``liquidation_calls.parquet``.

    Raises
    ------
    RecordingRejected
        If the file lacks a column, an amount or a price is not positive, or time runs backwards.
    """
    path = find_one(folder, "liquidation_calls.parquet")
    printed = Printed()
    for _, table in _CALLS.slices([path], start_ns=start_ns, end_ns=end_ns):
        for time_ns, user, collateral, debt, seized, repaid, of_collateral, of_debt, written in zip(
            table["time_ns"].to_list(),
            table["user"].to_list(),
            table["collateral"].to_list(),
            table["debt"].to_list(),
            printed.column(table["collateral_amount"].to_list()),
            printed.column(table["debt_amount"].to_list()),
            printed.column(table["collateral_price_usd"].to_list()),
            printed.column(table["debt_price_usd"].to_list()),
            table["source_format"].to_list(),
            strict=True,
        ):
            if written == _IN_RAW_UNITS and collateral in _EXCHANGED:
                of_collateral, of_debt = _restored(
                    of_collateral, of_debt, is_same=collateral == debt
                )
            yield LiquidationCall(
                time_ns=time_ns,
                user=user,
                collateral=collateral,
                debt=debt,
                seized_coin=seized,
                repaid_coin=repaid,
                price_collateral_usd=of_collateral,
                price_debt_usd=of_debt,
            )


def _restored(
    collateral_usd: Decimal, debt_usd: Decimal, *, is_same: bool
) -> tuple[Decimal, Decimal]:
    """Give the prices of a call whose collateral stood in the dollar's place."""
    restored_usd = 1 / collateral_usd
    return restored_usd, restored_usd if is_same else debt_usd * restored_usd


def read_reserves(folder: Path) -> dict[str, LendingReserve]:
    """Give the reserves of one day, from the only file named ``reserve_parameters_*.parquet``.

    An asset that was no collateral has a threshold and a bonus of zero, as the protocol has it.

    Raises
    ------
    RecordingRejected
        If there is no such file or more than one, it lacks a column, a parameter is not a whole
        number of basis points, or it names an asset twice.
    """
    path = find_one(folder, "reserve_parameters_*.parquet")
    table = _RESERVES.rows(path)
    again = ~table["symbol"].is_first_distinct()
    if again.any():
        at = again.arg_max()
        assert at is not None
        raise _RESERVES.reject(path, table, at, "symbol must be named once, was named before")
    return {
        row["symbol"]: LendingReserve(
            liquidation_threshold_bps=int(row["liquidation_threshold_bps"]),
            liquidation_bonus_bps=int(row["liquidation_bonus_bps"]),
            asset_decimals=row["decimals"],
        )
        for row in table.iter_rows(named=True)
    }
