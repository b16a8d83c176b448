"""What an episode could not know and which limits it broke, gathered over all of its frames."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from hedgerow.execution import Liquidation
from hedgerow.limits import METRICS, Key, LimitState
from hedgerow.reporting.measures import is_exhausted, use_frac
from hedgerow.reporting.records import AccountGap, LimitTrouble
from hedgerow.simulation import AccountFrame, Frame, Undone
from hedgerow.units import to_model

__all__ = ["account_gaps", "is_unjudged", "limit_troubles", "undone_steps"]


# A number in a message, which may change from frame to frame while the trouble stays the same.
_NUMBER = re.compile(r"\d[\d,.]*")


class _Seen(NamedTuple):
    """A limit on the rung asked for, in a frame or at a liquidation."""

    time_ns: int
    state: LimitState
    is_liquidated: bool


def is_unjudged(account: AccountFrame) -> bool:
    """Whether nobody can say how near to liquidation an account is."""
    use_is_known = is_exhausted(account) or use_frac(account) is not None
    return not (use_is_known and account.is_distance_known)


def account_gaps(frames: Sequence[Frame]) -> tuple[AccountGap, ...]:
    """Every account that could not be judged in some frame, in the order of the frames."""
    rows: dict[str, list[int]] = {}
    seen: Counter[str] = Counter()
    for at, frame in enumerate(frames):
        for account in frame.accounts:
            seen[account.account_id] += 1
            if is_unjudged(account):
                rows.setdefault(account.account_id, []).append(at)
    return tuple(
        AccountGap(
            account_id=account_id,
            unknown_count=len(at),
            frames_count=seen[account_id],
            stretches_count=sum(n == 0 or at[n - 1] != row - 1 for n, row in enumerate(at)),
            time_first_ns=frames[at[0]].time_ns,
            time_last_ns=frames[at[-1]].time_ns,
            length_ns=sum(
                frames[min(row + 1, len(frames) - 1)].time_ns - frames[row].time_ns for row in at
            ),
            reason=_reason(account_id, [frames[row] for row in at]),
        )
        for account_id, at in rows.items()
    )


def _reason(account_id: str, blind: Sequence[Frame]) -> str:
    """Why an account could not be judged, as its own limits say, else what its frames miss."""
    said = [
        state.message
        for frame in blind
        for state in frame.limits
        if state.rung == "unknown" and state.message and _account_of(state) == account_id
    ]
    if not said:
        missing = [message for frame in blind for message in frame.missing]
        said = [message for message in missing if account_id in message] or missing
    return _most_said(said)


def _most_said(messages: Sequence[str]) -> str:
    """Give the last message of the most frequent kind; an age that grows is one kind throughout."""
    kinds = [_NUMBER.sub("", message) for message in messages]
    if not kinds:
        return ""
    ((most, _),) = Counter(kinds).most_common(1)
    return next(m for m, kind in zip(messages[::-1], kinds[::-1], strict=True) if kind == most)


def _account_of(state: LimitState) -> str:
    return state.node.split("/")[-1]


def limit_troubles(
    frames: Sequence[Frame],
    rung: Literal["hard", "unknown"],
    liquidations: Sequence[Liquidation] = (),
) -> tuple[LimitTrouble, ...]:
    """Every limit that stood on a rung in some frame; those that still do at the end come first.

    A liquidation breaks every limit on its account, whatever the frames before and after it say:
    after it the account is better off.
    """
    rows: dict[Key, list[_Seen]] = {}
    limited: dict[Key, LimitState] = {}
    for frame in frames:
        for state in frame.limits:
            key = state.key
            if METRICS[state.metric].is_of_account:
                limited[key] = state
            if state.rung == rung:
                rows.setdefault(key, []).append(_Seen(frame.time_ns, state, is_liquidated=False))
    for key, state in limited.items() if rung == "hard" else ():
        for hit in liquidations:
            if hit.account_id == _account_of(state):
                rows.setdefault(key, []).append(_liquidated(state, hit))
    troubles = [_trouble(frames, rung, found) for found in rows.values()]
    return tuple(sorted(troubles, key=lambda each: not each.is_at_end))


def _liquidated(state: LimitState, hit: Liquidation) -> _Seen:
    """Give a limit on an account at the moment the venue acted."""
    use = None if hit.use_frac is None else to_model(hit.use_frac)
    value = 0.0 if METRICS[state.metric].side == "floor" else use
    message = "liquidated" if value is not None else "no equity left"
    broken = replace(
        state, rung="hard", value_frac_usd_or_coin=value, message=message, toward="", missing=()
    )
    return _Seen(hit.time_ns, broken, is_liquidated=True)


def _trouble(
    frames: Sequence[Frame], rung: Literal["hard", "unknown"], found: Sequence[_Seen]
) -> LimitTrouble:
    in_frames = [seen for seen in found if not seen.is_liquidated]
    # Of equals a liquidation, else the first; of those without a value the last.
    most = max((_badness(seen.state), seen.is_liquidated) for seen in found)
    equals = [seen for seen in found if (_badness(seen.state), seen.is_liquidated) == most]
    worst = equals[-1 if most[0] == math.inf else 0]
    state = worst.state
    times_ns = [seen.time_ns for seen in found]
    return LimitTrouble(
        node=state.node,
        metric=state.metric,
        rung=rung,
        hard_frac_usd_or_coin=state.hard_frac_usd_or_coin,
        frames_count=len({seen.time_ns for seen in in_frames}),
        value_worst_frac_usd_or_coin=state.value_frac_usd_or_coin,
        time_first_ns=min(times_ns),
        time_last_ns=max(times_ns),
        is_at_end=any(seen.time_ns == frames[-1].time_ns for seen in in_frames),
        message=_most_said([seen.state.message for seen in found])
        if rung == "unknown"
        else state.message,
        is_liquidated=worst.is_liquidated,
        toward=state.toward,
    )


def _badness(state: LimitState) -> float:
    if state.value_frac_usd_or_coin is None:
        return math.inf  # hard without a value is no equity at all: nothing is worse
    size = abs(state.value_frac_usd_or_coin)
    return -size if METRICS[state.metric].side == "floor" else size


def undone_steps(undone: Sequence[Undone]) -> int:
    """Steps in which something was left undone, at least.

    Rows that overlap in time may share their steps, so of each bundle of them the longest counts.
    """
    total = longest = 0
    end_ns: int | None = None
    for each in sorted(undone, key=lambda each: each.first_ns):
        if end_ns is None or each.first_ns > end_ns:
            total, longest, end_ns = total + longest, 0, each.last_ns
        longest, end_ns = max(longest, each.steps_count), max(end_ns, each.last_ns)
    return total + longest
