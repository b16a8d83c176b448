"""Measure how close our option values and deltas come to a venue's own, over months of real chains.

Every row of ``deribit_options_2026`` beyond one day to expiry is valued with the row's own forward
and volatility and compared with the venue's mark (in coin) and delta. The rows of one snapshot were
collected over minutes, so single snapshots may be further off: the ten worst are listed on standard
error. Expected cost: a million rows at 0.3 µs each, and reading them; about a second.

Run ``python benchmarks/measure_marks.py --json``; the recordings lie in ``../shared/data``, or
where ``--data`` says.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

from hedgerow.pricing import OptionColumns, greeks

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
# Bars of the whole, and of one snapshot of one currency.
MARK_COIN_MAX, DELTA_FRAC_MAX = 1e-5, 2e-4
SNAPSHOT_MARK_COIN_MAX, SNAPSHOT_DELTA_FRAC_MAX = 2e-4, 4e-3

_DAY_MS = 86_400_000
_YEAR_MS = 365 * _DAY_MS
_COLUMNS = (
    "ts",
    "currency",
    "expiry",
    "strike",
    "cp",
    "mark_price",
    "underlying_price",
    "mark_iv",
    "delta",
)


def errors(data: Path) -> pl.DataFrame:
    """Give one row per option and snapshot: absolute errors of value in coin and of delta."""
    tables = []
    for path in sorted((data / "deribit_options_2026").glob("chain_*.parquet")):
        read = pl.read_parquet(path, columns=list(_COLUMNS))
        life_ms = (pl.col("expiry") - pl.col("ts")).dt.total_milliseconds()
        table = read.with_columns(life_ms=life_ms).filter(pl.col("life_ms") > _DAY_MS)
        result = greeks(
            OptionColumns(
                forward_usd=table["underlying_price"].to_numpy(),
                strike_usd=table["strike"].to_numpy(),
                vol_frac=table["mark_iv"].to_numpy(),
                expiry_years=table["life_ms"].to_numpy() / _YEAR_MS,
                is_call=(table["cp"] == "C").to_numpy(),
            )
        )
        coin = result.value_usd / table["underlying_price"].to_numpy()
        tables.append(
            pl.DataFrame(
                {
                    "ts": table["ts"],
                    "currency": table["currency"].cast(pl.String),
                    "mark_coin": np.abs(coin - table["mark_price"].to_numpy()),
                    "delta_frac": np.abs(result.delta_forward_frac - table["delta"].to_numpy()),
                }
            )
        )
    return pl.concat(tables)


def by_snapshot(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the medians of every snapshot and currency, worst mark first."""
    medians = rows.group_by("ts", "currency").agg(
        pl.col("mark_coin").median(), pl.col("delta_frac").median(), pl.len().alias("rows")
    )
    return medians.sort("mark_coin", "ts", "currency", descending=[True, False, False])


def ten_worst(snapshots: pl.DataFrame) -> str:
    """Write the ten worst snapshots by mark and the ten worst by delta."""
    blocks = []
    for column, what in (("mark_coin", "mark, coin"), ("delta_frac", "delta")):
        worst = snapshots.sort(column, "ts", "currency", descending=[True, False, False]).head(10)
        lines = [
            f"  {row['ts']:%Y-%m-%d %H:%M} {row['currency']}  mark {row['mark_coin']:.2e} coin  "
            f"delta {row['delta_frac']:.2e}  ({row['rows']} rows)"
            for row in worst.iter_rows(named=True)
        ]
        blocks.append("\n".join((f"ten worst snapshots by {what} (medians):", *lines)))
    return "\n".join(blocks)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Our marks and deltas against the venue's.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    options = parser.parse_args()
    if not (options.data / "deribit_options_2026").is_dir():
        print(f"no folder deribit_options_2026 in {options.data}", file=sys.stderr)
        return 2
    rows = errors(options.data)
    snapshots = by_snapshot(rows)
    worst = ten_worst(snapshots)
    note = f"{len(rows)} rows beyond one day to expiry"
    of_one = f"worst median of {len(snapshots)} snapshots and currencies; all ten on standard error"
    results = [
        _result("mark_median_coin", rows["mark_coin"].median(), "coin", MARK_COIN_MAX, note),
        _result("delta_median", rows["delta_frac"].median(), "1", DELTA_FRAC_MAX, note),
        _result(
            "worst_snapshot_mark_median_coin",
            snapshots["mark_coin"].max(),
            "coin",
            SNAPSHOT_MARK_COIN_MAX,
            of_one,
        ),
        _result(
            "worst_snapshot_delta_median",
            snapshots["delta_frac"].max(),
            "1",
            SNAPSHOT_DELTA_FRAC_MAX,
            of_one,
        ),
    ]
    print(worst, file=sys.stderr)
    if options.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(f"{result['name']}: {result['value']:.3e} (bar {result['bar']:g})")
    return 0


def _result(name: str, value: object, unit: str, bar: float, note: str) -> dict[str, object]:
    assert isinstance(value, float)
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "better": "lower",
        "bar": bar,
        "note": note,
    }


if __name__ == "__main__":
    raise SystemExit(main())
