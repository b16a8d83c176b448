"""Measure how many smiles of months of chains are accepted, how near, how free of arbitrage.

Every snapshot of ``deribit_options_2026`` is fitted, both coins, and every accepted slice and pair
of neighbours is checked again here. Slices with two days or less to live are fitted too, but not
counted in the share. Rows named after a model are fitted with that alone; those named ``crash`` are
the nine days from 2026-01-29 on; ``mid`` is fitted to mids behind gates, each fourth snapshot.
Expected cost: 14,000 slices at 15 ms with all their looks, and reading a million rows at 20 µs:
four minutes, and six more for what is fitted otherwise.

Run ``python benchmarks/measure_surfaces.py --json``; the recordings lie in ``../shared/data``, or
where ``--data`` says. ``--every 20`` looks at each twentieth snapshot only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hedgerow.app.chain_request import How
from hedgerow.app.chains import read_columns
from hedgerow.app.surface_tally import ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX, Tally
from hedgerow.app.surfaces import fitted
from hedgerow.market import ChainColumns
from hedgerow.units import parse_ns

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WHOLE = ("2025-12-01", "2026-07-01")
CRASH = ("2026-01-29", "2026-02-07")
_MID_EVERY = 4


def read(data: Path, windows: Sequence[tuple[str, str]] = (WHOLE,)) -> Iterator[ChainColumns]:
    """Give the chains that lie in some windows of time."""
    for start, end in windows:
        yield from read_columns(
            data / "deribit_options_2026",
            start_ns=parse_ns(start),
            end_ns=parse_ns(end),
            underlyings=("BTC", "ETH"),
        )


def measure(
    data: Path,
    *,
    every: int = 1,
    windows: Sequence[tuple[str, str]] = (WHOLE,),
    how: How | None = None,
) -> Tally:
    """Fit what lies in some windows of time, or each so many-th snapshot of it."""
    return tallies(read(data, windows), every=every, how=how)[0]


def tallies(
    chains: Iterator[ChainColumns] | Sequence[ChainColumns],
    *,
    every: int = 1,
    how: How | None = None,
) -> tuple[Tally, Tally]:
    """Fit chains and count them all, and those of the crash apart."""
    whole, crash = Tally(), Tally()
    start_ns, end_ns = (parse_ns(each) for each in CRASH)
    for surface in fitted(chains, every_count=every, how=how):
        whole.add(surface)
        if start_ns <= surface.time_ns < end_ns:
            crash.add(surface)
    return whole, crash


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
    chains = list(read(options.data))
    started_s = time.process_time()
    tally, crash = tallies(chains, every=options.every)
    took_s = time.process_time() - started_s
    if tally.accepted_frac is None or not tally.errors_volpt:
        print("no slice beyond two days in these recordings", file=sys.stderr)
        return 2
    repaired = tally.repaired_counts["calendar"] + tally.repaired_counts["together"]
    short = tally.accepted_short_count + tally.rejected_short_counts.total()
    results = [
        _share("surface_accepted_frac", tally, ACCEPTED_FRAC_MIN),
        _result("surface_error_median_volpt", float(np.median(tally.errors_volpt)), "volpt",
                "lower", ERROR_VOLPT_MAX, "median of the slices' medians within 1.5 deviations; "
                f"95 % of slices below {np.quantile(tally.errors_volpt, 0.95):.3f}, worst "
                f"{max(tally.errors_volpt):.3f}; fitted with their whole chain or between "
                f"neighbours: {repaired}"),
        _result("surface_butterflies_count", float(tally.butterflies_count), "count", "lower", 0.0,
                "accepted slices of any life whose density is negative somewhere"),
        _result("surface_calendars_count", float(tally.calendars_count), "count", "lower", 0.0,
                "accepted neighbours whose total variance falls somewhere"),
        _result("surface_accepted_short_frac", tally.accepted_short_count / max(short, 1), "1",
                "higher", None,
                f"{tally.accepted_short_count} of {short} slices of two days or less; no bar"),
        _share("surface_crash_accepted_frac", crash, None),
        _error("surface_crash_error_median_volpt", crash),
        _result("surface_fit_s", took_s, "s", "lower", None,
                f"processor time for {tally.chains_count} chains, fit and checks, reading left "
                "out"),
    ]  # fmt: skip
    for model in ("svi", "essvi"):
        whole, crash = tallies(chains, every=options.every, how=How(model=model))
        results += [
            _share(f"surface_{model}_accepted_frac", whole, None),
            _error(f"surface_{model}_error_median_volpt", whole),
            _share(f"surface_{model}_crash_accepted_frac", crash, None),
        ]
    whole, crash = tallies(chains, every=_MID_EVERY * options.every, how=How(vols_from="mid"))
    results += [
        _share("surface_mid_accepted_frac", whole, None),
        _error("surface_mid_error_median_volpt", whole),
        _result("surface_mid_error_mark_median_volpt", float(np.median(whole.errors_mark_volpt)),
                "volpt", "lower", None, "fitted to mids, measured against the venue's marks"),
        _share("surface_mid_crash_accepted_frac", crash, None),
    ]  # fmt: skip
    if options.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']}: {each['value']:.4g} (bar {each['bar']}); {each['note']}")
    return 0


def _share(name: str, tally: Tally, bar: float | None) -> dict[str, object]:
    asked = tally.accepted_count + tally.rejected_counts.total()
    why = ", ".join(f"{count} {reason}" for reason, count in tally.rejected_counts.most_common())
    return _result(
        name, tally.accepted_frac or 0.0, "1", "higher", bar,
        f"{tally.accepted_count} of {asked} slices beyond two days, {tally.chains_count} chains; "
        f"rejected: {why or 'none'}; of any life {tally.models_counts['essvi']} are eSSVI, "
        f"{tally.butterflies_count} have a butterfly, {tally.calendars_count} cross",
    )  # fmt: skip


def _error(name: str, tally: Tally) -> dict[str, object]:
    return _result(
        name, float(np.median(tally.errors_volpt)), "volpt", "lower", ERROR_VOLPT_MAX,
        f"as surface_error_median_volpt; worst {max(tally.errors_volpt):.3f}",
    )  # fmt: skip


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
