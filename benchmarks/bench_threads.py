"""Measure from which size on a second thread pays, and what it brings on a large column.

How is said in `benchmarks/pricing/threads.py`. Figures are of this machine in its present state:
where the second core is busy there is no gain to see, and a row without a crossover is left out and
named on standard error. Run ``python benchmarks/bench_threads.py --json``.
"""

from __future__ import annotations

import argparse
import json
import sys

from pricing.threads import threads


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    results = threads()
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(
                f"{result['name']:<28} {result['value']:>12,} {result['unit']:<9} {result['note']}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
