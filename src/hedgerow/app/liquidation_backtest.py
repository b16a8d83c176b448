"""What ``hedgerow solvency backtest perps`` does: chances of liquidation against recorded prices.

At every hour a long and a short of some leverages are entered at the mark; whether the mark crosses
their liquidation price within each horizon is compared with the chance that was given then, from
what was known then. Where no mark was recorded yet, trades of the perpetual stand in for it, and
spot before there were any: that history teaches and is not judged.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from hedgerow.app.asked import show
from hedgerow.errors import Failure, RecordingRejected, RequestRejected
from hedgerow.market import HourBars, filtered_pasts, spliced
from hedgerow.reporting import builtins_of
from hedgerow.reporting.calibrations import CrashRow, calibration_tables
from hedgerow.solvency import (
    SIDES,
    Calibration,
    ForecastColumns,
    Isolated,
    Walked,
    calibrated,
    closed_form,
    holding_frac,
    totals,
    walked_forward,
)
from hedgerow.units import DAY_NS, format_ns, parse_ns, percent
from hedgerow.venues.recordings import (
    mark_symbols,
    read_mark_hours,
    read_spot_hours,
    read_trade_hours,
)

__all__ = [
    "CRASHES",
    "HOLDING_FRAC_MIN",
    "HORIZONS_HOURS",
    "POSITIONS",
    "TOTAL_RATIO_FRAC_MAX",
    "Backtest",
    "Histories",
    "backtest",
    "misses",
    "read_histories",
    "run_backtest",
]

HOLDING_FRAC_MIN: Final = 0.9
TOTAL_RATIO_FRAC_MAX: Final = 1.25
HORIZONS_HOURS: Final = (1, 8, 24, 168)
_MAINTENANCE_FRAC: Final = 0.005
POSITIONS: Final = tuple(
    Isolated(side=side, leverage_frac=leverage_frac, maintenance_frac=_MAINTENANCE_FRAC)
    for side, leverage_frac in product(SIDES, (5.0, 10.0, 20.0))
)
# Days of which the recordings have finer candles or names, chosen because prices crashed: the
# readme pages of ohlcv_binance and perp_binance. First and last day are both meant.
CRASHES: Final = (
    ("2023-03-05", "2023-03-20"),
    ("2023-08-10", "2023-08-24"),
    ("2025-01-28", "2025-02-09"),
    ("2025-03-28", "2025-04-14"),
    ("2025-10-08", "2025-10-11"),
    ("2026-01-29", "2026-02-06"),
)
_SEED: Final = 7  # of the draws of blocks behind the interval of a score


class Histories(NamedTuple):
    """Hourly bars of each coin, and from when on they are of the perpetual."""

    bars: tuple[HourBars, ...]
    since_ns: Mapping[str, int]


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, horizon by horizon, and in the days of crashes apart."""

    subjects: tuple[str, ...]
    start_ns: int
    end_ns: int
    calibrations: tuple[Calibration, ...]
    crashes: tuple[CrashRow, ...]


def run_backtest(data: Path | None, *, as_json: bool) -> int:
    """Print how chances of liquidation held; exit status 1 where a bar is missed."""
    if data is None:
        raise RequestRejected(
            "--data is missing: name the folder that holds perp_binance and ohlcv_binance"
        )
    found = backtest(read_histories(data))
    missed = misses(found)
    payload = {**builtins_of(found), "ok": not missed, "misses": missed}
    show(payload, calibration_tables(_heading(found), found.calibrations, found.crashes),
         as_json=as_json)  # fmt: skip
    if missed and not as_json:
        sys.stderr.write(f"exit 1: {'; '.join(missed)}\n")
    return 1 if missed else 0


def read_histories(data: Path) -> Histories:
    """Read every perpetual whose mark is recorded: spot, then its trades, then its mark.

    Raises
    ------
    RecordingRejected
        If a file is missing or cannot be.
    """
    perpetuals, spots = data / "perp_binance", data / "ohlcv_binance"
    bars, since_ns = [], {}
    for symbol in mark_symbols(perpetuals):
        mark = read_mark_hours(perpetuals, symbol)
        trades = read_trade_hours(perpetuals, symbol)
        spot = read_spot_hours(spots, symbol)
        # The first to begin is only used until the next one does.
        later = [each for each in (trades, mark) if each.open_ns[0] > spot.open_ns[0]]
        if not later:
            raise RecordingRejected(f"{spots}: spot of {symbol} does not begin before its mark")
        parts = [spot, *(later if later[0].open_ns[0] < mark.open_ns[0] else [mark])]
        bars.append(spliced(parts))
        since_ns[symbol] = int(parts[1].open_ns[0])
    return Histories(tuple(bars), since_ns)


