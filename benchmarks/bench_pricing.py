"""Measure what one option costs: Greeks, a cell of a grid, an implied vol, a single call.

Ours, plain NumPy and, where they are installed (``pip install 'hedgerow[bench]'``), NautilusTrader,
QuantLib, vollib and FinancePy, interleaved in one run; a rival that is not there is named on
standard error. The parts are in `benchmarks/pricing/`, each with the cost that was expected of it:
`greeks`, `scenarios`, `implied`, `calls`; `rivals` says what each rival computes, `clock` how time
is taken, and `limit` what this machine could do at best.

Run ``python benchmarks/bench_pricing.py --json``. Needs no recording.
"""

from __future__ import annotations

import argparse
import json
import sys

from pricing import calls, greeks, implied, limit, rivals, scenarios


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    others = list(rivals.installed())
    results = [
        *greeks.greeks(10_000, others),
        *greeks.greeks(100_000, ()),
        *scenarios.scenarios(),
        *scenarios.accounts(),
        *implied.implied(others),
        *calls.single(),
        *calls.first_call(),
        *calls.narrow(),
    ]
    results += limit.limits(results)
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(f"{result['name']:<38} {result['value']:>12,} {result['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
