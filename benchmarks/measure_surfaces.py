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
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hedgerow.app.chains import read_columns
from hedgerow.app.surfaces import ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX, Tally, fitted
from hedgerow.units import parse_ns

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WHOLE = ("2025-12-01", "2026-07-01")


def measure(data: Path, *, every: int = 1, windows: Sequence[tuple[str, str]] = (WHOLE,)) -> Tally:
    """Fit what lies in some windows of time, or each so many-th snapshot of it."""
    tally = Tally()
    for start, end in windows:
        chains = read_columns(
            data / "deribit_options_2026",
            start_ns=parse_ns(start),
            end_ns=parse_ns(end),
            underlyings=("BTC", "ETH"),
        )
        for surface in fitted(chains, every=every):
            tally.add(surface)
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
    tally = measure(options.data, every=options.every)
    if tally.accepted_frac is None or not tally.errors_volpt:
        print("no slice beyond two days in these recordings", file=sys.stderr)
        return 2
    asked = tally.accepted + tally.rejected.total()
    why = ", ".join(f"{count} {reason}" for reason, count in tally.rejected.most_common())
    note = f"{tally.accepted} of {asked} slices beyond two days, {tally.chains} chains"
    short = tally.accepted_short + tally.rejected_short.total()
    results = [
        _result("surface_accepted_frac", tally.accepted_frac, "1", "higher", ACCEPTED_FRAC_MIN,
                f"{note}; rejected: {why or 'none'}"),
        _result("surface_error_median_volpt", float(np.median(tally.errors_volpt)), "volpt",
                "lower", ERROR_VOLPT_MAX, "median of the slices' medians within 1.5 deviations; "
                f"95 % of slices below {np.quantile(tally.errors_volpt, 0.95):.3f}, worst "
                f"{max(tally.errors_volpt):.3f}; refitted beside a neighbour: "
                f"{tally.repaired['calendar']}"),
        _result("surface_butterflies_count", float(tally.butterflies), "count", "lower", 0.0,
                "accepted slices of any life whose density is negative somewhere"),
        _result("surface_calendars_count", float(tally.calendars), "count", "lower", 0.0,
                "accepted neighbours whose total variance falls somewhere"),
        _result("surface_accepted_short_frac", tally.accepted_short / max(short, 1), "1", "higher",
                None, f"{tally.accepted_short} of {short} slices of two days or less; no bar"),
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
