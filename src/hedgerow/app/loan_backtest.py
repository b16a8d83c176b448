"""What ``hedgerow solvency backtest loans`` does: alarms over recorded accounts that did break."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hedgerow.app.asked import show
from hedgerow.app.loan_tracks import LoanTrack, read_loan_tracks
from hedgerow.app.routes import read_routes
from hedgerow.errors import OutOfDomain, RequestRejected
from hedgerow.reporting import builtins_of
from hedgerow.reporting.alarms import AlarmView, alarm_tables
from hedgerow.solvency import (
    Regime,
    Volatility,
    alarm_record,
    breach_frac,
    threshold_of_equal_rate,
    transit_s,
    transit_time,
)

__all__ = ["show_loan_backtest"]

_LOOK_S = 3_600.0
# The 99th percentile of a heavy tail beside failures: a fiftieth of that many is off by a quarter.
_DRAWS_COUNT = 1_000_000
_DRAW_SEED = 7
_THRESHOLDS_FRAC = tuple(1.0 + 0.0025 * step for step in range(1, 201))


def show_loan_backtest(
    data: Path,
    *,
    route: str,
    volatility: Volatility,
    fee_quintile_index: int,
    breach_frac_max: float,
    as_json: bool,
) -> int:
    """Print falls and leads of the alarm by probability, and of a fixed health as often false.

    Raises
    ------
    RequestRejected
        If there is no such route, or it fails more often than one in a hundred.
    """
    book = read_routes(None)
    regime = Regime(volatility=volatility, fee_quintile_index=fee_quintile_index)
    try:
        taken = book.route(route)
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad
    rng = np.random.Generator(np.random.Philox(_DRAW_SEED))
    p99 = transit_time(transit_s(book, taken, regime, count=_DRAWS_COUNT, rng=rng), 0.99)
    if p99.time_s is None:
        raise RequestRejected(
            f"{route} fails in more than one in a hundred rescues of {regime.name}, so that no "
            "time is enough; take another route or regime"
        )
    found = read_loan_tracks(data)
    tracks = [each.track for each in found]
    needed_hours = p99.time_s / _LOOK_S
    # One looks once an hour: what breaks before the next look and its rescue must be seen now.
    alarms = [_alarm(each, p99.time_s + _LOOK_S, breach_frac_max) for each in found]
    model = alarm_record(tracks, alarms, needed_hours=needed_hours)
    threshold = threshold_of_equal_rate(
        tracks, _THRESHOLDS_FRAC, false_alarms_count_max=model.false_alarms_count
    )
    fixed = None
    if threshold is not None:
        below = [
            np.where(track.is_known, track.health_frac, np.inf) < threshold for track in tracks
        ]
        fixed = alarm_record(tracks, below, needed_hours=needed_hours)
    view = AlarmView(
        route=route,
        regime=regime.name,
        p99_s=p99.time_s,
        breach_frac_max=breach_frac_max,
        model=model,
        threshold_frac=threshold,
        fixed=fixed,
        times=_times(found),
        unknown_frac={
            each.track.account_id: float(np.mean(~each.track.is_known)) for each in found
        },
    )
    payload = {
        "route": route,
        "regime": regime.name,
        "p99_s": p99.time_s,
        "breach_frac_max": breach_frac_max,
        "model": builtins_of(model),
        "threshold_frac": threshold,
        "fixed": None if fixed is None else builtins_of(fixed),
        "unknown_frac": view.unknown_frac,
        "times": {f"{account} {hour}": at for (account, hour), at in view.times.items()},
    }
    show(payload, alarm_tables(view), as_json=as_json)
    return 0


def _alarm(each: LoanTrack, horizon_s: float, breach_frac_max: float) -> NDArray[np.bool_]:
    """Say in which hours the chance of a breach within the horizon is more than is wanted."""
    health, vol = each.track.health_frac, each.vol_frac
    on = np.zeros(len(health), dtype=np.bool_)
    for hour in np.flatnonzero(np.isfinite(health) & np.isfinite(vol)):
        distance = max(0.0, float(np.log(health[hour])))
        on[hour] = float(breach_frac(distance, float(vol[hour]), horizon_s)) > breach_frac_max
    return on


def _times(found: list[LoanTrack]) -> dict[tuple[str, int], str]:
    return {
        (each.track.account_id, hour): f"{each.hours[hour]:%Y-%m-%d %H:%M}"
        for each in found
        for hour in np.flatnonzero(each.track.is_broken).tolist()
    }
