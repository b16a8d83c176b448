"""However many threads there are, every bit of a result is the same."""

import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from threading import Barrier, Thread, current_thread
from time import sleep
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    EuropeanColumns,
    ScenarioGrid,
    account_profits,
    account_scenario_profits,
    accounts,
    coin_greeks,
    european,
    european_greeks,
    implied,
    implied_vols,
    scenario_profits,
    scenarios,
    threads,
)
from hedgerow.pricing.kernels import vanilla
from hedgerow.pricing.threads import THREADS_COUNT_MAX, shared_out, shares

BLOCK = vanilla.BLOCK
SIZES = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1, 7 * BLOCK - 3, 8 * BLOCK + 77)
GRID = ScenarioGrid.product(
    price_moves_frac=(-0.3, 0.0, 0.2),
    vol_moves_frac=(0.0, 0.4),
    elapsed_years=(0.0, 0.3),
    basis_shifts_frac_per_year=(0.0, -0.1),
)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share out from the smallest size on, so that small tests have several shares."""
    monkeypatch.setattr(european, "_OPTIONS_COUNT_MIN", 1)
    monkeypatch.setattr(scenarios, "CELLS_COUNT_MIN", 1)
    monkeypatch.setattr(accounts, "CELLS_COUNT_MIN", 1)
    monkeypatch.setattr(accounts, "_SUMS_COUNT_MIN", 1)
    monkeypatch.setattr(implied, "_QUOTES_COUNT_MIN", 1)


def desk(count: int) -> EuropeanColumns:
    rng = np.random.default_rng(11)
    years = rng.uniform(0.0, 1.0, count)
    years[::97] = 0.0  # some rows at the edges
    forward = rng.uniform(1e3, 1e5, count)
    return EuropeanColumns(
        underlying_usd=forward,
        strike_usd=forward * rng.uniform(0.5, 2.0, count),
        vol_frac=rng.uniform(0.1, 2.0, count),
        expiry_years=years,
        is_call=rng.random(count) < 0.5,
        rate_frac_per_year=0.03,
    )


def held(accounts_count: int, count: int) -> sparse.csr_array:
    rng = np.random.default_rng(5)
    kept = rng.random((accounts_count, count)) < 20.0 / max(count, 20)
    dense = rng.normal(size=(accounts_count, count)) * kept
    dense[::4] = 0.0  # accounts that hold nothing, the first among them
    return sparse.csr_array(dense)


def everything(threads_count: int, count: int) -> list[Any]:
    options = desk(count)
    rows = np.full((14, count), np.nan)
    european_greeks(options, with_third_vol=True, threads_count=threads_count, out=rows)
    coin = np.full((15, count), np.nan)
    coin_greeks(options, threads_count=threads_count, out=coin)
    flags = np.arange(count) % 3 == 0
    profits = scenario_profits(options, GRID, is_coin_settled=flags, threads_count=threads_count)
    quantities = held(37, count)
    S, K, _, T, _, _, cp = options.given
    vols = implied_vols(rows[0], S, K, T, cp > 0, threads_count=threads_count)
    return [
        np.nan_to_num(vols.vol_frac),
        vols.reason_code,
        rows,
        coin,
        profits,
        account_profits(quantities, profits, threads_count=threads_count),
        account_scenario_profits(options, GRID, quantities, threads_count=threads_count),
    ]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("count", SIZES)
def test_results_are_the_same_to_the_last_bit(count: int) -> None:
    alone = everything(1, count)
    assert all(np.isfinite(part).all() for part in alone)
    for threads_count in (2, 3, 7):
        for mine, theirs in zip(alone, everything(threads_count, count), strict=True):
            assert mine.tobytes() == theirs.tobytes(), threads_count


def test_work_is_spread_over_threads_that_run_at_once() -> None:
    meeting = Barrier(3)  # nobody passes until all three are here
    seen = []

    def work(first: int, last: int) -> None:
        meeting.wait(timeout=30)
        seen.append((current_thread().name, first, last))

    shared_out(work, [(0, 2), (2, 4), (4, 5)])
    assert sorted(part[1:] for part in seen) == [(0, 2), (2, 4), (4, 5)]
    assert len({part[0] for part in seen}) == 3
    assert current_thread().name in {part[0] for part in seen}


@pytest.mark.usefixtures("eager")
def test_greeks_are_really_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[tuple[int, int]]] = []

    def watched(work: Callable[[int, int], None], parts: list[tuple[int, int]]) -> None:
        seen.append(parts)
        shared_out(work, parts)

    for module in (european, scenarios, accounts):
        monkeypatch.setattr(module, "shared_out", watched)
    everything(3, 3 * BLOCK)
    # Greeks, coin, profits, two of a table turned and contracted, two of the fused path.
    assert len(seen) == 7
    assert all(len(parts) == 3 for parts in seen)


def test_one_thread_does_what_is_too_little_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def watched(work: Callable[[int, int], None], parts: list[tuple[int, int]]) -> None:
        seen.append(len(parts))
        shared_out(work, parts)

    for module in (european, scenarios, accounts, implied):
        monkeypatch.setattr(module, "shared_out", watched)
    enough = 2 * european._OPTIONS_COUNT_MIN
    for count in (enough - 1, enough):
        european_greeks(desk(count), threads_count=7)
        coin_greeks(desk(count), threads_count=7)
    assert seen == [1, 1, 2, 2]
    seen.clear()
    enough = 2 * implied._QUOTES_COUNT_MIN
    for count in (enough - 1, enough):
        implied_vols(np.ones(count), 2.0, 2.0, 1.0, True, threads_count=7)
    assert seen == [1, 2]
    seen.clear()
    enough = -(-2 * scenarios.CELLS_COUNT_MIN // len(GRID))
    for count in (enough // 2, enough + 1):
        scenario_profits(desk(count), GRID, threads_count=7)
    assert seen == [1, 2]
    seen.clear()
    enough = -(-2 * accounts._SUMS_COUNT_MIN // len(GRID))  # holdings, one to an account
    profits = np.ones((len(GRID), 1))
    for count in (enough - len(GRID), enough + len(GRID)):
        account_profits(sparse.csr_array(np.ones((count, 1))), profits, threads_count=7)
    assert seen == [1, 1, 1, 2]  # each turns its table first


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("threads_count", [1, 2, 3, 7, 64])
def test_shares_are_whole_blocks_without_gaps(count: int, threads_count: int) -> None:
    parts = shares(count, threads_count=threads_count, block_count=BLOCK, share_count_min=1)
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]
    assert (parts[0][0], parts[-1][1]) == (0, count) if count else parts == []
    assert all(first % BLOCK == 0 and first < last for first, last in parts)
    assert len(parts) <= threads_count
    sizes = [-(-(last - first) // BLOCK) for first, last in parts]
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_too_little_for_two_stays_in_one() -> None:
    def cut(count: int, threads_count: int) -> list[tuple[int, int]]:
        return shares(count, threads_count=threads_count, block_count=512, share_count_min=1_024)

    assert cut(2_047, 2) == [(0, 2_047)]
    assert cut(2_048, 2) == [(0, 1_024), (1_024, 2_048)]
    assert len(cut(3_071, 7)) == 2
    assert len(cut(3_072, 7)) == 3
    assert all(last - first >= 1_024 for first, last in cut(7 * 1_024, 7))


@pytest.mark.parametrize("threads_count", [0, -1, THREADS_COUNT_MAX + 1, 2.5, 1.0, True])
def test_a_count_that_cannot_be_is_refused(threads_count: Any) -> None:
    options = desk(3)
    quantities = held(2, 3)
    with pytest.raises(
        OutOfDomain,
        match=f"threads_count must be a whole number from 1 to 64, was {threads_count}",
    ):
        european_greeks(options, threads_count=threads_count)
    with pytest.raises(OutOfDomain, match="threads_count"):
        coin_greeks(options, threads_count=threads_count)
    with pytest.raises(OutOfDomain, match="threads_count"):
        scenario_profits(options, GRID, threads_count=threads_count)
    with pytest.raises(OutOfDomain, match="threads_count"):
        implied_vols(1.0, 2.0, 2.0, 1.0, True, threads_count=threads_count)
    with pytest.raises(OutOfDomain, match="threads_count"):
        account_profits(quantities, np.zeros((2, 3)), threads_count=threads_count)
    with pytest.raises(OutOfDomain, match="threads_count"):
        account_scenario_profits(options, GRID, quantities, threads_count=threads_count)


def test_an_error_comes_out_after_all_have_ended() -> None:
    ended = []

    def work(first: int, last: int) -> None:
        if first == 1:
            raise ValueError(f"share {first} to {last}")
        ended.append(first)

    with pytest.raises(ValueError, match="share 1 to 2"):
        shared_out(work, [(0, 1), (1, 2), (2, 3)])
    assert sorted(ended) == [0, 2]
    with pytest.raises(ValueError, match="share 1 to 2"):
        shared_out(work, [(1, 2), (3, 4)])
    assert sorted(ended) == [0, 2, 3]


def test_a_thread_that_does_not_start_leaves_nobody_writing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "_pool", None)
    start = Thread.start
    started: list[str] = []

    def few(self: Thread) -> None:
        if self.name.startswith("hedgerow-pricing") and started:
            raise RuntimeError("can't start new thread")
        started.append(self.name)
        start(self)

    monkeypatch.setattr(Thread, "start", few)
    room = np.zeros(4)

    def work(first: int, last: int) -> None:
        sleep(0.05)
        room[first] += 1.0

    shared_out(work, [(0, 1), (1, 2), (2, 3), (3, 4)])
    after = room.copy()
    assert after.tolist() == [1.0] * 4
    sleep(0.2)  # nobody comes late, and nobody twice
    assert room.tolist() == after.tolist()
    assert any(name.startswith("hedgerow-pricing") for name in started)


def test_without_a_thread_the_caller_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_pool", None)

    def none(self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", none)
    seen = []
    shared_out(lambda first, last: seen.append((first, current_thread().name)), [(0, 1), (1, 2)])
    assert sorted(seen) == [(0, current_thread().name), (1, current_thread().name)]


def test_work_may_share_out_its_own() -> None:
    found: list[int] = []

    def work(first: int, last: int) -> None:
        shared_out(lambda a, b: found.append(10 * first + a), [(0, 1), (1, 2)])

    shared_out(work, [(first, first + 1) for first in range(THREADS_COUNT_MAX + 6)])
    assert sorted(found) == sorted(10 * i + j for i in range(THREADS_COUNT_MAX + 6) for j in (0, 1))


LATE = """
import atexit
from threading import current_thread
from hedgerow.pricing.threads import shared_out
{before}
seen = []
def late():
    shared_out(lambda first, last: seen.append(first), [(0, 1), (1, 2), (2, 3)])
    print(sorted(seen))
atexit.register(late)
"""


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", "shared_out(lambda a, b: None, [(0, 1), (1, 2)])"])
def test_when_the_interpreter_ends_the_caller_does_it_all(before: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LATE.format(before=before)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[0, 1, 2]"), done.stderr


def _sums(answers: Any) -> None:
    found: list[int] = []
    shared_out(lambda first, last: found.append(last - first), [(0, 2), (2, 5)])
    answers.put(sorted(found))


def test_no_lock_of_ours_can_be_left_locked_by_a_fork() -> None:
    for holder in (threads, vanilla.greeks):
        own = [each for each in vars(holder).values() if not isinstance(each, type)]
        assert not [each for each in own if hasattr(each, "acquire")]


# A fork beside running threads is what this test is about.
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_makes_threads_of_its_own() -> None:
    shared_out(lambda first, last: None, [(0, 1), (1, 2)])
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_sums, args=(answers,))
    child.start()
    try:
        assert answers.get(timeout=30) == [2, 3]
    finally:
        child.join(timeout=30)
        if child.is_alive():
            child.terminate()
    assert child.exitcode == 0
