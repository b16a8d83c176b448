"""Rungs that do not flap: up at once, down only from well inside a bound and after a while.

A number that passes a bound raises the rung at once. To lower it again the number must lie 5 %
inside the bound, and the rung must have stood for its dwell. Between the two nothing changes. It is
a pure function of what was held, what is measured and the time, so whoever keeps what was held (a
process, a file) gives the same answer.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hedgerow.limits.judge import breaches, rung_at
from hedgerow.limits.records import METRICS, Breach, Held, Key, LimitState
from hedgerow.limits.seen import Rung

__all__ = ["CLEAR_FRAC", "held", "level_held", "told_anew"]

CLEAR_FRAC = 0.05
"""How far inside a bound a number must lie before its rung falls."""

_LADDER: Sequence[Rung] = ("calm", "watch", "soft", "hard")


def level_held(
    before_index: int,
    since_ns: int,
    passed_index: int,
    cleared_index: int,
    time_ns: int,
    dwell_ns: int,
) -> int:
    """Give the rung of a ladder by what it was and what is measured.

    Parameters
    ----------
    passed_index
        The rung of the bounds as they are set.
    cleared_index
        The rung of the bounds moved inside: never below `passed_index`.
    """
    if passed_index >= before_index:
        return passed_index
    if time_ns - since_ns < dwell_ns:
        return before_index
    return max(passed_index, min(before_index, cleared_index))


def held(before: Held | None, state: LimitState, time_ns: int) -> Held:
    """Give what a limit stands at after one more look."""
    passed, cleared = _levels(state, before)
    level = passed
    since_ns = time_ns
    if before is not None:
        level = level_held(
            before.level_index, before.since_ns, passed, cleared, time_ns, state.dwell_ns
        )
        since_ns = before.since_ns if level == before.level_index else time_ns
    is_apart = state.rung in ("unknown", "expired")
    return Held(
        node=state.node,
        metric=state.metric,
        of=state.of,
        soft_frac_usd_or_coin=state.soft_frac_usd_or_coin,
        hard_frac_usd_or_coin=state.hard_frac_usd_or_coin,
        rung=state.rung if is_apart else _LADDER[level],
        level_index=level,
        since_ns=since_ns,
        owner=state.owner,
    )


def told_anew(
    before: Mapping[Key, Held], states: Iterable[LimitState], time_ns: int, inputs_hash: str = ""
) -> tuple[tuple[Held, ...], tuple[Breach, ...]]:
    """Give what every limit stands at now, and the breaches that nobody was told of before.

    One alert is about one limit on one node at one rung: it is told again only after the rung
    changed. Breaches have the rung that is held, not the one that was measured.
    """
    stands, anew = [], []
    for state in states:
        former = before.get(state.key)
        now = held(former, state, time_ns)
        stands.append(now)
        if former is None or former.rung != now.rung:
            anew.append(msgspec.structs.replace(state, rung=now.rung))
    return tuple(stands), breaches(anew, inputs_hash)


def _levels(state: LimitState, before: Held | None) -> tuple[int, int]:
    """Give the level by the bounds as set, and by those moved inside."""
    number = state.value_frac_usd_or_coin
    if number is None:
        # Hard without a number is hard; an unknown one leaves everything as it was.
        last = 0 if before is None else before.level_index
        level = _LADDER.index("hard") if state.rung == "hard" else last
        return level, level
    side = METRICS[state.metric].side
    soft, hard = state.soft_frac_usd_or_coin, state.hard_frac_usd_or_coin
    # Nothing lies further inside than the end of a search within which nothing breaks.
    inside_frac = 0.0 if state.toward == "nowhere" else CLEAR_FRAC
    return (
        _LADDER.index(rung_at(side, soft, hard, number)),
        _LADDER.index(rung_at(side, soft, hard, number, inside_frac)),
    )
