"""Measure how far the Greeks of the kernels lie from forty digits, and where they lie farthest.

The domain is that of the bar: deviations σ√T from 0.01 to 2, strikes to eight of them from the
forward, a day and more to live, rates from -10 to 30 %, carries from -20 to 30 %, underlyings over
twelve powers of ten; calls and puts, on a forward and on spot. Most points are drawn at random
from a seed, as many again near the forward, where a logarithm cancels; then come all corners.

Value, delta, gamma, vega, rho, vanna and volga are held to 1e-12 of their own size. The others
change sign and are held to 1e-12 of the sum of their absolute terms; so are vanna and volga within
a hundredth of a deviation of the point where d1 or d2 changes sign, which the figures
``*_near_zero`` count apart. Every note says where the worst option is.

Options whose carry moves the forward by more than ten deviations (30 % a year over five years on a
vol of half a per cent) are counted apart too, all Greeks together, in ``greek_error_far_carry``:
the logarithm and the carry are two large numbers there whose sum is small.

The forty digits come from the formulas in ``tests/rooms/pricing/forty_digits.py``;
``formulas_error`` compares these with derivatives of the price itself, taken in seventy digits.

Expected cost: fourteen numbers of forty digits in 0.5 ms an option, 50,000 options: half a minute.
Run ``python benchmarks/measure_accuracy.py --json``; ``--points 2000`` is quicker.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from itertools import product
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

try:
    import mpmath
except ModuleNotFoundError:
    sys.exit("mpmath is missing: make measure installs it, and so does pip install -e '.[dev]'")

from hedgerow.pricing import EuropeanColumns, european_greeks
from tests.rooms.pricing.forty_digits import NAMES, RELATIVE, forty_digits

BAR = 1e-12
DAY_YEARS = 1 / 365
DEVIATIONS = (0.01, 2.0)
REACH = 8.0
FAR_CARRY_DEVIATIONS = 10.0
CALENDAR = {"theta", "charm", "color", "veta"}  # minus the derivative in time to expiry
# How often the price is derived by each Greek: in the underlying, in vol, in time.
ORDERS = {
    "delta": (1, 0, 0), "gamma": (2, 0, 0), "vega": (0, 1, 0), "theta": (0, 0, 1),
    "vanna": (1, 1, 0), "volga": (0, 2, 0), "charm": (1, 0, 1), "speed": (3, 0, 0),
    "zomma": (2, 1, 0), "color": (2, 0, 1), "veta": (0, 1, 1), "ultima": (0, 3, 0),
}  # fmt: skip

Row = tuple[float, float, float, float, float, float, float]


@dataclass(slots=True)
class Worst:
    """The largest error so far, the Greek and the option it belongs to, how many were seen."""

    error: float = 0.0
    name: str = ""
    row: Row | None = None
    count: int = 0

    def add(self, error: float, name: str, row: Row) -> None:
        """Count one number."""
        self.count += 1
        if error > self.error or self.row is None:
            self.error, self.name, self.row = error, name, row


def points(count: int, seed: int) -> list[Row]:
    """Draw options: half over the whole domain, half within a deviation of the forward."""
    rng = np.random.default_rng(seed)
    s = np.exp(rng.uniform(*np.log(DEVIATIONS), count))
    wide = rng.uniform(-REACH, REACH, count)
    near = rng.choice([-1.0, 1.0], count) * 10.0 ** rng.uniform(-12.0, 0.0, count)
    z = np.where(np.arange(count) % 2 == 0, wide, near)
    years = np.exp(rng.uniform(np.log(DAY_YEARS), np.log(5.0), count))
    spot = 10.0 ** rng.uniform(-6.0, 6.0, count)
    rate = rng.uniform(-0.1, 0.3, count)
    any_carry = rng.uniform(-0.2, 0.3, count)
    carry = np.choose(rng.integers(0, 3, count), [np.zeros(count), rate, any_carry])
    sign = rng.choice([-1.0, 1.0], count)
    strike = spot * np.exp(carry * years + z * s)
    columns = (spot, strike, s / np.sqrt(years), years, rate, carry, sign)
    return [tuple(map(float, row)) for row in zip(*columns, strict=True)]  # type: ignore[misc]


def corners() -> list[Row]:
    """Give every corner of the domain, and the middle of every edge of strikes."""
    rows: list[Row] = []
    for s, z, years, rate, carry, sign in product(
        (DEVIATIONS[0], 0.1, DEVIATIONS[1]), (-REACH, -1.0, 0.0, 1.0, REACH),
        (DAY_YEARS, 1.0, 5.0), (-0.1, 0.0, 0.3), (-0.2, 0.0, 0.3), (-1.0, 1.0),
    ):  # fmt: skip
        strike = 60_000.0 * exp(carry * years + z * s)
        rows.append((60_000.0, strike, s / sqrt(years), years, rate, carry, sign))
    return rows


def measure(rows: list[Row], *, follows: bool, found: dict[str, Worst]) -> None:
    """Price all options in one call and compare each number."""
    S, K, v, T, r, b, cp = np.array(rows).T
    options = EuropeanColumns(
        underlying_usd=S, strike_usd=K, vol_frac=v, expiry_years=T, is_call=cp > 0,
        rate_frac_per_year=r, carry_frac_per_year=b, carry_follows_rate=follows,
    )  # fmt: skip
    got = np.empty((len(NAMES), len(rows)))
    european_greeks(options, with_third_vol=True, out=got)
    with mpmath.workdps(40):
        for i, row in enumerate(rows):
            forty = forty_digits(*row, follows=follows)
            _, _, vol, years, _, carry, _ = row
            is_far = abs(carry) * years > FAR_CARRY_DEVIATIONS * vol * sqrt(years)
            for at, name in enumerate(NAMES):
                number, size = forty[name]
                error = float(abs(mpmath.mpf(float(got[at, i])) - number) / size)
                is_near = name in RELATIVE and size != abs(number)
                kind = "far_carry" if is_far else f"{name}_near_zero" if is_near else name
                found.setdefault(kind, Worst()).add(error, name, row)


def formulas(rows: list[Row]) -> Worst:
    """Compare the formulas with derivatives of the price, in units of their absolute terms."""
    worst = Worst()
    for row in rows:
        S, K, v, T, r, b, cp = (mpmath.mpf(x) for x in row)

        def price(s: Any, vol: Any, years: Any) -> Any:  # noqa: ANN401 — mpmath is not typed
            st = vol * mpmath.sqrt(years)
            d1 = (mpmath.log(s / K) + (b + vol**2 / 2) * years) / st  # noqa: B023
            up, down = (mpmath.erfc(-cp * d / mpmath.sqrt(2)) / 2 for d in (d1, d1 - st))  # noqa: B023
            grown, discounted = mpmath.exp((b - r) * years), mpmath.exp(-r * years)  # noqa: B023
            return cp * (s * grown * up - K * discounted * down)  # noqa: B023

        forty = forty_digits(*row, follows=True)
        with mpmath.workdps(70):
            for name, orders in ORDERS.items():
                slope = mpmath.diff(price, (S, v, T), orders, h=mpmath.mpf(10) ** -18)
                number, size = forty[name]
                slope = -slope if name in CALENDAR else slope
                worst.add(float(abs(slope - number) / size), name, row)
    return worst


def _place(row: Row) -> str:
    S, K, v, T, r, b, cp = row
    z = (np.log(K / S) - b * T) / (v * sqrt(T))
    right = "call" if cp > 0 else "put"
    return (
        f"{right} {T * 365:.4g} d, deviation {v * sqrt(T):.4g}, strike {z:+.4g} of them away, "
        f"rate {r:.3g}, carry {b:.3g}"
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Greeks of the kernels against forty digits.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--points", type=int, default=24_000, help="options drawn, each way")
    parser.add_argument("--seed", type=int, default=20260301)
    options = parser.parse_args()
    found: dict[str, Worst] = {}
    for follows in (True, False):
        rows = corners() + points(options.points, options.seed + follows)
        measure(rows, follows=follows, found=found)
    results = []
    for name in (*NAMES, "vanna_near_zero", "volga_near_zero", "far_carry"):
        unit = "of itself" if name in RELATIVE else "of its terms"
        results.append(_result(f"greek_error_{name}", found[name], unit, BAR))
    checked = formulas(points(40, options.seed))
    results.append(_result("formulas_error", checked, "of its terms", 1e-15))
    if options.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']}: {each['value']:.3g} {each['unit']} (bar {each['bar']}); "
                  f"{each['note']}")  # fmt: skip
    return 0


def _result(name: str, worst: Worst, unit: str, bar: float) -> dict[str, object]:
    assert worst.row is not None
    note = f"{worst.count} numbers; worst: {worst.name} of a {_place(worst.row)}"
    return {
        "name": name, "value": worst.error, "unit": unit, "better": "lower", "bar": bar,
        "note": note,
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
