"""Sharing a long column among threads, so that no result depends on how many there are.

Kernels let go of the interpreter, so threads run them at once. A share begins at a multiple of the
kernel's block: every row is then computed by the same instructions in the same place of a block,
whoever computes it. Below a size that pays, one thread does everything. How many there may be is
said by the caller; nobody here asks the machine.

There is no lock here that a fork could leave locked in the child: shares lie in a queue from which
whoever is free takes the next, the calling thread too, and a pool is put in its place by one
assignment. Where no thread can be had, the calling thread does everything.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Semaphore, Thread, current_thread
from typing import Final, final

import numpy as np

from hedgerow.errors import OutOfDomain

__all__ = ["THREADS_COUNT_MAX", "shared_out", "shares"]

THREADS_COUNT_MAX: Final = 64

_pool: "_Pool | None" = None


def shares(
    count: int, *, threads_count: int, block_count: int, share_count_min: int
) -> list[tuple[int, int]]:
    """Cut ``range(count)`` into at most so many shares, each (first, last), last not included.

    Parameters
    ----------
    threads_count
        How many shares at most; from 1 to 64.
    block_count
        Every share but the last is a whole number of blocks of so many.
    share_count_min
        No share of several is smaller than this, save that the last may lack part of a block.

    Returns
    -------
    list of tuple
        In order and without gaps; one share if there is too little for two, none for nothing.

    Raises
    ------
    OutOfDomain
        If `threads_count` is not a whole number from 1 to 64.
    """
    # A bool is an int to Python, and True threads a slip of the pen.
    given: object = threads_count
    is_whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
    if not is_whole or not 1 <= threads_count <= THREADS_COUNT_MAX:
        raise OutOfDomain(
            f"threads_count must be a whole number from 1 to {THREADS_COUNT_MAX}, was "
            f"{threads_count}"
        )
    if threads_count == 1 or count < 2 * max(share_count_min, 1):
        return [(0, count)] if count else []
    blocks_count = -(-count // block_count)
    shares_count = min(threads_count, count // max(share_count_min, 1), blocks_count)
    ends = [
        min(blocks_count * share // shares_count * block_count, count)
        for share in range(shares_count + 1)
    ]
    return [(first, last) for first, last in pairwise(ends) if first < last]


def shared_out(work: Callable[[int, int], None], parts: list[tuple[int, int]]) -> None:
    """Do the work of every share and wait for all of them; the calling thread takes its part.

    Parameters
    ----------
    work
        Called with (first, last), once for every share.
    parts
        From `shares`.

    Raises
    ------
    BaseException
        What the first share that failed has raised, after all have ended: nobody writes any more.
    """
    if len(parts) < 2:
        for first, last in parts:
            work(first, last)
        return
    task = _Task(work, parts)
    try:
        pool = _ready()
        for _ in parts[1:]:
            pool.executor.submit(task.take)
    except RuntimeError:
        # No more threads, or the interpreter is about to end: those that came are enough.
        pass
    finally:
        while task.take():
            pass
        task.wait()
    for trouble in task.troubles:
        if trouble is not None:
            raise trouble


@final
class _Task:
    """Shares of one call, each done once, by whoever comes first."""

    __slots__ = ("_ended", "_left", "_parts", "_work", "troubles")

    def __init__(self, work: Callable[[int, int], None], parts: list[tuple[int, int]]) -> None:
        self._work = work
        self._parts = parts
        self._left = deque(range(len(parts)))
        self._ended = Semaphore(0)
        self.troubles: list[BaseException | None] = [None] * len(parts)

    def take(self) -> bool:
        """Do one share; False if none was left."""
        try:
            at = self._left.popleft()
        except IndexError:
            return False
        try:
            self._work(*self._parts[at])
        except BaseException as trouble:
            self.troubles[at] = trouble
        finally:
            self._ended.release()
        return True

    def wait(self) -> None:
        """Wait until every share has ended, whoever presses a key meanwhile."""
        pressed: KeyboardInterrupt | None = None
        left = len(self._parts)
        while left:
            try:
                self._ended.acquire()
                left -= 1
            except KeyboardInterrupt as interrupt:
                pressed = interrupt
        if pressed is not None:
            raise pressed


@final
class _Pool:
    """Threads of this process; one at least has been seen alive."""

    __slots__ = ("executor", "workers")

    def __init__(self) -> None:
        workers: list[Thread] = []
        self.workers = workers
        self.executor = ThreadPoolExecutor(
            THREADS_COUNT_MAX,
            thread_name_prefix="hedgerow-pricing",
            initializer=lambda: workers.append(current_thread()),
        )
        self.executor.submit(int).result()


def _ready() -> _Pool:
    """Give the pool; a process that was forked has inherited one whose threads are dead."""
    global _pool
    pool = _pool
    if pool is None or not all(worker.is_alive() for worker in tuple(pool.workers)):
        # Two callers may make one each; the last stays, and the other ends with its call.
        pool = _pool = _Pool()
    return pool
