"""The forecast again, bar by bar in plain Python as the module's docstring tells it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import exp, log

import numpy as np
import pytest

from hedgerow.market import HourBars, filtered_pasts
from hedgerow.units import HOUR_NS, SECOND_NS, parse_ns
from tests.rooms.market.walks import walk

HALF_LIVES = (4, 24, 168, 720)


def month(hour: int) -> tuple[int, int]:
    day = datetime.fromtimestamp(hour * 3_600, UTC)
    return day.year, day.month


def first_hour(of: tuple[int, int]) -> int:
    return int(datetime(*of, 1, tzinfo=UTC).timestamp()) // 3_600


def weekday_and_hour(hour: int) -> tuple[int, int]:
    day = datetime.fromtimestamp(hour * 3_600, UTC)
    return day.weekday(), day.hour


class Means:
    """Averages of all values so far, each weighted by its age in bars."""

    def __init__(self, half_life: int) -> None:
        self.decay = 0.5 ** (1 / half_life)
        self.total = self.weight = 0.0

    def add(self, value: float) -> None:
        self.total = self.decay * self.total + value
        self.weight = self.decay * self.weight + 1.0

    def mean(self) -> float | None:
        return self.total / self.weight if self.weight else None


class Price:
    """Everything about one price, as lists."""

    def __init__(self, bars: HourBars) -> None:
        self.hours = (bars.open_ns // HOUR_NS).tolist()
        self.opens, self.lows, self.highs = (
            column.tolist()
            for column in (bars.price_open_usd, bars.price_low_usd, bars.price_high_usd)
        )
        self.variances = [
            log(high / low) ** 2 / (4 * log(2))
            for high, low in zip(self.highs, self.lows, strict=True)
        ]
        self.ratios: list[tuple[int, float]] = []
        level = Means(168)
        for hour, variance in zip(self.hours, self.variances, strict=True):
            if (mean := level.mean()) is not None:
                self.ratios.append((hour, log(variance / mean)))
            level.add(variance)
        self.shapes: dict[tuple[int, int], list[float]] = {}
        self.rows: dict[int, dict[int, tuple[list[float], float, float | None]]] = {}

    def of_week(self, of: tuple[int, int]) -> list[float]:
        """How busy each hour of the week, from Monday on, was in the two years before a month."""
        if of not in self.shapes:
            end = first_hour(of)
            used = [
                (*weekday_and_hour(at), ratio)
                for at, ratio in self.ratios
                if end - 730 * 24 <= at < end
            ]
            week = [(day, hour) for day in range(7) for hour in range(24)]
            if len(used) < 60 * 24:
                self.shapes[of] = [1.0] * 168
            else:
                mean = np.mean([ratio for *_, ratio in used])
                days = [np.mean([r - mean for d, _, r in used if d == n]) for n in range(7)]
                hours = [np.mean([r - mean for _, h, r in used if h == n]) for n in range(24)]
                raw = [exp(days[d] + hours[h]) for d, h in week]
                self.shapes[of] = [value * 168 / sum(raw) for value in raw]
        return self.shapes[of]

    def lay_out(self, horizon: int) -> None:
        """By hour: features, half log of how busy the window is, log of its range if known."""
        found: dict[int, tuple[list[float], float, float | None]] = {}
        self.rows[horizon] = found
        means = [Means(half_life) for half_life in HALF_LIVES]
        at = {hour: index for index, hour in enumerate(self.hours)}
        began = 0
        for index, hour in enumerate(self.hours):
            if index and hour - self.hours[index - 1] > 25:
                began = index
            of = month(hour)
            busy = self.of_week(of)
            if index - began >= 48:
                features = [1.0, *(log(each.mean() or 0.0) for each in means)]
                ahead = [busy[(hour + 72 + n) % 168] for n in range(horizon)]
                window = [at.get(hour + n) for n in range(horizon)]
                extent = None
                if None not in window:
                    low = min(self.lows[n] for n in window if n is not None)
                    high = max(self.highs[n] for n in window if n is not None)
                    extent = log(high / low)
                found[hour] = features, 0.5 * log(sum(ahead) / horizon), extent
            for each in means:
                each.add(self.variances[index] / busy[(hour + 72) % 168])


def forecast(prices: Sequence[Price], which: int, horizon: int, hour: int) -> float:
    """Give the range expected at an hour, from a regression on windows over by its month."""
    end = first_hour(month(hour))
    every = [price.rows[horizon] for price in prices]
    used = [
        (features, log(extent) - week)
        for rows in every
        for begun, (features, week, extent) in rows.items()
        if extent is not None and begun + horizon <= end
    ]
    X, y = np.array([each for each, _ in used]), np.array([each for _, each in used])
    beta = np.linalg.lstsq(X, y)[0]
    features, week, _ = every[which][hour]
    return exp(float(np.dot(features, beta)) + week)


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [1, 30, 200])
def test_the_forecast_is_what_the_docstring_says(horizon: int) -> None:
    start_ns = parse_ns("2021-03-03")
    calm = walk("A", start_ns, 260, seed=31, busy_hour=14)
    storm = walk("B", start_ns, 250, seed=32, vol_hour=0.01)
    # Weekends are calm, a month is wild, and bars are missing: one, and thirty.
    hours = (calm.open_ns - start_ns) // HOUR_NS
    weekday = (calm.open_ns // (24 * HOUR_NS) + 3) % 7
    scale = np.where(weekday >= 5, 0.4, 1.0) * np.where((hours > 4_000) & (hours < 4_700), 2.5, 1.0)
    middle = np.sqrt(calm.price_high_usd * calm.price_low_usd)
    kept = (hours != 3_000) & ~((hours >= 3_300) & (hours < 3_330))
    one = HourBars(
        "A",
        calm.open_ns[kept],
        middle[kept],
        (middle * (calm.price_high_usd / middle) ** scale)[kept],
        (middle * (calm.price_low_usd / middle) ** scale)[kept],
        middle[kept],
    )
    bars = [one, storm]
    prices = [Price(each) for each in bars]
    for each in prices:
        each.lay_out(horizon)
    for which, past in enumerate(filtered_pasts(bars, horizon)):
        assert past.time_ns.size > 700
        at = (past.time_ns // HOUR_NS).tolist()
        for row in (0, len(at) // 2, len(at) - 2):
            expected = forecast(prices, which, horizon, at[row])
            assert past.range_log[row] == pytest.approx(expected, rel=1e-9)
        # The first forecast is of the first month with half a year of windows behind it.
        assert datetime.fromtimestamp(past.time_ns[0] / SECOND_NS, UTC).day == 1
