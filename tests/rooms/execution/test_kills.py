"""P01-P04, P07, I5: real processes, really killed. No acknowledged row is lost, none sent twice.

A failing case prints its seed. More of them: `make soak`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hedgerow.execution import Journal, read, recover, submit, verify
from hedgerow.units import SECOND_NS
from tests.rooms.execution.children import POINTS
from tests.rooms.execution.desk import GUARDS, INSTRUMENTS, NOW_NS, FileVenue, market, order, plan

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


class Nursery:
    """Speaks to the process that forks the children; see `children`."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.rooms.execution.children"],
            cwd=root,
            # One thread: a process with several must not fork.
            env={**os.environ, "PYTHONPATH": str(root / "src"), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def start(self, **task: str | int) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        word, pid = self.line()
        assert word == "pid"
        return int(pid)

    def line(self) -> tuple[str, str]:
        assert self.process.stdout is not None
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        assert word, "the nursery died; its errors are above"
        return word, rest

    def rows_until_dead(self) -> Iterator[tuple[int, str]]:
        while True:
            word, rest = self.line()
            if word == "dead":
                assert int(rest) == signal.SIGKILL
                return
            sequence, digest = rest.split()
            yield int(sequence), digest


@pytest.fixture(scope="module")
def nursery(request: pytest.FixtureRequest) -> Iterator[Nursery]:
    nursery = Nursery(request.config.rootpath)
    with nursery.process:
        yield nursery


def kill_while_appending(nursery: Nursery, path: Path, seed: int) -> None:
    """Kill a writer three times on the same journal, and check every acknowledged row each time."""
    rng = np.random.default_rng(seed)
    acknowledged: dict[int, str] = {}
    for life in range(3):
        pid = nursery.start(job="append", path=str(path), seed=seed * 10 + life)
        for _ in range(int(rng.integers(1, 40))):
            word, rest = nursery.line()
            assert word == "row", f"seed {seed}: the writer stopped on its own"
            sequence, digest = rest.split()
            acknowledged[int(sequence)] = digest
        time.sleep(float(rng.random()) * 0.002)  # somewhere inside a row that is being written
        os.kill(pid, signal.SIGKILL)
        acknowledged.update(nursery.rows_until_dead())
        stored = {row.sequence_index: row.row_hash for row in read(path)}
        lost = {at for at, digest in acknowledged.items() if stored.get(at) != digest}
        assert not lost, f"seed {seed}, life {life}: acknowledged rows {sorted(lost)} are gone"
        found = verify(path)
        assert found.rows_count == len(stored), f"seed {seed}, life {life}"
        # At most the one row or batch that was being written is there without our having heard.
        assert found.rows_count <= max(acknowledged) + 1 + 5, f"seed {seed}, life {life}"
    with Journal.open(path) as journal:
        journal.append("end", 0, {})
    assert verify(path).is_ended
    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_i5_no_acknowledged_row_is_lost(nursery: Nursery, path: Path, seed: int) -> None:
    kill_while_appending(nursery, path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 300))
def test_i5_no_acknowledged_row_is_lost_in_many_kills(
    nursery: Nursery, path: Path, seed: int
) -> None:
    kill_while_appending(nursery, path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("point", POINTS)
def test_p01_p07_a_kill_at_any_point_sends_nothing_twice(
    nursery: Nursery, path: Path, tmp_path: Path, point: str, at: int
) -> None:
    """Die at a named point of the order counted `at`, come back, reconcile, submit the rest."""
    venue = FileVenue(tmp_path / "venue.jsonl")
    nursery.start(job="submit", path=str(path), venue=str(venue.path), point=point, at=at)
    assert list(nursery.rows_until_dead()) == []
    placed = venue.placed()
    intents = [row.client_id for row in read(path, {"intent"})]
    assert set(placed) <= set(intents), "I1: an effect without an intent"

    reached = f"leg-{at}" in placed
    assert reached == (point in ("after place", "before filled", "after filled"))
    with Journal.open(path) as journal:
        later_ns = NOW_NS
        while journal.unsettled():
            later_ns += 3 * SECOND_NS
            recover(journal, venue, later_ns)
            assert later_ns < NOW_NS + 60 * SECOND_NS, "I12: an unknown never resolves"
        assert venue.placed() == placed, "recovery sends nothing"
        receipts = submit(
            plan(*(order(f"leg-{number}") for number in range(3))),
            mode="auto",
            exchange=venue,
            journal=journal,
            guards=GUARDS,
            instruments=INSTRUMENTS,
            snapshot=market(),
            time_ns=NOW_NS,
        )
    assert len(venue.placed()) == len(set(venue.placed())), "I2: an order went out twice"
    # P01: nothing had happened, so it is sent now. P02 and after: expired, or adopted as it was.
    fates = ["filled"] * 3
    if not reached and point != "before intent":
        fates[at] = "rejected"
    assert [receipt.status for receipt in receipts] == fates
    assert [f"leg-{n}" for n in range(3) if fates[n] == "filled"] == venue.placed()
    assert verify(path).kinds_count["filled"] == fates.count("filled")
