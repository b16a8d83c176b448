"""Run one process for a long time, and see that it stays the process it was.

One small desk is run again and again in the same interpreter, over markets of its own made from
seeds. At the end the first market is run once more: its journal must have the same chain head as at
the beginning, so nothing that was kept on the way entered. Memory, open files and threads must be
those of a process that has warmed up, and a run must not have become slower.

Run ``python -m tools.load --seconds 60``; `make soak` takes one seed after another.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import polars as pl

from hedgerow.app.session import run_session
from hedgerow.execution import verify
from tests.rooms.app.made import desk_file, perpetuals, recorded

# The first runs fill caches that stay: compiled kernels, parsed rulebooks, the allocator's arena.
WARM_UP_COUNT = 3
MEMORY_GROWTH_MIB_MAX = 48.0
# Of the processor, so that a busy machine is no slow run; a half more is not noise any longer.
SLOWER_FRAC_MAX = 0.5
_PRICES = ("open", "high", "low", "close")


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What the process holds at one moment."""

    memory_mib: float
    files_count: int
    threads_count: int


class Wrong(Exception):
    """The process is not what it was; the message says how."""


def held() -> Held:
    """Look at this process; what the system does not tell is zero and cannot grow."""
    status, files = Path("/proc/self/status"), Path("/proc/self/fd")
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    resident = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return Held(
        memory_mib=int(resident[0]) / 1024 if resident else 0.0,
        files_count=len(os.listdir(files)) if files.is_dir() else 0,
        threads_count=threading.active_count(),
    )


def market(folder: Path, seed: int) -> Path:
    """Write a morning whose prices wander as the seed says."""
    rng = np.random.default_rng(seed)
    candles = perpetuals()
    steps = np.exp(np.cumsum(rng.normal(0.0, 0.002, candles.height + 1)))
    wander = {"open": steps[:-1], "close": steps[1:]}
    wander |= {"high": np.maximum(steps[:-1], steps[1:]), "low": np.minimum(steps[:-1], steps[1:])}
    moved = candles.with_columns(
        *((pl.col(name) * pl.Series(wander[name])).round(1) for name in _PRICES)
    )
    return recorded(folder / f"market-{seed}", candles=moved)


def one_run(desk: Path, data: Path, out: Path) -> str:
    """Run the desk over a market, as the command does; the chain head of its journal."""
    with redirect_stdout(StringIO()):
        run_session(desk_path=desk, data=data, out=out, seed=None, compare=True, as_json=True)
    return verify(out / "journal.db").head


def sustained(
    run: Callable[[int], str], *, seed: int, seconds: float, now_held: Callable[[], Held] = held
) -> int:
    """Run market after market until the seconds are over; how many there were.

    Raises
    ------
    Wrong
        If the process has grown or slowed down, or the first market gives another head at the end.
    """
    ends_s = time.monotonic() + seconds
    first = run(seed)
    for more in range(1, WARM_UP_COUNT):
        run(seed + more)
    warm, took_s, count = now_held(), list[float](), WARM_UP_COUNT
    while time.monotonic() < ends_s or len(took_s) < WARM_UP_COUNT:
        begun_s = time.process_time()
        run(seed + count)
        took_s.append(time.process_time() - begun_s)
        count += 1
    if (last := run(seed)) != first:
        raise Wrong(f"seed {seed} gave chain head {first} first and {last} after {count} runs")
    end = now_held()
    grown_mib = end.memory_mib - warm.memory_mib
    if grown_mib > MEMORY_GROWTH_MIB_MAX:
        raise Wrong(f"{grown_mib:.0f} MiB more after {count} runs than after {WARM_UP_COUNT}")
    if end.files_count > warm.files_count or end.threads_count > warm.threads_count:
        raise Wrong(f"after {count} runs {end}, after {WARM_UP_COUNT} {warm}")
    third = len(took_s) // 3
    if third >= 10:
        before, after = median(took_s[:third]), median(took_s[-third:])
        if after > before * (1.0 + SLOWER_FRAC_MAX):
            raise Wrong(f"a run takes {after:.2f} s, it took {before:.2f} s in the first third")
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and say what came of it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(spare)
        desk = desk_file(folder)

        def run(seed: int) -> str:
            place = folder / f"market-{seed}"
            data = place if place.is_dir() else market(folder, seed)
            return one_run(desk, data, folder / "out")

        try:
            count = sustained(run, seed=chosen.seed * 100_000, seconds=chosen.seconds)
        except Wrong as wrong:
            print(wrong, file=sys.stderr)
            return 1
    print(f"{count} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
