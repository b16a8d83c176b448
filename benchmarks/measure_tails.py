"""Measure how far the paths of ``hedgerow solvency probability`` go, and how far prices went.

For falls and rises of 1 to 8 deviations within a day and a week: by how much the share of hours
that such a move followed, averaged over three coins from 2022-01-01 to 2025-09-18, differs from the
probability by the packaged regimes, jumps and tails. Windows overlap and moves come in clusters, so
that shares below a thousandth rest on a handful of days. It is the history the packaged figures
were chosen on, and no forecast. Expected cost: 14 barriers on 70,000 paths of 24 and 168 steps, 200
million steps and barriers at 20 ns, and as much for the first of each.

Run ``python benchmarks/measure_tails.py --json``; the recordings lie in ``../shared/data``, or
where ``--data`` says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from hedgerow.app.portfolio_model import (
    packaged_covariance,
    packaged_degrees_count,
    packaged_tails,
)
from hedgerow.market import Dynamics, Factor, FactorMoves
from hedgerow.pricing import Floats
from hedgerow.solvency import Boundary, mixed_hits, regimes

COINS = ("BTC", "ETH", "SOL")
BEGINS, ENDS = datetime(2022, 1, 1, tzinfo=UTC), datetime(2025, 9, 18, tzinfo=UTC)
DEVIATIONS = (1, 2, 3, 4, 5, 6, 8)
HORIZONS_HOURS = (24, 168)
PATHS_COUNT = 70_000


def seen_frac(folder: Path, coin: str, deviation_log: float, hours: int) -> tuple[Floats, Floats]:
    """Give the share of hours followed by falls, and by rises, of each size within the hours."""
    bars = (
        pl.scan_parquet(folder / "ohlcv_binance" / "spot_1h.parquet")
        .filter(pl.col("symbol").cast(pl.String) == f"{coin}USDT")
        .filter((pl.col("ts") >= BEGINS) & (pl.col("ts") < ENDS))
        .sort("ts")
        .collect()
    )
    low, high, close = (np.log(bars[name].to_numpy()) for name in ("low", "high", "close"))
    count = len(close) - hours
    windows = np.lib.stride_tricks.sliding_window_view
    fall = windows(low[1:], hours)[:count].min(axis=1) - close[:count]
    rise = windows(high[1:], hours)[:count].max(axis=1) - close[:count]
    sizes = deviation_log * np.sqrt(hours / 24.0) * np.array(DEVIATIONS)[:, None]
    return (fall < -sizes).mean(axis=1), (rise > sizes).mean(axis=1)


def walked_frac(deviation_log: float, hours: int) -> tuple[Floats, Floats]:
    """Give the same by the packaged paths."""
    tails, spot = packaged_tails(), Factor(kind="spot", name="coin")
    vol_frac = deviation_log * np.sqrt(365.0)
    moves = FactorMoves(
        factor=spot,
        vol_frac=tails.between_jumps_frac(vol_frac),
        jump_loading_frac=tails.loading_frac(vol_frac),
    )
    dynamics = Dynamics(
        factors=(moves,),
        correlation_frac=np.eye(1),
        degrees_count=float(packaged_degrees_count()),
        jumps=tails.jumps,
    )
    sizes = deviation_log * np.sqrt(hours / 24.0) * np.array(DEVIATIONS)
    barriers = [Boundary.fixed("fall", spot, low_log=-each, high_log=None) for each in sizes]
    barriers += [Boundary.fixed("rise", spot, low_log=None, high_log=each) for each in sizes]
    hits = mixed_hits(
        regimes(dynamics, deviation_log=tails.vol_deviation_log, regimes_count=tails.regimes_count),
        barriers,
        paths_count=PATHS_COUNT,
        seed=1,
        horizons_years=[hours / 24.0 / 365.0],
    ).hit_frac[:, 0]
    return hits[: len(sizes)], hits[len(sizes) :]


def measure(folder: Path) -> Iterator[dict[str, object]]:
    """Give the ratio of probability to share for each size, side and horizon."""
    model = packaged_covariance()
    daily = {
        each.name: float(deviation) / np.sqrt(model.period_days)
        for each, deviation in zip(model.factors, model.deviation_frac_per_period, strict=True)
        if each.kind == "spot"
    }
    for hours in HORIZONS_HOURS:
        walked = walked_frac(daily["BTC"], hours)
        seen = [seen_frac(folder, coin, daily[coin], hours) for coin in COINS]
        for at, side in enumerate(("fall", "rise")):
            for k, size in enumerate(DEVIATIONS):
                share = float(np.mean([each[at][k] for each in seen]))
                chance = float(walked[at][k])
                yield {
                    "name": f"{side}_{size}_deviations_{hours}h",
                    "value": round(100.0 * chance, 4),
                    "unit": "%",
                    "better": "lower",
                    "bar": None,
                    "note": f"seen {100.0 * share:.4f} % of hours",
                }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    chosen = parser.parse_args()
    results = list(measure(chosen.data))
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']:<32} {each['value']:>10} {each['unit']} {each['note']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
