"""Which of several dated rulebooks of one venue applies at a time."""

from collections.abc import Iterable

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.records import Rulebook
from hedgerow.units import format_ns, parse_ns

__all__ = ["in_force"]


def in_force(rulebooks: Iterable[Rulebook], venue: str, time_ns: int) -> Outcome[Rulebook]:
    """Give the venue's latest rulebook known to hold at a time.

    A rulebook holds from the first moment, in UTC, of its `as_of` until the next one of its venue.

    Returns
    -------
    Rulebook or Failure
        A Failure where the venue has none yet, or two of the same day: the first would be a guess
        at a past that nobody wrote down, the second a choice that nobody made.
    """
    of_venue = [each for each in rulebooks if each.venue == venue]
    begun = [each for each in of_venue if parse_ns(each.as_of) <= time_ns]
    if not begun:
        first = min((each.as_of for each in of_venue), default=None)
        told = "there is none at all" if first is None else f"the first is of {first}"
        return Failure(
            subject=venue,
            reason="missing_data",
            message=f"no rulebook of {venue} holds at {format_ns(time_ns)}; {told}",
        )
    latest = max(each.as_of for each in begun)
    found = [each for each in begun if each.as_of == latest]
    if len(found) > 1:
        names = ", ".join(sorted(each.name for each in found))
        return Failure(
            subject=venue,
            reason="unsupported",
            message=f"{venue} has {len(found)} rulebooks of {latest}: {names}; name one of them",
        )
    return found[0]