def backtest(histories: Histories) -> Backtest:
    """Walk through the recordings once for each horizon, and judge.

    Raises
    ------
    RecordingRejected
        If there is too little history before the first hour that is judged.
    """
    rng = np.random.default_rng(_SEED)
    calibrations: list[Calibration] = []
    crashes: list[CrashRow] = []
    starts, ends = [], []
    for horizon_hours in _told():
        pasts = filtered_pasts(histories.bars, horizon_hours)
        walked = walked_forward(pasts, POSITIONS, since_ns=histories.since_ns)
        if isinstance(walked, Failure):
            raise RecordingRejected(f"{walked.subject}: {walked.message}")
        rival = [
            closed_form(each, bars, POSITIONS)
            for each, bars in zip(walked, histories.bars, strict=True)
        ]
        calibrations.append(calibrated(_groups(walked), _groups(rival), rng=rng))
        crashes += _crashes(walked, rival)
        starts.append(min(int(each.start_ns[0]) for each in walked if each.start_ns.size))
        ends.append(max(int(each.start_ns[-1]) for each in walked if each.start_ns.size))
    return Backtest(
        subjects=tuple(each.subject for each in histories.bars),
        start_ns=min(starts),
        end_ns=max(ends),
        calibrations=tuple(calibrations),
        crashes=tuple(sorted(crashes, key=lambda row: row.first_day)),
    )


def misses(found: Backtest) -> list[str]:
    """Say which bars are missed."""
    out = []
    held = holding_frac([each for row in found.calibrations for each in row.bins])
    if held is None:
        out.append("no bin has enough periods to be judged")
    elif held < HOLDING_FRAC_MIN:
        out.append(f"{percent(held)} of bins hold, the bar is {percent(HOLDING_FRAC_MIN, 0)}")
    for row in found.calibrations:
        ratio = row.totals.ratio_frac
        name = f"{row.horizon_hours} h"
        if ratio is None:
            out.append(f"{name}: no liquidation was seen")
        elif not 1.0 / TOTAL_RATIO_FRAC_MAX <= ratio <= TOTAL_RATIO_FRAC_MAX:
            out.append(
                f"{name}: predicted over observed is {ratio:.2f}, the bar is a factor "
                f"{TOTAL_RATIO_FRAC_MAX:g}"
            )
        if row.gain_log <= 0.0:
            out.append(f"{name}: the closed form scores {-row.gain_log:.5f} better")
    return out


def _told() -> Iterator[int]:
    """Go through the horizons; say on a terminal which one it is."""
    is_seen = sys.stderr.isatty()
    for index, horizon_hours in enumerate(HORIZONS_HOURS):
        if is_seen:
            sys.stderr.write(
                f"\rhorizon of {horizon_hours} h, {index + 1} of {len(HORIZONS_HOURS)} "
            )
            sys.stderr.flush()
        yield horizon_hours
    if is_seen:
        sys.stderr.write("\n")


def _groups(walked: Sequence[Walked]) -> list[ForecastColumns]:
    """Put longs and shorts of each coin apart."""
    return [each.columns(positions=_of_side(side)) for each in walked for side in SIDES]


def _of_side(side: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([each.side == side for each in POSITIONS])


def _crashes(walked: Sequence[Walked], rival: Sequence[Walked]) -> Iterator[CrashRow]:
    for (first_day, last_day), side in product(CRASHES, SIDES):
        start_ns, end_ns = parse_ns(first_day), parse_ns(last_day) + DAY_NS
        said, seen, closed = 0.0, 0, 0.0
        count = 0
        for mine, other in zip(walked, rival, strict=True):
            hours = (mine.start_ns >= start_ns) & (mine.start_ns < end_ns)
            own = totals(mine.columns(hours, _of_side(side)))
            said += own.predicted_count
            seen += own.observed_count
            count += own.forecasts_count
            closed += totals(other.columns(hours, _of_side(side))).predicted_count
        if count:
            yield CrashRow(
                first_day=first_day,
                last_day=last_day,
                horizon_hours=walked[0].horizon_hours,
                is_long=side == "fall",
                forecasts_count=count,
                predicted_frac=said / count,
                closed_form_frac=closed / count,
                observed_frac=seen / count,
            )


def _heading(found: Backtest) -> str:
    return (
        f"Longs and shorts of {', '.join(found.subjects)} at 5, 10 and 20 times, entered every "
        f"hour from {format_ns(found.start_ns)} to {format_ns(found.end_ns)}; each chance from "
        "what was known at its hour"
    )
