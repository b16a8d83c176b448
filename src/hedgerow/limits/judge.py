"""Compare what is with what a person allowed.

A limit's rung: `calm`, `watch` from 70 % of soft, `soft`, `hard`; `expired` where nobody renewed
it, and `unknown` where the number cannot be known. Both of these are breaches of their own kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from msgspec.structs import replace

from hedgerow.limits.records import METRICS, Breach, Limit, LimitState
from hedgerow.limits.seen import Measured, Rung, Seen, Side
from hedgerow.units import format_ns

__all__ = ["WORST_FIRST", "breaches", "covers", "judge", "levels_passed", "rung_at", "rung_of"]

_WATCH_FRAC = 0.7
WORST_FIRST: Final[Mapping[Rung, int]] = {
    "unknown": 0,
    "hard": 1,
    "expired": 2,
    "soft": 3,
    "watch": 4,
    "calm": 5,
}
# By how many of its three bounds are passed.
_BY_LEVEL: Final[tuple[Rung, ...]] = ("calm", "watch", "soft", "hard")


def judge(limits: Iterable[Limit], seen: Seen) -> tuple[LimitState, ...]:
    """Give the state of every limit on every node it covers, worst first.

    Accounts that nothing can liquidate have no requirement and no distance, and so no limit on
    either. A limit that covers nothing has no state, unless it has expired.
    """
    time_ns, states = seen.snapshot.time_ns, []
    for limit in limits:
        metric = METRICS[limit.metric]
        found = list(metric.measure(limit.metric, seen, limit.given, partial(covers, limit.scope)))
        if not found and limit.expires_ns is not None and time_ns >= limit.expires_ns:
            found = [Measured(limit.scope, None, "nothing is there now", "expired")]
        states += [_state(limit, each, time_ns) for each in found]
    return tuple(sorted(states, key=lambda state: (WORST_FIRST[state.rung], state.node)))


def breaches(states: Sequence[LimitState], inputs_hash: str = "") -> tuple[Breach, ...]:
    """Keep the states that call for action."""
    return tuple(
        Breach(state=state, inputs_hash=inputs_hash)
        for state in states
        if state.rung not in ("calm", "watch")
    )


def rung_of(limit: Limit, metric_frac_usd_or_coin: float) -> Rung:
    """Place a known number on the ladder; at a bound counts as beyond it."""
    soft, hard = limit.soft_frac_usd_or_coin, limit.hard_frac_usd_or_coin
    return rung_at(limit.side, soft, hard, metric_frac_usd_or_coin)


def rung_at(
    side: Side,
    soft_frac_usd_or_coin: float,
    hard_frac_usd_or_coin: float,
    metric_frac_usd_or_coin: float,
    inside_frac: float = 0.0,
) -> Rung:
    """Place a number on the ladder of bounds that lie so much further inside than they are set."""
    soft, hard = soft_frac_usd_or_coin, hard_frac_usd_or_coin
    watch = soft * _WATCH_FRAC if side == "ceiling" else soft / _WATCH_FRAC
    passed = levels_passed(side, (watch, soft, hard), metric_frac_usd_or_coin, inside_frac)
    return _BY_LEVEL[passed]


def levels_passed(
    side: Side,
    bounds_frac_usd_or_coin: Sequence[float],
    metric_frac_usd_or_coin: float,
    inside_frac: float = 0.0,
) -> int:
    """Give the place of the worst bound that a number is at or beyond, counted from 1; else 0.

    Bounds come mildest first. Of a ceiling the size of the number counts, of a floor the number.
    """
    bounds, number = bounds_frac_usd_or_coin, metric_frac_usd_or_coin
    if side == "ceiling":
        beyond = [abs(number) >= bound * (1.0 - inside_frac) for bound in bounds]
    else:
        beyond = [number <= bound * (1.0 + inside_frac) for bound in bounds]
    return max((at for at, is_beyond in enumerate(beyond, start=1) if is_beyond), default=0)


def covers(scope: str, node: str) -> bool:
    """Match step by step: ``desk/*/*`` is every account, not everything below one."""
    wanted, steps = scope.split("/"), node.split("/")
    return len(wanted) == len(steps) and all(map(fnmatchcase, steps, wanted))


def _state(limit: Limit, measured: Measured, time_ns: int) -> LimitState:
    rung, message, missing = measured.rung, measured.message, measured.missing
    if rung is None:
        assert measured.value_frac_usd_or_coin is not None, "a number, or why there is none"
        rung = rung_of(limit, measured.value_frac_usd_or_coin)
    assert rung != "unknown" or missing, "what is unknown is so for a reason"
    if limit.expires_ns is not None and time_ns >= limit.expires_ns:
        told = f"expired {format_ns(limit.expires_ns)}, renew it; "
        message = told + message
        missing = tuple(replace(each, message=told + each.message) for each in missing)
        if WORST_FIRST["expired"] < WORST_FIRST[rung]:
            rung = "expired"
    return LimitState(
        node=measured.node,
        metric=limit.metric,
        value_frac_usd_or_coin=measured.value_frac_usd_or_coin,
        soft_frac_usd_or_coin=limit.soft_frac_usd_or_coin,
        hard_frac_usd_or_coin=limit.hard_frac_usd_or_coin,
        rung=rung,
        message=message,
        of=limit.given.said,
        owner=limit.owner,
        expires_ns=limit.expires_ns,
        dwell_ns=limit.dwell_ns,
        toward=measured.toward,
        missing=missing,
    )
