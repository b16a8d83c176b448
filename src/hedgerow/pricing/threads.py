"""Sharing a long column among threads, so that no result depends on how many there are.

Kernels let go of the interpreter, so threads run them at once. A share begins at a multiple of the
kernel's block: every row is then computed by the same instructions in the same place of a block,
whoever computes it. Below a size that pays, one thread does everything. How many there may be is
said by the caller; nobody here asks the machine.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from threading import Lock, Thread, current_thread
from typing import Final

from hedgerow.errors import OutOfDomain

__all__ = ["THREADS_COUNT_MAX", "shared_out", "shares"]

THREADS_COUNT_MAX: Final = 64

_lock = Lock()
_pool: ThreadPoolExecutor | None = None
_workers: list[Thread] = []


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
        If `threads_count` is not from 1 to 64.
    """
    if not 1 <= threads_count <= THREADS_COUNT_MAX:
        raise OutOfDomain(
            f"threads_count must be from 1 to {THREADS_COUNT_MAX}, was {threads_count}"
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
    """Do the work of every share, the first in the calling thread, and wait for all of them.

    Parameters
    ----------
    work
        Called with (first, last). It must not share out work of its own: every worker could be
        waiting for another.
    parts
        From `shares`.

    Raises
    ------
    Exception
        What the first share that failed has raised, after all have ended.
    """
    if len(parts) < 2:
        for first, last in parts:
            work(first, last)
        return
    pool = _ready()
    others = [pool.submit(work, first, last) for first, last in parts[1:]]
    try:
        work(*parts[0])
    finally:
        wait(others)
    for other in others:
        other.result()


def _ready() -> ThreadPoolExecutor:
    """Give the pool; a process that was forked has inherited one without its threads."""
    global _pool
    with _lock:
        if _pool is None or not all(worker.is_alive() for worker in _workers):
            _workers.clear()
            _pool = ThreadPoolExecutor(
                THREADS_COUNT_MAX,
                thread_name_prefix="hedgerow-pricing",
                initializer=lambda: _workers.append(current_thread()),
            )
        return _pool
