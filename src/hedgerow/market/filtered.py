"""How far will a price range? A forecast at every hour, made of what was known at that hour.

`HourBars` of some prices and a horizon enter. A `FilteredPast` of each leaves: at every hour the
range expected over the horizon, and how far the price then fell and rose. Divided by what was
expected, falls and rises of calm and of wild times can be told together ("filtered history").

The forecast is a regression of the log range on the logs of four averages of variance with half
lives of 4 hours, a day, a week and a month (HAR), after the usual shape of the week has been taken
out. What is estimated (regression and week) is estimated anew at the start of each month (UTC), on
windows that were over by then; all prices share one regression, each has its own week. Nothing at
an hour depends on a bar that closes later.

References
----------
F. Corsi (2009), A simple approximate long-memory model of realized volatility, J. Financial
Econometrics 7. S. Alizadeh, M. Brandt, F. Diebold (2002), Range-based estimation of stochastic
volatility models, J. Finance 57. M. Parkinson (1980), The extreme value method for estimating the
variance of the rate of return, J. Business 53. G. Barone-Adesi, K. Giannopoulos, L. Vosper (1999),
VaR without correlations for portfolios of derivative securities, J. Futures Markets 19.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.market.hour_bars import HourBars
from hedgerow.units import HOUR_NS

__all__ = ["HALF_LIVES_HOURS", "FilteredPast", "ewma_variance", "filtered_pasts", "month_starts"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

HALF_LIVES_HOURS: Final = (4.0, 24.0, 168.0, 720.0)

_WEEK: Final = 168
_MONDAY_HOURS: Final = 72  # 1970 began on a Thursday
_LEVEL_HALF_LIFE_HOURS: Final = 168.0  # against which an hour of the week is high or low
_SHAPE_HOURS: Final = 730 * 24  # of which the shape of the week is made
_SHAPE_COUNT_MIN: Final = 60 * 24
_WINDOWS_COUNT_MIN: Final = 180 * 24  # fewer, and there is no regression yet
_HOLE_HOURS: Final = 24  # after a longer hole averages are of another time ...
_FRESH_COUNT: Final = 48  # ... until so many bars have been seen again


@dataclass(frozen=True, slots=True, eq=False)
class FilteredPast:
    """Item i of `time_ns` and `range_log` is one hour at which there is a forecast.

    The last of them is the moment at which the last bar closes, where a forecast could be made
    then: it is the one for the time to come. Outcomes are known only of windows without a hole
    that are over; item j of `fall_log` and `rise_log` is that of hour ``outcome_index[j]``.

    Attributes
    ----------
    range_log
        Geometric mean expected of ln(highest / lowest) over the horizon, positive.
    fall_log
        ln(price at the start / lowest over the horizon), not negative.
    rise_log
        ln(highest over the horizon / price at the start), not negative.
    """

    subject: str
    horizon_hours: int
    time_ns: Integers
    range_log: Floats
    outcome_index: Integers
    fall_log: Floats
    rise_log: Floats

    def __post_init__(self) -> None:
        for name in ("time_ns", "range_log", "outcome_index", "fall_log", "rise_log"):
            column = np.array(getattr(self, name))
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        assert self.time_ns.shape == self.range_log.shape
        assert self.outcome_index.shape == self.fall_log.shape == self.rise_log.shape


def filtered_pasts(bars: Sequence[HourBars], horizon_hours: int) -> tuple[FilteredPast, ...]:
    """Forecast the range at every hour of every price, and say what came of it.

    Hours without a forecast are left out: before half a year of windows is over, and within two
    days after a hole of more than a day.

    Raises
    ------
    OutOfDomain
        If there are no bars, or the horizon is less than an hour.
    """
    if not bars:
        raise OutOfDomain("a forecast needs the bars of at least one price")
    if horizon_hours < 1:
        raise OutOfDomain(f"horizon_hours must be 1 or more, was {horizon_hours}")
    laid = [_laid_out(each, horizon_hours) for each in bars]
    first = min(int(each.months[0]) for each in laid)
    last = max(int(each.months[-1]) for each in laid)
    coefficients = _coefficients(laid, horizon_hours, first, last)
    return tuple(
        _past(each.subject, rows, horizon_hours, coefficients, first)
        for each, rows in zip(bars, laid, strict=True)
    )


def ewma_variance(
    bars: HourBars, time_ns: Integers, half_life_hours: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Average squared hourly log returns, each weighted by its age: the simplest filter.

    Returns
    -------
    variance : ndarray, per hour
        Known at each of the times. Holes are passed over.
    is_known : ndarray of bool
        False, with a variance of no meaning, where no return was known yet.
    """
    hours = bars.open_ns // HOUR_NS
    step = np.diff(np.log(bars.price_close_usd))
    squares = step[np.diff(hours) == 1] ** 2
    known_at_ns = bars.open_ns[1:][np.diff(hours) == 1] + HOUR_NS
    average = _smoothed(squares, half_life_hours)
    seen = np.searchsorted(known_at_ns, time_ns, side="right")
    return np.where(seen > 0, average[seen], 1.0), seen > 0


