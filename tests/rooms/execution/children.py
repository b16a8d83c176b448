"""Processes that are killed. One nursery imports hedgerow once and forks a child for every kill.

It reads one JSON line per child: ``{"job": "append", "path": ..., "seed": ...}`` or ``{"job":
"submit", "path": ..., "venue": ..., "point": ..., "at": ...}``. It answers ``pid N``, then whatever
the child writes, then ``dead N``.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hedgerow.execution import Journal, submit
from tests.rooms.execution.desk import GUARDS, INSTRUMENTS, NOW_NS, FileVenue, market, order, plan
from tests.rooms.execution.writing import HEADER, observed

POINTS = (
    "before intent",
    "after intent",
    "before sent",
    "after sent",
    "before place",
    "after place",
    "before filled",
    "after filled",
)


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # one write of less than a page is never torn


def append_forever(path: Path, seed: int) -> None:
    """Append rows of all sizes and say the number and the hash of each one that returned."""
    rng = np.random.default_rng(seed)
    journal = Journal.open(path) if path.exists() else Journal.create(path, HEADER)
    while True:
        step = journal.rows_count
        if rng.random() < 0.3:
            with journal.batch():
                for _ in range(int(rng.integers(1, 6))):
                    journal.append("observed", step, observed(step))
        else:
            note = "x" * int(rng.integers(0, 6_000))  # up to two pages: rows that spill over
            journal.append("intent", step, {"note": note}, f"leg-{step}")
        say(f"row {journal.rows_count - 1} {journal.head}")


def submit_and_die(path: Path, venue_path: Path, point: str, at: int) -> None:
    """Submit three orders, and be killed at a named point of the one counted `at`."""
    count = 0

    def die(here: str) -> None:
        nonlocal count
        count += here == point
        if here == point and count > at:
            os.kill(os.getpid(), signal.SIGKILL)

    honest = Journal.append

    def append(self: Journal, kind: Any, *args: Any, **more: Any) -> str:
        die(f"before {kind}")
        digest = honest(self, kind, *args, **more)
        die(f"after {kind}")
        return digest

    Journal.append = append  # type: ignore[method-assign]
    with Journal.create(path, HEADER) as journal:
        submit(
            plan(*(order(f"leg-{number}") for number in range(3))),
            mode="auto",
            exchange=FileVenue(venue_path, die),
            journal=journal,
            guards=GUARDS,
            instruments=INSTRUMENTS,
            snapshot=market(),
            time_ns=NOW_NS,
        )


def main() -> None:
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                if task["job"] == "append":
                    append_forever(Path(task["path"]), task["seed"])
                else:
                    submit_and_die(
                        Path(task["path"]), Path(task["venue"]), task["point"], task["at"]
                    )
            finally:
                os._exit(1)  # reached only by a child that was not killed
        say(f"pid {child}")
        _, status = os.waitpid(child, 0)
        say(f"dead {os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}")


if __name__ == "__main__":
    main()
