"""A morning in which BTC falls, and a small desk that lives in it: both made by the tests."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from math import erf, log, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from hedgerow.app import cli
from tests.rooms.app.looks import share_looks

__all__ = [
    "DESK",
    "LIMITS",
    "Answer",
    "desk_file",
    "hedgerow",
    "hedgerow_here",
    "morning",
    "recorded",
]

OPENS = datetime(2026, 2, 1, 2, tzinfo=UTC)
EXPIRY = datetime(2026, 2, 27, 8, tzinfo=UTC)
CANDLE = timedelta(minutes=15)
CANDLES_COUNT = 32
CHAINS_AT = (OPENS + timedelta(minutes=30), OPENS + timedelta(hours=4))
STRIKES_USD = (70_000, 75_000, 80_000, 85_000, 90_000)
VOL_FRAC = 0.6
_MS = pl.Datetime("ms", "UTC")

DESK = """
[desk]
name = "One morning"
mode = "auto"
step = "15m"
start = "2026-02-01T05:00:00Z"
end = "2026-02-01T09:00:00Z"
warmup = "3h"

[recording]
options = "options"
perpetuals = "perpetuals"
funding = "funding"

[movers]
BTC = "BTCUSDT-PERP"
[dollars]
USDC = "1"
[ages]
quote = "20m"
option = "6h"
index = "6h"
ladder = "20m"
account = "20m"

[[instruments]]
kind = "linear_perpetual"
id = "BTCUSDT-PERP"
underlying = "BTC"
settlement = "USDC"
multiplier_coin_per_contract = "1"
tick_usd = "0.1"
lot_contracts = "0.001"
funding_interval = "8h"

[[accounts]]
id = "options"
venue = "deribit"
currency = "BTC"
rulebook = "deribit/2026-02-15"
balances = { BTC = "3" }
positions = [{ instrument = "BTC-27FEB26-75000-P", quantity_contracts = "-10" }]

[[accounts]]
id = "perp"
venue = "binance"
currency = "USDC"
rulebook = "binance/2021-11-01"
balances = { USDC = "150000" }
positions = [
  { instrument = "BTCUSDT-PERP", quantity_contracts = "-5.5", price_entry_ccy = "80000" },
]

[[accounts]]
id = "treasury"
venue = "wallet"
currency = "USDC"
balances = { USDC = "500000", BTC = "2" }

[[limits]]
scope = "coin/BTC"
metric = "delta_spot_usd"
soft = 50000
hard = 500000
[[limits]]
scope = "desk/*/*"
metric = "distance_spot_frac"
soft = 0.15
hard = 0.01

[[hedges]]
underlying = "BTC"
instrument = "BTCUSDT-PERP"
account = "perp"
risk_aversion_per_usd = 1e-6
band_min_coin = 0.1
slippage_limit = 0.005

[[buffers]]
account = "options"
trigger_use = "0.60"
target_use = "0.45"

[[routes]]
source = "treasury"
target = "options"
asset = "BTC"
use = "balance"
latency = "20m"
fee_coin = "0.0001"
step_coin = "0.0001"

[budget]
order_usd_max = 1000000
orders_usd_per_day = 5000000
transfers_usd_per_day = 1000000
price_collar = 0.02

[assumptions.depth]
depth_usd_per_bps = 400000
vol_reference = 0.5
vol_exponent = 1.5
half_spread_bps = 0.5
levels = 20
level_step_bps = 1.0
"""

LIMITS = DESK[DESK.index("[[limits]]") : DESK.index("[[hedges]]")]


def spot_usd(time: datetime) -> float:
    """Give the price: flat until 05:00, then 17 % down in three hours, with a wobble."""
    hours = (time - OPENS) / timedelta(hours=1)
    fall = min(max(hours - 3.0, 0.0), 3.0) / 3.0
    wobble = 60.0 * ((int(hours * 4) * 7) % 5 - 2)
    return round(80_000 * (1 - 0.17 * fall) + wobble, 1)


def perpetuals() -> pl.DataFrame:
    """Make 15-minute candles."""
    stamps = [OPENS + n * CANDLE for n in range(CANDLES_COUNT + 1)]
    rows = [
        {
            "ts": opened,
            "symbol": "BTCUSDT",
            "open": spot_usd(opened),
            "high": max(spot_usd(opened), spot_usd(closed)) + 25.0,
            "low": min(spot_usd(opened), spot_usd(closed)) - 25.0,
            "close": spot_usd(closed),
            "volume": 100.5,
        }
        for opened, closed in pairwise(stamps)
    ]
    return pl.DataFrame(rows, schema_overrides={"ts": _MS})


def chains() -> pl.DataFrame:
    """Make two snapshots of one expiry, priced by Black's formula at one vol."""
    return pl.DataFrame(list(_quotes()), schema_overrides={"ts": _MS, "expiry": _MS})


