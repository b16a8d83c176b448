"""What ``hedgerow hedge vol-target`` does: an isolated leg, or an account by its venue's rules.

The size that a vol wants is capped where a liquidation within the horizon would be likelier than
allowed. Of an account every position is scaled at its mark, balances standing still; the venue's
own engine says how far the scaled account is from breaking, and limits say how likely that is.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.app.asked import show
from hedgerow.app.holding_asks import VolTargetAsked
from hedgerow.app.options import Source
from hedgerow.app.portfolio_model import MODEL_FILE, packaged_degrees_count, packaged_tails
from hedgerow.app.scaled_account import Unscalable, scaled_account
from hedgerow.app.terms import time_ns
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import Failure, Outcome, OutOfDomain, RequestRejected
from hedgerow.hedging.structures import (
    LeverageCap,
    VolEstimates,
    VolTarget,
    fast_slow_vols,
    isolated_liquidation_frac,
    leverage_cap,
    target_weight_frac,
    targeted,
)
from hedgerow.limits import tailed_passage_frac
from hedgerow.reporting import builtins_of
from hedgerow.reporting.vol_targets import (
    TargetWalk,
    VolTargetShown,
    vol_target_svg,
    vol_target_tables,
)
from hedgerow.units import HOUR_NS, YEAR_HOURS, format_ns
from hedgerow.venues.recordings import read_mark_hours

__all__ = ["show_vol_target"]

_FAST_HOURS, _SLOW_HOURS, _WARM_COUNT, _READ_COUNT = 24.0, 480.0, 240, 8_760
_DRAWN_COUNT = 41
Chances = Callable[[float], float]


def show_vol_target(
    source: Source, asked: VolTargetAsked, *, plot: Path | None, as_json: bool
) -> int:
    """Print the size that is wanted and allowed; draw the chance of a liquidation over size.

    Raises
    ------
    RequestRejected, RecordingRejected, DeskRejected
        If something it needs is missing, or cannot be meant.
    """
    if plot is not None:
        check_plot(plot)
    if asked.target_vol_frac <= 0.0 or asked.horizon_days <= 0.0:
        raise RequestRejected("--target and --horizon-days must be positive")
    try:
        if asked.account is None:
            if any(each is not None for each in source):
                raise RequestRejected("a desk, --data, --at and --seed go with --account")
            shown, chance, top = _isolated(asked)
        else:
            shown, chance, top = scaled_account(source, asked, asked.account, _capped)
        if plot is not None:
            sizes = np.linspace(0.0, top, _DRAWN_COUNT).tolist()
            chances = [chance(each) for each in sizes]
            write_plot(plot, vol_target_svg(shown, sizes, chances), as_json=as_json)
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad
    except Unscalable as unknown:
        raise RequestRejected(f"--plot: {unknown.failure.message}") from unknown
    show(builtins_of(shown), vol_target_tables(shown), as_json=as_json)
    return status(
        [f"the cap is unknown: {shown.cap.message}"] if isinstance(shown.cap, Failure) else [],
        is_quiet=as_json,
    )


def _capped(chance: Chances, asked: VolTargetAsked, size_max: float) -> Outcome[LeverageCap]:
    return leverage_cap(chance, allowed_frac=asked.allowed_frac, leverage_frac_max=size_max)


def _isolated(asked: VolTargetAsked) -> tuple[VolTargetShown, Chances, float]:
    vol, source, past = _vol(asked)
    used = max(vol, asked.vol_min_frac)
    if used <= 0.0:
        raise RequestRejected("--vol 0% with --vol-min 0%: of what never moves no size is told")
    years = asked.horizon_days / 365.0
    tails = None if asked.is_lognormal else packaged_tails()
    chance = partial(_isolated_chance, asked, used, years)
    target = VolTarget(
        vol_frac=asked.target_vol_frac,
        leverage_frac_max=asked.leverage_max_frac,
        vol_frac_min=asked.vol_min_frac,
        band_frac=asked.band_frac,
    )
    wanted = target_weight_frac(target, vol_frac=vol)
    cap = _capped(chance, asked, asked.leverage_max_frac)
    size = None if isinstance(cap, Failure) else min(wanted, cap.leverage_frac)
    side = "short" if asked.is_short else "long"
    shown = VolTargetShown(
        subject=f"An isolated {side} leg, maintenance {100 * asked.maintenance_frac:g} %",
        unit="leverage",
        target_vol_frac=asked.target_vol_frac,
        vol_frac=vol,
        vol_used_frac=used,
        vol_source=source,
        wanted_frac=wanted,
        cap=cap,
        allowed_frac=asked.allowed_frac,
        horizon_days=asked.horizon_days,
        size_frac=size,
        walked=None if past is None else _walked(past, target, is_short=asked.is_short),
        vol_then_frac=None if size is None else size * used,
        chance_wanted_frac=chance(wanted),
        chance_then_frac=None if size is None else chance(size),
        market="Liquidation by first passage of the price, "
        + ("at one constant vol and without jumps: far too mild."
           if tails is None else f"with {tails} ({MODEL_FILE}).")
        + " Size is notional over the equity posted; funding is not counted.",
    )  # fmt: skip
    return shown, chance, min(asked.leverage_max_frac, 2.0 * max(wanted, size or 0.0))


def _isolated_chance(
    asked: VolTargetAsked, vol_frac: float, years: float, leverage_frac: float
) -> float:
    """Give the chance that an isolated leg of some leverage is liquidated."""
    tailed = partial(tailed_passage_frac, packaged_tails(), float(packaged_degrees_count()))
    return isolated_liquidation_frac(
        leverage_frac,
        side="rise" if asked.is_short else "fall",
        maintenance_frac=asked.maintenance_frac,
        vol_frac=vol_frac,
        horizon_years=years,
        passage_frac=None if asked.is_lognormal else tailed,
    )


class _Past(NamedTuple):
    """Hours in a row, and the vol expected of each from those before it."""

    returns_log: NDArray[np.float64]
    vols: VolEstimates


def _walked(past: _Past, target: VolTarget, *, is_short: bool) -> TargetWalk | None:
    """Hold to the target through the past; None where it is all taken to warm up."""
    path = targeted(past.returns_log, past.vols, target, signal_frac=-1.0 if is_short else 1.0)
    count = len(path.earned_frac)
    if not count:
        return None
    sizes = np.abs(path.weight_frac)
    return TargetWalk(
        hours_count=count,
        vol_frac=float(np.sqrt(np.mean(path.earned_frac**2) * YEAR_HOURS)),
        size_min_frac=float(sizes.min()),
        size_max_frac=float(sizes.max()),
        traded_frac_per_year=float(np.sum(path.traded_frac[1:])) * YEAR_HOURS / count,
    )


def _vol(asked: VolTargetAsked) -> tuple[float, str, _Past | None]:
    if (asked.vol_frac is None) == (asked.marks is None):
        raise RequestRejected("--vol, --marks or --account: one of them says what moves how much")
    if asked.vol_frac is not None:
        return asked.vol_frac, "as was told", None
    assert asked.marks is not None
    bars = read_mark_hours(asked.marks, f"{asked.coin}USDT")
    last = len(bars.open_ns)
    if asked.until is not None:
        last = int(np.searchsorted(bars.open_ns + HOUR_NS, time_ns(asked.until, "--marks-until"),
                                   side="right"))  # fmt: skip
    first = max(0, last - _READ_COUNT)
    opens, close = bars.open_ns[first:last], bars.price_close_usd[first:last]
    # From the last hole on: a step over a hole would be the move of more than an hour.
    holes = np.flatnonzero(np.diff(opens) != HOUR_NS)
    start = int(holes[-1]) + 1 if len(holes) else 0
    returns = np.diff(np.log(close[start:]))
    if len(returns) < _WARM_COUNT:
        raise RequestRejected(
            f"--marks: {len(returns)} hours in a row, and {_WARM_COUNT} are needed"
        )
    vols = fast_slow_vols(
        returns,
        fast_half_life_count=_FAST_HOURS,
        slow_half_life_count=_SLOW_HOURS,
        periods_count_per_year=YEAR_HOURS,
        warm_count=_WARM_COUNT,
    )
    told = (
        f"the larger of hourly averages with half-lives of 1 and 20 days, of "
        f"{asked.coin} until {format_ns(int(opens[-1]) + HOUR_NS)}"
    )
    return float(vols.vol_frac[-1]), told, _Past(returns, vols)
