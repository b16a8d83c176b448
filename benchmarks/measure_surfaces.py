"""Measure how many smiles of months of chains are accepted, how near, how free of arbitrage.

Every snapshot of ``deribit_options_2026`` is fitted, both coins, and every accepted slice and pair
of neighbours is checked again here. Slices with two days or less to live are fitted too, but not
counted in the share. Expected cost: 13,000 slices at 10 ms with their repairs, and reading a
million rows at 10 µs: two or three minutes.

Run ``python benchmarks/measure_surfaces.py --json``; the recordings lie in ``../shared/data``, or
where ``--data`` says. ``--every 20`` looks at each twentieth snapshot only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from hedgerow.app.chains import read_columns
from hedgerow.market import ChainColumns, Surface, Svi, fit_surfaces
from hedgerow.market.svi import butterfly_min, calendar_gap
from hedgerow.units import DAY_NS, parse_ns

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX = 0.95, 0.3
SHORT_NS = 2 * DAY_NS
_BATCH_COUNT = 40


@dataclass(slots=True)
class Tally:
    """What was seen so far."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    rejected_short: Counter[str] = field(default_factory=Counter)
    accepted_short: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    medians: list[float] = field(default_factory=list)
    butterflies: int = 0
    calendars: int = 0
    snapshots: int = 0

    def add(self, surface: Surface) -> None:
        """Count one surface, checking its slices anew."""
        self.snapshots += 1
        for smile in surface.smiles:
            if smile.expiry_ns - surface.time_ns > SHORT_NS:
                self.accepted += 1
                self.medians.append(smile.error_median_volpt)
            else:
                self.accepted_short += 1
            self.repaired[smile.repair] += 1
            self.butterflies += bool(butterfly_min(_row(smile.svi))[0][0] < 0)
        for earlier, later in pairwise(surface.smiles):
            self.calendars += bool(calendar_gap(_row(earlier.svi), _row(later.svi))[0] < 0)
        for failure in surface.rejected:
            day = failure.subject.split()[1]
            life_ns = parse_ns(f"{day}T08:00:00") - surface.time_ns
            (self.rejected if life_ns > SHORT_NS else self.rejected_short)[failure.reason] += 1


def _row(svi: Svi) -> Svi:
    return Svi(*(np.atleast_1d(each) for each in svi))


def chains(data: Path, every: int) -> Iterator[ChainColumns]:
    """Give the chains of each so many-th snapshot."""
    folder = data / "deribit_options_2026"
    start, end = parse_ns("2025-12-01"), parse_ns("2026-07-01")
    seen: dict[int, int] = {}
    for chain in read_columns(folder, start_ns=start, end_ns=end, underlyings=("BTC", "ETH")):
        if seen.setdefault(chain.time_ns, len(seen)) % every == 0:
            yield chain


def measure(data: Path, every: int) -> Tally:
    """Fit in batches, saying on standard error how far it is."""
    tally = Tally()
    source = chains(data, every)
    while batch := list(islice(source, _BATCH_COUNT)):
        for surface in fit_surfaces(batch):
            tally.add(surface)
        if sys.stderr.isatty():
            print(f"\r{tally.snapshots} chains fitted", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return tally


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Surfaces of every recorded snapshot.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    parser.add_argument("--every", type=int, default=1, help="look at each so many-th snapshot")
    options = parser.parse_args()
    if not (options.data / "deribit_options_2026").is_dir():
        print(f"no folder deribit_options_2026 in {options.data}", file=sys.stderr)
        return 2
    tally = measure(options.data, options.every)
    asked = tally.accepted + tally.rejected.total()
    why = ", ".join(f"{count} {reason}" for reason, count in tally.rejected.most_common())
    note = f"{tally.accepted} of {asked} slices beyond two days, {tally.snapshots} chains"
    short = tally.accepted_short + tally.rejected_short.total()
    results = [
        _result("surface_accepted", tally.accepted / asked, "1", "higher", ACCEPTED_FRAC_MIN,
                f"{note}; rejected: {why or 'none'}"),
        _result("surface_error_median", float(np.median(tally.medians)), "volpt", "lower",
                ERROR_VOLPT_MAX, "median of the slices' median errors within 1.5 deviations; "
                f"95 % of slices below {np.quantile(tally.medians, 0.95):.3f}, worst "
                f"{max(tally.medians):.3f}; refitted beside a neighbour: "
                f"{tally.repaired['calendar']}"),
        _result("surface_butterflies", float(tally.butterflies), "count", "lower", 0.0,
                "accepted slices of any life whose density is negative somewhere"),
        _result("surface_calendars", float(tally.calendars), "count", "lower", 0.0,
                "accepted neighbours whose total variance falls somewhere"),
        _result("surface_accepted_short", tally.accepted_short / max(short, 1), "1", "higher", None,
                f"{tally.accepted_short} of {short} slices of two days or less; no bar"),
    ]  # fmt: skip
    if options.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']}: {each['value']:.4g} (bar {each['bar']}); {each['note']}")
    return 0


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
