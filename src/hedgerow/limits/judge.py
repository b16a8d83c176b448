"""Compare what is with what a person allowed.

A limit's rung: `calm`, `watch` from 70 % of soft, `soft`, `hard`, and `unknown` where the number
cannot be known. Unknown is a breach of its own kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureRow, ExposureTable
from hedgerow.limits.records import METRICS, Breach, Limit, LimitState, Rung
from hedgerow.margin import MarginReport
from hedgerow.solvency import Distance
from hedgerow.units import to_model

__all__ = ["breaches", "judge", "rung_of"]

_WATCH_FRAC = 0.7
_WORST_FIRST: Mapping[Rung, int] = {"unknown": 0, "hard": 1, "soft": 2, "watch": 3, "calm": 4}


def judge(
    limits: Iterable[Limit],
    exposures: ExposureTable,
    reports: Mapping[str, Outcome[MarginReport]],
    distances: Mapping[str, Outcome[Distance]],
) -> tuple[LimitState, ...]:
    """Give the state of every limit on every node it covers, worst first.

    Parameters
    ----------
    reports, distances
        By account node, such as ``desk/binance/perp``; accounts that nothing can liquidate have
        none.
    """
    states: list[LimitState] = []
    for limit in limits:
        if METRICS[limit.metric].is_of_account:
            for node in reports:
                if _covers(limit.scope, node):
                    states.append(_judge_account(limit, node, reports[node], distances[node]))
        else:
            for row in exposures.rows:
                if _covers(limit.scope, row.node):
                    states.append(_judge_exposure(limit, row))
    return tuple(sorted(states, key=lambda state: (_WORST_FIRST[state.rung], state.node)))


def breaches(states: Sequence[LimitState]) -> tuple[Breach, ...]:
    """Keep the states that call for action."""
    return tuple(
        Breach(state=state) for state in states if state.rung in ("soft", "hard", "unknown")
    )


def rung_of(limit: Limit, metric_frac_usd_or_coin: float) -> Rung:
    """Place a known number on the ladder; at a bound counts as beyond it."""
    if limit.side == "ceiling":
        size = abs(metric_frac_usd_or_coin)
        over = [
            size >= bound for bound in (limit.hard_frac_usd_or_coin, limit.soft_frac_usd_or_coin)
        ]
        near = size >= _WATCH_FRAC * limit.soft_frac_usd_or_coin
    else:
        bounds = (limit.hard_frac_usd_or_coin, limit.soft_frac_usd_or_coin)
        over = [metric_frac_usd_or_coin <= bound for bound in bounds]
        near = metric_frac_usd_or_coin <= limit.soft_frac_usd_or_coin / _WATCH_FRAC
    if over[0]:
        return "hard"
    if over[1]:
        return "soft"
    return "watch" if near else "calm"


def _covers(scope: str, node: str) -> bool:
    """Match step by step: ``desk/*/*`` is every account, not everything below one."""
    wanted, steps = scope.split("/"), node.split("/")
    return len(wanted) == len(steps) and all(map(fnmatchcase, steps, wanted))


def _judge_account(
    limit: Limit,
    node: str,
    report: Outcome[MarginReport],
    distance: Outcome[Distance],
) -> LimitState:
    source: Outcome[MarginReport] | Outcome[Distance] = (
        report if limit.metric == "margin_use_frac" else distance
    )
    if isinstance(source, Failure):
        return _state(limit, node, None, "unknown", source.message)
    if isinstance(source, MarginReport):
        use = source.use_frac
        if use is None:
            return _state(limit, node, None, "hard", "equity is not positive")
        return _state(limit, node, to_model(use), None, f"requirement is {use:.1%} of equity")
    nearest = source.nearest_frac
    if nearest is None:
        # Known to be further than anything searched: report the edge of the search, not infinity.
        edge = min(abs(source.searched_down_frac), source.searched_up_frac)
        return _state(limit, node, edge, None, f"no breach within {edge:.0%} of the joint spot")
    is_fall = source.down_frac is not None and abs(source.down_frac) == nearest
    way = "fall" if is_fall else "rise"
    return _state(limit, node, nearest, None, f"breaks after a {way} of {nearest:.1%}")


def _judge_exposure(limit: Limit, row: ExposureRow) -> LimitState:
    if row.missing:
        names = ", ".join(sorted({failure.subject for failure in row.missing}))
        return _state(limit, row.node, None, "unknown", f"incomplete, missing: {names}")
    metric: float | None = getattr(row, limit.metric)
    if metric is None:
        said = f"{limit.metric} of a node that joins several coins: coins of two kinds do not add"
        return _state(limit, row.node, None, "unknown", said)
    digits = ".0f" if abs(metric) >= 1_000 else ".4g"
    return _state(limit, row.node, metric, None, f"{limit.metric} is {metric:,{digits}}")


def _state(
    limit: Limit, node: str, metric: float | None, rung: Rung | None, message: str
) -> LimitState:
    if rung is None:
        assert metric is not None
        rung = rung_of(limit, metric)
    return LimitState(
        node=node,
        metric=limit.metric,
        value_frac_usd_or_coin=metric,
        soft_frac_usd_or_coin=limit.soft_frac_usd_or_coin,
        hard_frac_usd_or_coin=limit.hard_frac_usd_or_coin,
        rung=rung,
        message=message,
    )
