"""Which of several dated rulebooks of one venue applies at a time, and by which names they go."""

from collections.abc import Iterable, Iterator, Mapping

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.records import Rulebook
from hedgerow.units import format_ns, parse_ns

__all__ = ["begun_in", "in_force", "rulebooks_at"]


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
        first = min(of_venue, key=lambda each: each.as_of, default=None)
        told = "there is none at all"
        if first is not None:
            told = f"the first is of {first.as_of}; write {first.name} to judge by it anyway"
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


def rulebooks_at(rulebooks: Mapping[str, Rulebook], time_ns: int) -> dict[str, Rulebook]:
    """Give every rulebook by its name, and by its venue the one in force at a time.

    An account that names a rulebook is judged by that one, whenever; one that names a venue by
    whatever holds then. A venue where none holds, or two do, is left out: who asks for it is told.
    """
    venues = dict.fromkeys(each.venue for each in rulebooks.values())
    found = ((venue, in_force(rulebooks.values(), venue, time_ns)) for venue in venues)
    return {venue: each for venue, each in found if not isinstance(each, Failure)} | dict(rulebooks)


def begun_in(
    rulebooks: Mapping[str, Rulebook], named: str, start_ns: int, end_ns: int
) -> Iterator[tuple[int, Outcome[Rulebook]]]:
    """Give what an account's rulebook is from a start to an end, each with the time it begins at.

    One for the name of a rulebook, as many as a venue's days there are for a venue. A Failure
    stands for a time in which none holds, or two do.
    """
    if named in rulebooks:
        yield start_ns, rulebooks[named]
        return
    days = {parse_ns(each.as_of) for each in rulebooks.values() if each.venue == named}
    for time_ns in (start_ns, *sorted(day for day in days if start_ns < day <= end_ns)):
        yield time_ns, in_force(rulebooks.values(), named, time_ns)
