"""Which of the names there are was probably meant by one that is none."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["name_meant"]


def name_meant(name: str, known: Iterable[str], *, near_frac: float = 0.6) -> str | None:
    """Give the nearest of the names there are; None where none is as near as that.

    Parameters
    ----------
    near_frac
        How much of two names must be alike (difflib's ratio).

    >>> name_meant("rulbook", ["rulebook", "venue"])
    'rulebook'
    """
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=near_frac)), None)
