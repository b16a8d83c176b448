"""Lengths of time as a person writes them behind a flag: 30m, 8h, 2d."""

from typing import Final, overload

from hedgerow.app.desk_fields import duration_ns
from hedgerow.errors import RequestRejected
from hedgerow.units import MINUTE_NS

__all__ = ["every_ns_of", "length_ns", "steps_ns_of"]

# From chain to chain, not at fixed times.
_CHAIN: Final = "chain"
_STEPS_COUNT_MAX: Final = 5_000


@overload
def length_ns(flag: str, written: str, least_ns: int = 1, *, other: str | None = None) -> int: ...
@overload
def length_ns(
    flag: str, written: str | None, least_ns: int = 1, *, other: str | None = None
) -> int | None: ...
def length_ns(
    flag: str, written: str | None, least_ns: int = 1, *, other: str | None = None
) -> int | None:
    """Read a length of time; None where none is written.

    Parameters
    ----------
    least_ns
        The least that may be meant: 1, or whole seconds.
    other
        The word that the flag takes in place of a length, named where this is none.

    Raises
    ------
    RequestRejected
        If it is none, or shorter.

    >>> length_ns("--within", "90s"), length_ns("--every", "1.5h", 60 * 10**9)
    (90000000000, 5400000000000)
    """
    if written is None:
        return None
    try:
        found_ns = int(duration_ns(written))
    except ValueError as bad:
        also = "" if other is None else f"; or write {other}"
        raise RequestRejected(f"{flag} {written}: {bad}{also}") from bad
    if found_ns < least_ns:
        least = {1: "above 0", MINUTE_NS: "at least a minute"}[least_ns]
        raise RequestRejected(f"{flag} {written}: must be {least}")
    return found_ns


def every_ns_of(every: str, window_ns: int) -> int | None:
    """Read how long an explained step is; None from chain to chain.

    Raises
    ------
    RequestRejected
        If it is no length, under a minute, or makes too many steps in the window.
    """
    return None if every == _CHAIN else steps_ns_of(every, window_ns, other=_CHAIN)


def steps_ns_of(every: str, window_ns: int, *, other: str | None = None) -> int:
    """Read how long a step is, of which not too many make the window; `other` as `length_ns`.

    Raises
    ------
    RequestRejected
        As `every_ns_of`.
    """
    every_ns = length_ns("--every", every, MINUTE_NS, other=other)
    if window_ns // every_ns > _STEPS_COUNT_MAX:
        raise RequestRejected(
            f"--every {every} makes more than {_STEPS_COUNT_MAX:,} steps; ask for longer ones"
        )
    return every_ns
