"""Time several ways of doing one thing against each other, and lay the figures out.

All ways run in turn, again and again. A figure is a median, and a ratio is the median of the ratios
of neighbours, so that a machine that is slow for a while is slow for all. Times are processor time:
waiting for others on a busy core is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time

ROUNDS_COUNT = 15
CONDITIONS = f"one core, processor time, median of {ROUNDS_COUNT}"

Result = dict[str, object]


@dataclass(frozen=True)
class Way:
    """One way of doing it: the work, how many elements it does, how often in a round."""

    work: Callable[[], object]
    elements_count: int
    repeats_count: int = 1


def took_s(work: Callable[[], object], repeats_count: int) -> float:
    """Give the processor time of one of some repeats."""
    begun = process_time()
    for _ in range(repeats_count):
        work()
    return (process_time() - begun) / repeats_count


def interleaved(ways: dict[str, Way]) -> dict[str, list[float]]:
    """Run all in turn, round after round; nanoseconds of one element each."""
    for way in ways.values():
        way.work()  # whatever a first call has to do
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS_COUNT):
        for name, way in ways.items():
            each = took_s(way.work, way.repeats_count) / way.elements_count
            rounds[name].append(each * 1e9)
    return rounds


def ratio(slow: Sequence[float], quick: Sequence[float]) -> float:
    """Give how many times quicker, as the median over neighbours."""
    return median(a / b for a, b in zip(slow, quick, strict=True))


def row(name: str, value: float, unit: str, bar: float | None, note: str) -> Result:
    """Give one result in the shape of all benchmarks; more is better only of a ratio."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "better": "higher" if unit == "×" else "lower",
        "bar": bar,
        "note": note,
    }
