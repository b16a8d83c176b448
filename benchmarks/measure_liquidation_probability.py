"""Measure how chances of liquidation hold, and how those of other ways would have.

What ``hedgerow solvency backtest perps`` prints, as figures with their bars; beside it, without a
bar, the same hours and positions by other ways: the closed form on averages of squared returns with
other half lives, a filtered past without groups by weather, with a longer memory or without shared
history, and GJR-GARCH with Student-t shocks. ``--chosen`` shows the years 2020 to 2022, on spot,
on which the way was chosen; none of them is judged by the command.
Expected cost: four horizons at 3 s, and as much for each of five other ways; the simulated paths of
ten fits at 24 levels, 4,000 paths and 168 hours are 160 million steps, ten seconds: a minute and a
half.

Run ``python benchmarks/measure_liquidation_probability.py --json``; the recordings lie in
``../shared/data``, or where ``--data`` says.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from garch_paths import garch_chances

from hedgerow.app.liquidation_backtest import (
    HOLDING_FRAC_MIN,
    HORIZONS_HOURS,
    POSITIONS,
    TOTAL_RATIO_FRAC_MAX,
    Histories,
    backtest,
    read_histories,
)
from hedgerow.errors import Failure
from hedgerow.market import filtered_pasts
from hedgerow.solvency import (
    GROUPS_FRAC,
    MEMORY_DAYS,
    SIDES,
    Calibration,
    ForecastColumns,
    Walked,
    calibrated,
    closed_form,
    holding_frac,
    walked_forward,
)
from hedgerow.units import DAY_NS, HOUR_NS, parse_ns

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CHOSEN = ("2020-01-01", "2023-01-01")
_EVER_DAYS = 36_500.0
_WHOLE = (0.0, 1.0)
# Name, memory in days, groups, and whether coins share their history.
FILTERED: Mapping[str, tuple[float, Sequence[float], bool]] = {
    "filtered": (MEMORY_DAYS, GROUPS_FRAC, True),
    "no_groups": (MEMORY_DAYS, _WHOLE, True),
    "memory_4y": (4 * 365.0, GROUPS_FRAC, True),
    "memory_all": (_EVER_DAYS, GROUPS_FRAC, True),
    "memory_all_no_groups": (_EVER_DAYS, _WHOLE, True),
    "each_coin_alone": (MEMORY_DAYS, GROUPS_FRAC, False),
}
HALF_LIVES_DAYS = {"closed_1d": 1.0, "closed_3d": 3.0}


def chosen_on(histories: Histories) -> Histories:
    """Give the years before the perpetuals, whose history is spot; half a year of it teaches."""
    start_ns, end_ns = (parse_ns(each) for each in CHOSEN)
    bars = tuple(each.between(0, end_ns) for each in histories.bars)
    since_ns = {each.subject: max(start_ns, int(each.open_ns[0]) + 180 * DAY_NS) for each in bars}
    return Histories(bars, since_ns)


def ways(histories: Histories, horizon_hours: int) -> Iterator[tuple[str, Calibration]]:
    """Judge each way at one horizon, against the closed form with a daily decay of 0.94."""
    pasts = filtered_pasts(histories.bars, horizon_hours)
    first: tuple[Walked, ...] = ()
    rival: list[ForecastColumns] = []
    for name, (memory_days, groups_frac, is_shared) in FILTERED.items():
        walked = walked_forward(
            pasts, POSITIONS, since_ns=histories.since_ns, memory_days=memory_days,
            groups_frac=groups_frac, is_shared=is_shared,
        )  # fmt: skip
        if isinstance(walked, Failure):
            print(f"{name}, {horizon_hours} h: {walked.message}", file=sys.stderr)
            continue
        if not first:
            first = walked
            both = list(zip(walked, histories.bars, strict=True))
            rival = _groups([closed_form(each, bars, POSITIONS) for each, bars in both])
            yield "closed_0.94", _judged(rival, rival)
        yield name, _judged(_groups(walked), rival)
    for name, days in HALF_LIVES_DAYS.items():
        other = [
            closed_form(each, bars, POSITIONS, half_life_hours=24.0 * days) for each, bars in both
        ]
        yield name, _judged(_groups(other), rival)
    paths = [garch_chances(each, bars, list(POSITIONS)) for each, bars in both]
    yield "garch_t", _judged(_groups(paths), rival)


def _judged(own: list[ForecastColumns], rival: list[ForecastColumns]) -> Calibration:
    return calibrated(own, rival, rng=np.random.default_rng(7))


def _groups(walked: Sequence[Walked]) -> list[ForecastColumns]:
    return [
        each.columns(positions=np.array([one.side == side for one in POSITIONS]))
        for each in walked
        for side in SIDES
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Chances of liquidation against what came.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    parser.add_argument("--chosen", action="store_true", help="the years before, on spot")
    options = parser.parse_args()
    if not (options.data / "perp_binance").is_dir():
        print(f"no folder perp_binance in {options.data}", file=sys.stderr)
        return 2
    histories = read_histories(options.data)
    if options.chosen:
        histories = chosen_on(histories)
    results = [] if options.chosen else _bars(histories)
    for horizon_hours in HORIZONS_HOURS:
        for name, found in ways(histories, horizon_hours):
            results.append(_other(f"{name}_{horizon_hours}h", found))
    if options.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']}: {each['value']:.5g} (bar {each['bar']}); {each['note']}")
    return 0


def _bars(histories: Histories) -> list[dict[str, object]]:
    started_s = time.process_time()
    found = backtest(histories)
    took_s = time.process_time() - started_s
    every = [each for row in found.calibrations for each in row.bins]
    off = [
        f"{row.horizon_hours} h {each.from_frac:.1%} to {each.to_frac:.1%}"
        for row in found.calibrations
        for each in row.bins
        if not each.holds
    ]
    results = [
        _result(
            "liquidation_bins_holding_frac", holding_frac(every) or 0.0, "1", "higher",
            HOLDING_FRAC_MIN,
            f"{sum(each.holds for each in every)} of {len(every)} bins hold what came in their "
            f"95 % band; not: {', '.join(off) or 'none'}",
        )
    ]  # fmt: skip
    for row in found.calibrations:
        ratio = row.totals.ratio_frac or np.inf
        results += [
            _result(
                f"liquidation_total_factor_{row.horizon_hours}h", max(ratio, 1.0 / ratio), "1",
                "lower", TOTAL_RATIO_FRAC_MAX,
                f"{row.totals.predicted_count:,.0f} predicted, {row.totals.observed_count:,} "
                "observed; the larger over the smaller",
            ),
            _result(
                f"liquidation_gain_log_{row.horizon_hours}h", row.gain_log, "1", "higher", 0.0,
                f"mean log score {row.score_log:.5f} less the closed form's "
                f"{row.rival_score_log:.5f}; {row.gain_low_log:.5f} to {row.gain_high_log:.5f} "
                "with 95 %",
            ),
        ]  # fmt: skip
    hours = (found.end_ns - found.start_ns) // HOUR_NS
    results.append(
        _result(
            "liquidation_backtest_s", took_s, "s", "lower", 120.0,
            f"processor time for {len(found.subjects)} coins, {hours:,} hours, 24 chances an hour",
        )
    )  # fmt: skip
    return results


def _other(name: str, found: Calibration) -> dict[str, object]:
    ratio = found.totals.ratio_frac
    told = "none observed" if ratio is None else f"{ratio:.3f}"
    return _result(
        f"liquidation_score_{name}", found.score_log, "1", "higher", None,
        f"bins {sum(each.holds for each in found.bins)}/{len(found.bins)}, apart "
        f"{found.bins_apart_holding_count}/{found.bins_apart_count}, predicted over observed "
        f"{told}",
    )  # fmt: skip


def _result(
    name: str, value: float, unit: str, better: str, bar: float | None, note: str
) -> dict[str, object]:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "better": better,
        "bar": bar,
        "note": note,
    }


if __name__ == "__main__":
    raise SystemExit(main())
