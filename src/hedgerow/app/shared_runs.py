"""Runs shared between processes, given as they end; what has ended is never thrown away.

Where a run raises, no other is begun, what is being played ends and is given, and then the error is
raised. Whoever is stopped by hand stops at once, and so do the processes.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

from hedgerow.errors import RequestRejected

__all__ = ["as_they_end"]

T = TypeVar("T")
R = TypeVar("R")


def as_they_end(play: Callable[[T], R], tasks: Sequence[T], workers_count: int) -> Iterator[R]:
    """Play every task, in this process where one worker is asked for.

    Raises
    ------
    RequestRejected
        If a process ended without an answer, as it does where memory is short.
    """
    if workers_count == 1:
        yield from map(play, tasks)
        return
    with ProcessPoolExecutor(
        workers_count, mp_context=get_context("spawn"), initializer=_end_by_hand
    ) as pool:
        yield from _given(pool, play, iter(tasks), workers_count)


def _given(
    pool: ProcessPoolExecutor, play: Callable[[T], R], left: Iterator[T], workers_count: int
) -> Iterator[R]:
    """Hand out one run a process, so that nothing waits there that nobody wants any more."""
    running = {pool.submit(play, task) for task in islice(left, workers_count)}
    first: BaseException | None = None
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for each in done:
            first = first or _error(each)
        if first is None:
            running |= {pool.submit(play, task) for task in islice(left, len(done))}
        for each in done:
            if each.exception() is None:
                yield each.result()
    if first is not None:
        raise first


def _error(ended: Future[R]) -> BaseException | None:
    error = ended.exception()
    if not isinstance(error, BrokenProcessPool):
        return error
    said = RequestRejected(
        "--workers: a process ended without an answer, as where memory is short; ask for fewer"
    )
    said.__cause__ = error
    return said


def _end_by_hand() -> None:
    """Let ctrl-C, which reaches every process of a terminal, end this one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
