"""Which limits a leg of a plan serves, by doing it alone, and the plan without it, exactly."""

from collections.abc import Callable, Collection, Mapping

from hedgerow.limits import LimitState, Survey
from hedgerow.limits.records import Key
from hedgerow.planning.beyond import outside_frac

__all__ = ["served"]

# Of a bound: what a leg moves by less is a rounding, or what its fee takes of a balance.
_LEAST_FRAC = 1e-6


def served(
    legs_count: int, surveyed: Callable[[Collection[int]], Survey]
) -> tuple[tuple[LimitState, ...], ...]:
    """Say for each leg which limits it serves.

    Those are the limits beyond soft now that the leg brings nearer when it is done alone, and those
    that would be further outside after the plan if it were left out.

    Parameters
    ----------
    surveyed
        The desk with some of the legs done, by their places.
    """
    every = frozenset(range(legs_count))
    now, after = surveyed(()), _by_key(surveyed(every))
    found = []
    for leg_index in range(legs_count):
        alone, without = _by_key(surveyed({leg_index})), _by_key(surveyed(every - {leg_index}))
        found.append(
            tuple(
                state
                for state in now.limits
                if _outside(alone, state) < outside_frac(state) - _LEAST_FRAC
                or _outside(without, state) > _outside(after, state) + _LEAST_FRAC
            )
        )
    return tuple(found)


def _by_key(survey: Survey) -> Mapping[Key, LimitState]:
    return {each.key: each for each in survey.limits}


def _outside(then: Mapping[Key, LimitState], state: LimitState) -> float:
    """Give how far outside a limit is then; what is not there any more is inside."""
    return outside_frac(then[state.key]) if state.key in then else 0.0
