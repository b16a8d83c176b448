"""A process that grows, keeps files open or remembers is not the one it was."""

import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from tools import load

WARM = load.Held(memory_mib=100.0, files_count=7, threads_count=2)


def looks(*then: load.Held) -> Callable[[], load.Held]:
    told: Iterator[load.Held] = chain(then, repeat(then[-1]))
    return lambda: next(told)


def test_a_process_that_stays_the_same_passes() -> None:
    seen: list[int] = []

    def run(seed: int) -> str:
        seen.append(seed)
        return f"head {seed}"

    assert load.sustained(run, seed=40, seconds=0.0, now_held=looks(WARM)) == 6
    assert seen == [40, 41, 42, 43, 44, 45, 40]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (load.Held(memory_mib=200.0, files_count=7, threads_count=2), "100 MiB more after 6 runs"),
        (load.Held(memory_mib=100.0, files_count=8, threads_count=2), "files_count=8"),
        (load.Held(memory_mib=100.0, files_count=7, threads_count=3), "threads_count=3"),
    ],
)
def test_a_process_that_holds_more_fails(end: load.Held, said: str) -> None:
    with pytest.raises(load.Wrong, match=said):
        load.sustained(str, seed=0, seconds=0.0, now_held=looks(WARM, end))


def test_a_process_that_remembers_fails() -> None:
    count = iter(range(100))
    with pytest.raises(load.Wrong, match="gave chain head 0 first and 6 after 6 runs"):
        load.sustained(lambda _: str(next(count)), seed=0, seconds=0.0, now_held=looks(WARM))


def test_a_process_that_slows_down_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"wall": 0.0, "processor": 0.0, "runs": 0.0}

    def run(seed: int) -> str:
        clock["runs"] += 1
        clock["wall"] += 1.0
        clock["processor"] += 1.0 + clock["runs"] / 20
        return str(seed)

    monkeypatch.setattr(time, "monotonic", lambda: clock["wall"])
    monkeypatch.setattr(time, "process_time", lambda: clock["processor"])
    with pytest.raises(load.Wrong, match="a run takes"):
        load.sustained(run, seed=0, seconds=60.0, now_held=looks(WARM))


def test_it_looks_at_this_very_process() -> None:
    with open(__file__, encoding="utf-8"):
        inside = load.held()
    outside = load.held()
    assert inside.memory_mib == 0 or inside.memory_mib > 10
    assert inside.files_count == 0 or inside.files_count == outside.files_count + 1


@pytest.mark.slow
def test_the_small_desk_is_run_again_and_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main(["--seconds", "1"]) == 0
    assert int(capsys.readouterr().out.split()[0]) >= 6
