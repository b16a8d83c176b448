"""What an episode could not know and which limits it broke, gathered over all of its frames."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from hedgerow.limits import METRICS, LimitState
from hedgerow.reporting.measures import is_exhausted, use_frac
from hedgerow.reporting.records import AccountGap, LimitTrouble
from hedgerow.simulation import AccountFrame, Frame, Undone

__all__ = ["account_gaps", "is_unjudged", "limit_troubles", "undone_steps"]


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
    said = Counter(
        state.message
        for frame in blind
        for state in frame.limits
        if state.rung == "unknown" and state.message and state.node.split("/")[-1] == account_id
    )
    if not said:
        said = Counter(message for frame in blind for message in frame.missing)
        named = Counter({message: n for message, n in said.items() if account_id in message})
        said = named or said
    return said.most_common(1)[0][0] if said else ""


def limit_troubles(
    frames: Sequence[Frame], rung: Literal["hard", "unknown"]
) -> tuple[LimitTrouble, ...]:
    """Every limit that stood on a rung in some frame; those that still do at the end come first."""
    rows: dict[tuple[str, str, float], list[tuple[int, LimitState]]] = {}
    for at, frame in enumerate(frames):
        for state in frame.limits:
            if state.rung == rung:
                key = (state.node, state.metric, state.hard_frac_usd_or_coin)
                rows.setdefault(key, []).append((at, state))
    troubles = [_trouble(frames, rung, found) for found in rows.values()]
    return tuple(sorted(troubles, key=lambda each: not each.is_at_end))


def _trouble(
    frames: Sequence[Frame],
    rung: Literal["hard", "unknown"],
    found: Sequence[tuple[int, LimitState]],
) -> LimitTrouble:
    states = [state for _, state in found]
    # Hard without a value is no equity at all: nothing is worse.
    valueless = [state for state in states if state.value_frac_usd_or_coin is None]
    worst = valueless[-1] if valueless else max(states, key=_badness)
    return LimitTrouble(
        node=worst.node,
        metric=worst.metric,
        rung=rung,
        hard_frac_usd_or_coin=worst.hard_frac_usd_or_coin,
        frames_count=len({at for at, _ in found}),
        value_worst_frac_usd_or_coin=worst.value_frac_usd_or_coin,
        time_first_ns=frames[found[0][0]].time_ns,
        time_last_ns=frames[found[-1][0]].time_ns,
        is_at_end=found[-1][0] == len(frames) - 1,
        message=worst.message,
    )


def _badness(state: LimitState) -> float:
    size = abs(state.value_frac_usd_or_coin or 0.0)
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
