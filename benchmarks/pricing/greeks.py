"""Value and Greeks of ten thousand and a hundred thousand options, beside NumPy and others.

`greeks_12_*`: value, delta, gamma, vega, theta, rho, vanna, volga, charm, speed, zomma, color of
options whose columns have been through the gate, written into a buffer (`pricing.buffer`;
`greeks_12_plain_*` into one of `numpy.empty`). `greeks_12_call_*` counts the gate and memory for
the results too; `greeks_14_*` adds veta and ultima.

Expected cost, before measuring: some 110 multiply-adds of polynomials and 90 other operations per
option. A core that starts two packed instructions of four doubles in a cycle needs 25 cycles for
200 of them, and some 15 more for two roots and five divisions: 10 ns at 4 GHz, and twice that for
what no schedule hides.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from hedgerow.pricing import buffer, coin_greeks, european_greeks, reference

from .clock import CONDITIONS, Result, Way, interleaved, ratio, row
from .inputs import book, rebuilt
from .rivals import Rival

BAR_NS = 30.0
BARS = {"numpy": 5.0, "nautilus": 10.0}


def greeks(count: int, rivals: Sequence[Rival]) -> list[Result]:
    """Measure one size; ratios to others only where rivals are given."""
    options = book(count)
    room, more, coin = (buffer((rows, count)) for rows in (12, 14, 15))
    plain = np.empty((12, count))
    often = max(1, 300_000 // count)
    ways = {
        "12": Way(lambda: european_greeks(options, out=room), count, often),
        "12_plain": Way(lambda: european_greeks(options, out=plain), count, often),
        "12_call": Way(lambda: european_greeks(rebuilt(options)), count, often),
        "14": Way(lambda: european_greeks(options, with_third_vol=True, out=more), count, often),
        "coin": Way(lambda: coin_greeks(options, out=coin), count, often),
        "numpy": Way(
            lambda: reference.greeks(options.given, carry_follows_rate=False),
            count,
            max(1, often // 10),
        ),
    }
    for rival in rivals:
        some = min(count, rival.greeks_count_max)
        ways[rival.name] = Way(rival.greeks_work(options, some), some)
    took = interleaved(ways)
    size = f"{count:.0e}".replace("+0", "")
    note = f"{count:,} options, {CONDITIONS}"

    def each(name: str, way: str, bar: float | None, more: str = "") -> Result:
        return row(f"{name}_ns_per_option_{size}", median(took[way]), "ns", bar, more + note)

    results = [
        each("greeks_12", "12", BAR_NS),
        each("greeks_12_plain", "12_plain", None, "a buffer as NumPy takes it; "),
        each("greeks_12_call", "12_call", None, "gate, "),
        each("greeks_14", "14", None, "veta and ultima too; "),
        each("coin_greeks", "coin", None, "fifteen numbers; "),
        each("greeks_numpy", "numpy", None, "fourteen numbers of plain NumPy; "),
    ]
    if not rivals:
        return results
    notes = {"numpy": "plain NumPy, fourteen numbers, columns"}
    notes |= {rival.name: rival.greeks_note for rival in rivals}
    for name, what in notes.items():
        some = ways[name].elements_count
        compared = f"{what}; ours twelve; {some:,} options there, {count:,} here"
        times = ratio(took[name], took["12"])
        if name != "numpy":
            results.append(row(f"greeks_{name}_ns", median(took[name]), "ns", None, what))
        results.append(row(f"greeks_12_ratio_{name}", times, "×", BARS.get(name), compared))
    return results
