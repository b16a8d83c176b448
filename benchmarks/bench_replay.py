"""Measure how fast a recording is played, and the whole main job on top of it.

`replay_events_per_s`: every event of the crash window (chains, perpetuals, funding) read from its
files, merged onto one clock, with assumed books, oracles and accruals between, into the state of
the market. The bar is twice the highest rate recorded at a venue: 2,466 messages in a second.

`replay_crash_2026_02_s`: the program ``hedgerow run examples/crash_2026_02.toml`` from its start to
its end, in which the desk is played twice (alone and with hedgerow), with journal and report.

`run_embedded_s`: the same for the embedded desk, which needs no recording.

Expected cost, before measuring: a row becomes a record in about 4 µs, merging and assuming add
2 µs, the state of the market 1 µs: some 140,000 events a second. The crash has 865 steps, each of
which surveys five accounts (15 ms without hedgerow; about twice that with it, for the plan), so
40 s in all; the embedded desk has 577 steps and three accounts: 15 s.

Run ``python benchmarks/bench_replay.py --json``; recordings lie in ``../shared/data``, or where
``--data`` says. Without them the first two are left out, with a note on standard error.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from hedgerow.app.feed import open_market
from hedgerow.market import MarketState

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
DESK = ROOT / "examples" / "crash_2026_02.toml"
EVENTS_PER_S_MIN = 2 * 2_466
CRASH_S_MAX = 120.0
REPEATS_COUNT = 3


def replayed(data: Path) -> tuple[int, float]:
    """Play the crash window into the state of the market; give events and seconds."""
    desk, market = open_market(DESK, data, None)
    state = MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd)
    begun = perf_counter()
    count = 0
    for event in market.events():
        state.apply(event)
        count += 1
    return count, perf_counter() - begun


def run_s(*words: str) -> float:
    """Run the program and give the seconds until it has ended."""
    with tempfile.TemporaryDirectory() as folder:
        begun = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "hedgerow", "run", *words, "--json"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        took_s = perf_counter() - begun
    if done.returncode not in (0, 1):
        raise SystemExit(f"hedgerow run ended with {done.returncode}: {done.stdout}{done.stderr}")
    return took_s


def measure(data: Path) -> list[dict[str, object]]:
    """Measure what can be measured here."""
    results: list[dict[str, object]] = []
    missing = [
        name
        for name in ("deribit_options_2026", "perp_binance", "funding")
        if not (data / name).is_dir()
    ]
    if missing:
        print(
            f"no {', '.join(missing)} in {data}: replay_events_per_s and "
            "replay_crash_2026_02_s are left out; pass --data FOLDER",
            file=sys.stderr,
        )
    else:
        plays = [replayed(data) for _ in range(REPEATS_COUNT)]
        count, took_s = min(plays, key=lambda play: play[1])
        results.append(
            _result(
                "replay_events_per_s",
                count / took_s,
                "events/s",
                EVENTS_PER_S_MIN,
                f"{count:,} events of the crash window from files to market state, one process, "
                f"best of {REPEATS_COUNT}; bar is twice the recorded peak second",
            )
        )
        results.append(
            _result(
                "replay_crash_2026_02_s",
                run_s(str(DESK), "--data", str(data.resolve())),
                "s",
                CRASH_S_MAX,
                "hedgerow run on the crash, alone and with hedgerow, journal and report included",
            )
        )
    results.append(
        _result("run_embedded_s", run_s(), "s", None, "hedgerow run without arguments, once")
    )
    return results


def _result(name: str, value: float, unit: str, bar: float | None, note: str) -> dict[str, object]:
    better = "higher" if unit.endswith("/s") else "lower"
    rounded = round(value, 0 if value > 1_000 else 2)
    fields = {"name": name, "value": rounded, "unit": unit, "better": better}
    return fields | {"bar": bar, "note": note}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    chosen = parser.parse_args()
    results = measure(chosen.data)
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(f"{result['name']:<28} {result['value']:>12,} {result['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
