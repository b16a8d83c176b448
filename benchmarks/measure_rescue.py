"""Measure how often hedgerow saves the embedded desk where the desk left alone is liquidated.

Every seed is another crash on the same desk. For each of the first seeds the program ``hedgerow run
--seed N --json`` plays the desk twice, alone and with hedgerow:

`liquidated_alone_of_seeds`: the fraction of seeds in which a venue liquidates the desk left alone.

`rescued_of_seeds`: of those, the fraction in which no venue liquidates it with hedgerow. The note
lists the seeds that failed, which account, and what stopped hedgerow: what was still on its way to
that account when the venue acted, or else the last thing that its plans could not do.

Expected cost, before measuring: 20 s a seed, so seven minutes for twenty seeds one after another.

Run ``python benchmarks/measure_rescue.py --json``; ``--workers 2`` plays two seeds at a time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from hedgerow.units import format_ns, parse_ns

SEEDS_COUNT = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """One seed: who was liquidated alone and with hedgerow, and why the latter was not avoided."""

    seed: int
    alone: tuple[str, ...]
    guarded: tuple[str, ...]
    stopped_by: str


def play(seed: int) -> Outcome:
    """Play one seed, alone and with hedgerow."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "hedgerow", "run", "--seed", str(seed), "--json"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode not in (0, 1):
        raise SystemExit(f"seed {seed} ended with {done.returncode}: {done.stderr}")
    alone, guarded = json.loads(done.stdout)["episodes"]
    outcome = Outcome(
        seed=seed,
        alone=liquidated(alone),
        guarded=liquidated(guarded),
        stopped_by=stopped_by(guarded),
    )
    told = f"alone {', '.join(outcome.alone) or 'spared'}"
    told += f"; with hedgerow {', '.join(outcome.guarded) or 'spared'}"
    print(f"seed {seed}: {told}", file=sys.stderr, flush=True)
    return outcome


def liquidated(episode: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the accounts that a venue liquidated, in order of the first time."""
    return tuple(dict.fromkeys(each["account_id"] for each in episode["liquidations"]))


def stopped_by(episode: Mapping[str, Any]) -> str:
    """Say why the first liquidation was not avoided; empty where there was none.

    That is what was still on its way to the account, or else the last thing that no plan could do.
    """
    if not episode["liquidations"]:
        return ""
    hit = episode["liquidations"][0]
    account_id, struck_ns = hit["account_id"], hit["time_ns"]
    late = [
        f"{leg['quantity_coin']} {leg['asset']} sent {format_ns(action['time_ns'])} {arrival}"
        for action in episode["actions"]
        if (leg := action["leg"]).get("target_account_id") == account_id
        and action["time_ns"] <= struck_ns
        and (arrival := action["message"].partition(";")[0]).startswith("arrives ")
        and parse_ns(arrival.removeprefix("arrives ")) > struck_ns
    ]
    before = [row for row in episode.get("undone", ()) if row["first_ns"] <= struck_ns]
    own = [row for row in before if row["subject"] == account_id] or before
    undone = [row["message"] for row in sorted(own, key=lambda row: int(row["last_ns"]))[-1:]]
    why = ", ".join(late or undone or ["no plan left anything undone"])
    return f"{account_id} at {format_ns(struck_ns)}: {why} ({hit['message']})"


def measure(seeds_count: int, workers_count: int) -> list[dict[str, object]]:
    """Play the first seeds and count."""
    with ThreadPoolExecutor(max_workers=workers_count) as pool:  # each thread waits for a process
        outcomes = list(pool.map(play, range(seeds_count)))
    struck = [outcome for outcome in outcomes if outcome.alone]
    failed = [outcome for outcome in struck if outcome.guarded]
    harmed = [outcome for outcome in outcomes if outcome.guarded and not outcome.alone]
    rescued = 1.0 - len(failed) / len(struck) if struck else 0.0
    note = f"{len(struck) - len(failed)} of {len(struck)} seeds liquidated alone"
    note += "".join(f"; seed {each.seed} failed, {each.stopped_by}" for each in failed)
    note += "".join(f"; seed {each.seed} liquidated only with hedgerow" for each in harmed)
    return [
        _result("rescued_of_seeds", rescued, note),
        _result(
            "liquidated_alone_of_seeds",
            len(struck) / seeds_count,
            f"{len(struck)} of the seeds 0 to {seeds_count - 1}, embedded desk without hedgerow",
        ),
    ]


def _result(name: str, value: float, note: str) -> dict[str, object]:
    fields = {"name": name, "value": round(value, 3), "unit": "fraction", "better": "higher"}
    return fields | {"bar": None, "note": note}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--seeds", type=int, default=SEEDS_COUNT, help="how many seeds, from 0")
    parser.add_argument("--workers", type=int, default=1, help="how many seeds at a time")
    given = parser.parse_args()
    results = measure(given.seeds, given.workers)
    if given.json:
        print(json.dumps({"results": results}))
        return 0
    for each in results:
        print(f"{each['name']:>26}  {each['value']}  {each['note']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
