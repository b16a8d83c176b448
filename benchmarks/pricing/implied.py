"""Implied vols of chains, a hundred thousand quotes, through the public call, beside others.

Expected cost, before measuring: a guess and two or three steps of third order, each with two Mills
ratios, a logarithm and five divisions: some 440 operations, 35 ns at twelve in a nanosecond, and
three times that for branches that a packed loop must take both.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from hedgerow.pricing import implied_vols
from hedgerow.pricing.implied_reference import implied_by_numpy

from .clock import CONDITIONS, Result, Way, interleaved, ratio, row
from .inputs import chains
from .rivals import Rival

QUOTES_COUNT = 100_000
BAR_NS = 140.0
BARS = {"nautilus": 4.5}


def implied(rivals: Sequence[Rival]) -> list[Result]:
    """Measure; every rival gets the same quotes, slow ones fewer."""
    quotes = chains(QUOTES_COUNT)
    columns = (
        quotes.price_usd, quotes.forward_usd, quotes.strike_usd, quotes.expiry_years,
        quotes.is_call,
    )  # fmt: skip
    ways = {
        "ours": Way(lambda: implied_vols(*columns), QUOTES_COUNT),
        "numpy": Way(lambda: implied_by_numpy(*columns), QUOTES_COUNT),
    }
    for rival in rivals:
        some = min(QUOTES_COUNT, rival.vols_count_max)
        ways[rival.name] = Way(rival.vols_work(quotes, some), some)
    took = interleaved(ways)
    note = (
        f"{QUOTES_COUNT:,} quotes of chains, calls and puts on both sides of the money, "
        f"{CONDITIONS}"
    )
    plain = "the same method in plain NumPy"
    results = [
        row("implied_vol_ns", median(took["ours"]), "ns", BAR_NS, note),
        row("implied_vol_numpy_ns", median(took["numpy"]), "ns", None, f"{plain}; {note}"),
        row("implied_vol_ratio_numpy", ratio(took["numpy"], took["ours"]), "×", None, plain),
    ]
    for rival in rivals:
        some = ways[rival.name].elements_count
        what = f"{rival.vols_note}; {some:,} quotes there, {QUOTES_COUNT:,} here"
        each, times = median(took[rival.name]), ratio(took[rival.name], took["ours"])
        results.append(row(f"implied_vol_{rival.name}_ns", each, "ns", None, rival.vols_note))
        results.append(
            row(f"implied_vol_ratio_{rival.name}", times, "×", BARS.get(rival.name), what)
        )
    return results
