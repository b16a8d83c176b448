"""Limits, trades judged by them, suggestions and calls, as tables for the terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.limits import METRICS, TRIGGERS, Call, LimitState, OnLadder, PreTrade
from hedgerow.reporting.figures import UNKNOWN, exact, percent, quantity
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.wording import (
    SIGN_NOTE,
    distance_now,
    limit_now,
    limit_value,
    worst_first,
)
from hedgerow.units import format_ns

__all__ = ["call_tables", "check_tables", "limit_tables", "suggestion_tables"]

_HEAD: tuple[Column, ...] = (
    ("Limit on", "", False), ("Metric", "", False), ("Rung", "", False), ("Value", "", True),
    ("Soft", "", True), ("Hard", "", True), ("Owner", "", False), ("Expires", "", False),
    ("Remark", "", False),
)  # fmt: skip
_CHECK_HEAD: tuple[Column, ...] = (
    ("Limit on", "", False), ("Metric", "", False), ("Before", "", True), ("", "", False),
    ("After", "", True), ("", "", False), ("Hard", "", True), ("Objection", "", False),
)  # fmt: skip
_LADDER_HEAD: tuple[Column, ...] = (
    ("Account", "", False), ("Rung", "", False), ("Since", "", False),
    *((each.trigger.capitalize(), "", True) for each in TRIGGERS.values()),
    ("Why", "", False),
)  # fmt: skip
_WAY_HEAD: tuple[Column, ...] = (
    ("Route", "", False), ("Send", "", True), ("", "", False), ("Takes, p99", "s", True),
    ("Start by", "", False), ("Remark", "", False),
)  # fmt: skip


def limit_tables(
    states: Sequence[LimitState],
    heading: str | None = None,
    inputs_hash: str = "",
    anew: Sequence[LimitState] | None = None,
) -> RenderableType:
    """Every limit, worst first, and what nobody was told of before.

    Parameters
    ----------
    anew
        None where there was no earlier look to compare with.
    """
    if not states:
        return Group(*headed(heading), Text("The desk file sets no limit."))
    rows = [
        (s.node, _metric(s), s.rung, limit_now(s),
         limit_value(s, s.soft_frac_usd_or_coin), limit_value(s, s.hard_frac_usd_or_coin),
         s.owner, "" if s.expires_ns is None else format_ns(s.expires_ns), s.message)
        for s in worst_first(tuple(states))
    ]  # fmt: skip
    parts = [*headed(heading), grid("Limits", _HEAD, rows)]
    if any(each.toward for each in states):
        parts.append(note(SIGN_NOTE))
    if anew is not None:
        lines = [f"  {s.node} {_metric(s)}: {s.rung}, {s.message}" for s in anew]
        parts += [Text(), Text("New since then", style="bold")]
        parts += [Text(line) for line in lines] or [Text("  nothing")]
    return Group(*parts, note(f"Judged by inputs {inputs_hash}."))


def check_tables(found: PreTrade, heading: str | None = None) -> RenderableType:
    """Every limit before and after a trade, and what speaks against it."""
    rows = []
    for each in found.changes:
        state = each.after or each.before
        assert state is not None
        before, after = (
            ("none", "") if s is None else (limit_now(s), s.rung) for s in (each.before, each.after)
        )
        hard = limit_value(state, state.hard_frac_usd_or_coin)
        rows.append((state.node, _metric(state), *before, *after, hard, each.objection))
    parts = headed(heading)
    if rows:
        parts += [grid("Limits before and after", _CHECK_HEAD, rows), Text()]
    else:
        parts.append(Text("The desk file sets no limit."))
    lines = [Text(f"  {each}") for each in found.objections]
    verdict = "Not to be made:" if lines else "Nothing speaks against it."
    return Group(*parts, Text(verdict, style="bold"), *lines, note("Nothing was sent."))


def suggestion_tables(fragment: str, unmet: Sequence[Failure]) -> RenderableType:
    """Print the piece of a desk file as it is, and below what could not be suggested."""
    # A line that is cut is no line of a desk file.
    return Group(Text(fragment, no_wrap=True, overflow="ignore"), *troubles("Not suggested", unmet))


def call_tables(
    ladder: Sequence[OnLadder],
    calls: Sequence[Call],
    without: Sequence[str],
    *,
    time_ns: int,
    heading: str | None = None,
    assumptions: Sequence[str] = (),
) -> RenderableType:
    """Where every account stands, then each open call with the ways to answer it.

    Parameters
    ----------
    assumptions
        What deadlines and probabilities hang on.
    """
    rows = [
        (each.account_id, each.rung, format_ns(each.since_ns),
         *(_measured(each, metric) for metric in TRIGGERS), ", ".join(each.reasons))
        for each in ladder
    ]  # fmt: skip
    parts = headed(heading)
    if rows:
        parts += [grid("The ladder", _LADDER_HEAD, rows), note(SIGN_NOTE)]
    for call in calls:
        parts += [Text(), *_call(call, time_ns)]
    if ladder and not calls:
        parts += [Text(), Text("No call is open.")]
    for receipt in (each.receipt for each in ladder if each.receipt is not None):
        told = f"closed by what its {receipt.seen_in} showed at {format_ns(receipt.time_ns)}"
        parts += [Text(), Text(f"Call {receipt.call_id}: {told}")]
    if without:
        told = f"Without a ladder: {', '.join(without)}; write [[calls]] or [[buffers]] for it."
        parts += [Text(), note(told)]
    if assumptions:
        parts += [
            Text(),
            Text("Assumes", style="bold"),
            *(Text(f"  {each}") for each in assumptions),
        ]
    return Group(*parts)


def _measured(each: OnLadder, metric: str) -> str:
    value = each.measured_frac.get(metric)
    is_distance = TRIGGERS[metric].side == "floor"
    return distance_now(value, each.toward) if is_distance else percent(value)


def _call(call: Call, time_ns: int) -> list[RenderableType]:
    size = UNKNOWN if call.size_ccy is None else exact(call.size_ccy, call.currency)
    owner = f", to {call.owner}" if call.owner else ", to nobody: name an owner under [[calls]]"
    title = f"Call {call.call_id}: {size} {call.currency} {_by(call, time_ns)}{owner}"
    rows = [
        (way.route, UNKNOWN if way.quantity_coin is None else quantity(way.quantity_coin),
         f"{way.asset} ({way.use})", f"{way.latency_p99_s:g}",
         _start(way.deadline_ns, time_ns), "; ".join(each.message for each in way.missing))
        for way in call.ways
    ]  # fmt: skip
    table = (
        grid(title, _WAY_HEAD, rows) if rows else Text(f"{title}; the desk file has no route to it")
    )
    missing = [note(each.message) for each in call.missing]
    return [table, note(f"Closes when seen: {call.proof}."), *missing]


def _by(call: Call, time_ns: int) -> str:
    if call.size_ccy == 0:
        return "more, it has all come"
    if call.deadline_ns is None:
        return "at once"
    is_late = call.deadline_ns <= time_ns
    return "at once, it is late" if is_late else f"by {format_ns(call.deadline_ns)}"


def _start(deadline_ns: int | None, time_ns: int) -> str:
    if deadline_ns is None:
        return "now: unknown"
    return format_ns(deadline_ns) if deadline_ns > time_ns else "now: late"


def _metric(state: LimitState) -> str:
    title = METRICS[state.metric].title
    return f"{title} ({state.of})" if state.of else title
