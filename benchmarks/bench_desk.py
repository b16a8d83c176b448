"""Measure what a desk of ten thousand positions costs in a hundred scenarios, priced and margined.

What is measured, and what it was expected to cost, is said in `benchmarks/pricing/desk.py`. Run
``python benchmarks/bench_desk.py --json``.
"""

from __future__ import annotations

import argparse
import json
import sys

from pricing import desk


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    results = desk.measure()
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(
                f"{result['name']:<26} {result['value']:>12,} {result['unit']:<6} {result['note']}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
