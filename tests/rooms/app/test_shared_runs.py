"""Runs shared between processes: an error, a process that dies, and who has had enough."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hedgerow.app.shared_runs import as_they_end
from hedgerow.errors import DeskRejected, RequestRejected

PLAYED_S = 0.2


def play(task: tuple[Path, int]) -> int:
    """Note that it was begun; the second one cannot be played."""
    folder, at = task
    (folder / str(at)).touch()
    if at == 1:
        raise DeskRejected("no price at the end")
    time.sleep(PLAYED_S)
    return at


def die(at: int) -> int:
    os._exit(at)


@pytest.mark.slow
@pytest.mark.parametrize("workers_count", [1, 2])
def test_every_run_is_given_once(tmp_path: Path, workers_count: int) -> None:
    tasks = [(tmp_path, at) for at in (0, 2, 3)]
    assert sorted(as_they_end(play, tasks, workers_count)) == [0, 2, 3]


@pytest.mark.slow
def test_an_error_leaves_what_has_not_begun_and_gives_what_has(tmp_path: Path) -> None:
    runs = as_they_end(play, [(tmp_path, at) for at in range(40)], 2)
    found: list[int] = []
    with pytest.raises(DeskRejected, match="no price at the end"):
        found.extend(runs)
    begun = {int(each.name) for each in tmp_path.iterdir()}
    assert set(found) == begun - {1}
    assert len(begun) < 10


def test_a_process_that_dies_is_told_and_is_no_bug() -> None:
    with pytest.raises(RequestRejected, match="ended without an answer"):
        list(as_they_end(die, [1, 2, 3], 2))


_STOPPED = """
import sys
from pathlib import Path
from hedgerow.app.shared_runs import as_they_end
from tests.rooms.app.test_shared_runs import play

if __name__ == "__main__":
    for each in as_they_end(play, [(Path(sys.argv[1]), at) for at in range(2, 400)], 2):
        print(each, flush=True)
"""


@pytest.mark.slow
def test_who_stops_by_hand_need_not_wait_for_the_rest(tmp_path: Path) -> None:
    """Ctrl-C reaches the whole group of processes at once."""
    script, begun = tmp_path / "stopped.py", tmp_path / "begun"
    begun.mkdir()
    script.write_text(_STOPPED, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(begun)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    assert len(list(begun.iterdir())) < 200