def _quotes() -> Iterator[dict[str, Any]]:
    for time in CHAINS_AT:
        forward = spot_usd(time)
        root = VOL_FRAC * sqrt((EXPIRY - time) / timedelta(days=365))
        for strike in STRIKES_USD:
            d1 = log(forward / strike) / root + root / 2
            call = _cdf(d1) - strike / forward * _cdf(d1 - root)
            for right in "CP":
                mark = round(call if right == "C" else call - 1 + strike / forward, 4)
                yield {
                    "ts": time,
                    "currency": "BTC",
                    "instrument_name": f"BTC-27FEB26-{strike}-{right}",
                    "expiry": EXPIRY,
                    "strike": float(strike),
                    "cp": right,
                    "bid_price": round(mark - 0.0005, 4),
                    "ask_price": round(mark + 0.0005, 4),
                    "mark_price": mark,
                    "underlying_price": forward,
                    "index_price": forward,
                    "mark_iv": VOL_FRAC,
                    "delta": round(_cdf(d1) - (right == "P"), 5),
                    "vega": 50.0,
                }


def _cdf(x: float) -> float:
    return (1 + erf(x / sqrt(2))) / 2


def fundings() -> pl.DataFrame:
    """Make the settlement of 08:00."""
    rows = [
        {
            "ts": datetime(2026, 2, 1, 8, tzinfo=UTC),
            "venue": "binance",
            "asset": "BTC",
            "rate": 0.0001,
        }
    ]
    return pl.DataFrame(rows, schema_overrides={"ts": _MS})


def recorded(
    data: Path,
    *,
    options: pl.DataFrame | None = None,
    candles: pl.DataFrame | None = None,
    funding: pl.DataFrame | None = None,
) -> Path:
    """Write the recordings below a folder, with any of them replaced."""
    for name, file, frame in (
        ("options", "chain_202602.parquet", options),
        ("perpetuals", "trade_15m.parquet", candles),
        ("funding", "funding_history.parquet", funding),
    ):
        (data / name).mkdir(parents=True)
        (data / name / file).write_bytes(_of_the_morning(name) if frame is None else _bytes(frame))
    return data


@cache  # every morning is the same, and some hundred tests write one
def _of_the_morning(name: str) -> bytes:
    made = {"options": chains, "perpetuals": perpetuals, "funding": fundings}
    return _bytes(made[name]())


def _bytes(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


def desk_file(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the desk with some of its text replaced."""
    text = DESK
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    path = folder / "desk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def morning(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """Write desk and recordings; give the words that name them on a command line."""
    return [str(desk_file(folder, *changes)), "--data", str(recorded(folder / "data"))]


class Answer(NamedTuple):
    """What a command printed and how it ended."""

    code: object
    out: str
    err: str

    def json(self) -> Any:
        """Read standard output, which must be one JSON value and nothing else."""
        assert self.err == "", self.err
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


def hedgerow(*words: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> Answer:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "hedgerow", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def hedgerow_here(*words: str | Path, cwd: Path, anew: bool = False) -> Answer:
    """Run the command line in this process, which is quicker where nothing depends on it.

    A desk that was opened and looked at before, in the same market at the same time, is not looked
    at again, unless it shall be `anew`: where that two looks agree is tested, or a part of them is
    replaced.
    """
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        if not anew:
            share_looks(patch)
        patch.setattr(sys, "argv", ["hedgerow", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
    return Answer(end.value.code, out.getvalue(), err.getvalue())