def month_starts(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """Give the months (UTC) that reach into [start_ns, end_ns): when each starts and ends."""
    months = _months(np.array([start_ns, end_ns - 1]) // HOUR_NS)
    for month in range(int(months[0]), int(months[1]) + 1):
        yield _month_hour(month) * HOUR_NS, _month_hour(month + 1) * HOUR_NS


class _Rows(NamedTuple):
    """One price on a grid of hours without holes; the last row is when the last bar closes."""

    hours: Integers  # since 1970
    months: Integers  # since 1970
    features: Floats  # (rows, 1 + half lives); NaN inside this module means unknown
    week_log: Floats  # half the log of how busy the hours of the window usually are
    fall_log: Floats
    rise_log: Floats


def _laid_out(bars: HourBars, horizon_hours: int) -> _Rows:
    at = bars.open_ns // HOUR_NS
    hours = np.arange(at[0], at[-1] + 2)
    months = _months(hours)
    variance = np.log(bars.price_high_usd / bars.price_low_usd) ** 2 / (4.0 * np.log(2.0))
    shapes = _shapes(at, variance, int(months[0]), int(months[-1]))
    week = (hours + _MONDAY_HOURS) % _WEEK
    busy = shapes[months - months[0], week]
    seen = np.searchsorted(at, hours)  # how many bars are over at each hour
    calm = variance / busy[at - at[0]]
    averages = np.stack([_smoothed(calm, each)[seen] for each in HALF_LIVES_HOURS], axis=1)
    is_row = np.isin(hours, np.append(at, hours[-1]))
    is_forecast = is_row & _is_fresh(at, hours, seen) & (averages > 0.0).all(axis=1)
    logs = np.log(np.where(is_forecast[:, None], averages, 1.0))
    features = np.where(is_forecast[:, None], np.insert(logs, 0, 1.0, axis=1), np.nan)
    ahead = _ahead(shapes, horizon_hours)[months - months[0], week]
    fall_log, rise_log = _excursions(bars, at, hours, horizon_hours)
    return _Rows(hours, months, features, 0.5 * np.log(ahead), fall_log, rise_log)


def _smoothed(values: Floats, half_life_hours: float) -> Floats:
    """Give the weighted mean of the first n values for each n; NaN for none of them."""
    decay = 0.5 ** (1.0 / half_life_hours)
    totals = accumulate(values.tolist(), lambda total, value: decay * total + value)
    total = np.fromiter(totals, np.float64, values.size)
    weight = (1.0 - decay ** np.arange(1.0, values.size + 1.0)) / (1.0 - decay)
    return np.insert(total / weight, 0, np.nan)


def _is_fresh(at: Integers, hours: Integers, seen: Integers) -> NDArray[np.bool_]:
    """Say at which rows enough bars have been seen since the last long hole."""
    holes = np.append(True, np.diff(at) > _HOLE_HOURS + 1)
    began = np.maximum.accumulate(np.where(holes, np.arange(at.size), 0))
    last = np.maximum(seen - 1, 0)
    is_in_hole = hours - at[last] > _HOLE_HOURS + 1
    return np.asarray((seen - began[last] >= _FRESH_COUNT) & ~is_in_hole)


def _shapes(at: Integers, variance: Floats, first: int, last: int) -> Floats:
    """Give how busy each hour of the week is, by month: mean one, from the two years before it."""
    level = _smoothed(variance, _LEVEL_HALF_LIFE_HOURS)[:-1]
    is_known = (variance > 0.0) & np.isfinite(level) & (level > 0.0)
    at_known = at[is_known]
    logs = np.log(variance[is_known] / level[is_known])
    week = (at_known + _MONDAY_HOURS) % _WEEK
    shapes = np.ones((last - first + 1, _WEEK))
    for month in range(first, last + 1):
        end = _month_hour(month)
        part = slice(*np.searchsorted(at_known, (end - _SHAPE_HOURS, end)))
        if logs[part].size < _SHAPE_COUNT_MIN:
            continue
        off = logs[part] - logs[part].mean()
        of_day = _means(week[part] % 24, off, 24)
        of_week = _means(week[part] // 24, off, 7)
        busy = np.exp(of_week[:, None] + of_day).ravel()
        shapes[month - first] = busy / busy.mean()
    return shapes


def _means(groups: Integers, values: Floats, count: int) -> Floats:
    sums = np.bincount(groups, weights=values, minlength=count)
    return np.asarray(sums / np.maximum(np.bincount(groups, minlength=count), 1))


def _ahead(shapes: Floats, horizon_hours: int) -> Floats:
    """Give the mean of a shape over the hours from each hour of the week on, by month."""
    weeks, rest = divmod(horizon_hours, _WEEK)
    sums = np.cumsum(np.insert(np.tile(shapes, (1, 2)), 0, 0.0, axis=1), axis=1)
    part = sums[:, rest : rest + _WEEK] - sums[:, :_WEEK]
    return np.asarray((weeks * shapes.sum(axis=1, keepdims=True) + part) / horizon_hours)


def _excursions(
    bars: HourBars, at: Integers, hours: Integers, horizon_hours: int
) -> tuple[Floats, Floats]:
    grid = np.full((3, hours.size + horizon_hours - 1), np.nan)
    for row, column in zip(
        grid, (bars.price_open_usd, bars.price_low_usd, bars.price_high_usd), strict=True
    ):
        row[at - at[0]] = np.log(column)
    start = grid[0, : hours.size]
    # A hole anywhere in a window makes its extremes NaN: a breach may hide in it.
    lowest = sliding_window_view(grid[1], horizon_hours).min(axis=1)
    highest = sliding_window_view(grid[2], horizon_hours).max(axis=1)
    return start - lowest, highest - start


def _coefficients(laid: Sequence[_Rows], horizon_hours: int, first: int, last: int) -> Floats:
    """Regress on windows that are over, month by month; NaN while they are too few."""
    width = 1 + len(HALF_LIVES_HOURS)
    gram = np.zeros((last - first + 1, width, width))
    moment = np.zeros((last - first + 1, width))
    count = np.zeros(last - first + 1, dtype=np.int64)
    for rows in laid:
        extent = rows.fall_log + rows.rise_log
        is_used = np.isfinite(rows.features).all(axis=1) & (extent > 0.0)
        X = rows.features[is_used]
        y = np.log(extent[is_used]) - rows.week_log[is_used]
        # A window serves from the first month on that starts when it is over, or later.
        serves = _months(rows.hours[is_used] + horizon_hours - 1) + 1 - first
        for month in range(min(last - first, int(serves.max(initial=-1))) + 1):
            part = slice(*np.searchsorted(serves, (month, month + 1)))
            gram[month] += X[part].T @ X[part]
            moment[month] += X[part].T @ y[part]
            count[month] += y[part].size
    gram, moment, count = gram.cumsum(axis=0), moment.cumsum(axis=0), count.cumsum()
    found = np.full((last - first + 1, width), np.nan)
    for month in np.flatnonzero(count >= _WINDOWS_COUNT_MIN).tolist():
        found[month] = np.linalg.lstsq(gram[month], moment[month])[0]
    return found


def _past(
    subject: str, rows: _Rows, horizon_hours: int, coefficients: Floats, first: int
) -> FilteredPast:
    log_range = (rows.features * coefficients[rows.months - first]).sum(axis=1) + rows.week_log
    is_forecast = np.isfinite(log_range)
    fall_log, rise_log = rows.fall_log[is_forecast], rows.rise_log[is_forecast]
    is_over = np.isfinite(fall_log) & np.isfinite(rise_log)
    return FilteredPast(
        subject=subject,
        horizon_hours=horizon_hours,
        time_ns=rows.hours[is_forecast] * HOUR_NS,
        range_log=np.exp(log_range[is_forecast]),
        outcome_index=np.flatnonzero(is_over),
        fall_log=fall_log[is_over],
        rise_log=rise_log[is_over],
    )


def _months(hours: Integers) -> Integers:
    return hours.astype("datetime64[h]").astype("datetime64[M]").astype(np.int64)


def _month_hour(month: int) -> int:
    return int(np.datetime64(month, "M").astype("datetime64[h]").astype(np.int64))
