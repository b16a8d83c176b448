"""Records as JSON-ready builtins and as tables for the terminal, one function per command."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.limits import METRICS, LimitState
from hedgerow.planning import Leg, Order, Plan, Swap, Switch
from hedgerow.reporting.figures import (
    UNKNOWN,
    clock,
    partial,
    quantity,
    usd,
)
from hedgerow.reporting.framing import headed, troubles
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.plans import greeks_before_and_after, held_after, reckoning
from hedgerow.reporting.summary import daily, summary
from hedgerow.reporting.wording import RANGE_NOTE, limit_now, limit_value, worst_first
from hedgerow.simulation import Episode

__all__ = [
    "builtins_of",
    "limits_grid",
    "plan_tables",
    "run_builtins",
]


def builtins_of(record: object) -> Any:  # noqa: ANN401 — JSON's own types: dict, list, str, …
    """Turn any record, or a list of them, into what `json.dumps` takes.

    Exact numbers become strings, so that no digit is lost; unknown is null.
    """
    return msgspec.to_builtins(record)


def run_builtins(episodes: Sequence[Episode], journal_head: str | None) -> dict[str, Any]:
    """The answer of ``hedgerow run --json``: summary, days and what happened, but no frames."""
    return {
        "journal_head": journal_head,
        "episodes": [
            {
                "summary": builtins_of(row),
                "daily": builtins_of(daily(episode)),
                "actions": builtins_of(episode.actions),
                "liquidations": builtins_of(episode.liquidations),
                "settlements": builtins_of(episode.settlements),
                "outflows": builtins_of(episode.outflows),
                "limits": builtins_of(episode.frames[-1].limits if episode.frames else ()),
                "limits_broken": builtins_of(row.limits_broken),
                "limits_unknown": builtins_of(row.limits_unknown),
                "undone": builtins_of(episode.undone),
                "alerts": list(episode.alerts),
                "assumptions": list(episode.assumptions),
            }
            for episode, row in ((episode, summary(episode)) for episode in episodes)
        ],
    }


def limits_grid(states: Sequence[LimitState], title: str) -> RenderableType:
    """Limit states, worst first."""
    head: tuple[Column, ...] = (
        ("Limit on", "", False), ("Metric", "", False), ("Rung", "", False), ("Value", "", True),
        ("Soft", "", True), ("Hard", "", True), ("Remark", "", False),
    )  # fmt: skip
    rows = [
        (s.node, METRICS[s.metric].title, s.rung, limit_now(s),
         limit_value(s, s.soft_frac_usd_or_coin), limit_value(s, s.hard_frac_usd_or_coin),
         s.message)
        for s in worst_first(tuple(states))
    ]  # fmt: skip
    return Group(grid(title, head, rows), *_range_note(rows))


def _range_note(rows: Iterable[Sequence[str]]) -> list[RenderableType]:
    is_needed = any("none in range" in text for row in rows for text in row)
    return [Text(RANGE_NOTE, style="dim")] if is_needed else []


def plan_tables(
    plan: Plan,
    heading: str | None = None,
    asked_of: str = "",
    acts_when: str = "",
    premiums_usd: Mapping[str, float] | None = None,
    remarks: Sequence[str] = (),
) -> RenderableType:
    """A whole plan: legs in order, every limit before and after, assumptions, what stays undone.

    Parameters
    ----------
    asked_of
        Of what the desk file asks for legs, told where there are none and a limit is still broken.
    acts_when
        When this half of a plan acts, told where it had no cause to and a limit stands at soft, or
        the desk has none.
    premiums_usd
        What legs that trade options pay (negative) or receive at the mark, by client id.
    remarks
        Told below the legs and their cost.
    """
    head, rows = _leg_rows(plan, premiums_usd or {})
    limit_rows = _limit_rows(plan)
    title = f"Plan {plan.plan_id}, {clock(plan.time_ns)} UTC, expires {clock(plan.expires_ns)} UTC"
    parts = [
        *headed(heading),
        grid(title, head, rows) if rows else _no_legs(title, plan, asked_of, acts_when),
    ]
    if rows:
        cost = plan.cost_expected_usd
        told = partial(usd(cost), cost, is_partial=plan.is_cost_partial)
        parts.append(Text(f"Expected cost: {told} USD", style="dim"))
    parts += [*reckoning(plan), *map(Text, remarks)]
    if limit_rows:
        parts += [Text(), grid("Limits, before and expected after", _LIMITS_HEAD, limit_rows)]
        parts += _range_note(limit_rows)
        parts.append(held_after(plan))
    parts += greeks_before_and_after(plan)
    parts += _newly_broken(plan)
    if plan.assumptions:
        parts += [Text(), Text("Assumes", style="bold")]
        parts += [Text(f"  {assumption}") for assumption in plan.assumptions]
    return Group(*parts, *troubles("Not done", plan.unmet))


class _Said(NamedTuple):
    """A leg in words, as far as its kind has a size, a price and a price as its venue quotes it."""

    what: str
    size: str
    price: str = "no price"
    quoted: str = "–"
    why_more: str = ""


def _said(leg: Leg) -> _Said:
    if isinstance(leg, Order):
        verb = "buy" if leg.quantity_contracts > 0 else "sell"
        return _Said(
            f"{verb} {leg.instrument_id} on {leg.account_id}",
            quantity(leg.quantity_contracts, sign=True),
            quantity(leg.price_limit_usd),
            "–" if leg.price_limit_ccy is None else f"{leg.price_limit_ccy:f}",
        )
    if isinstance(leg, Switch):
        return _Said(f"switch {leg.account_id} to {leg.rulebook}", "none")
    size = quantity(leg.quantity_coin, sign=True)
    if isinstance(leg, Swap):
        least = quantity(leg.quantity_take_coin_min, decimals_max=6)
        return _Said(
            f"swap {leg.asset} for {leg.asset_take} on {leg.account_id}",
            size,
            why_more=f"; for less than {least} {leg.asset_take} it is not done",
        )
    return _Said(f"{leg.use} {leg.asset}: {leg.source_account_id} to {leg.target_account_id}", size)


def _leg_rows(
    plan: Plan, premiums_usd: Mapping[str, float]
) -> tuple[tuple[Column, ...], list[tuple[str, ...]]]:
    """Give the columns of the legs and a row for each; a column that no leg has is left out."""
    is_waiting = any(leg.waits_for for leg in plan.legs)
    is_quoted = any(isinstance(leg, Order) and leg.price_limit_ccy is not None for leg in plan.legs)
    head: tuple[Column, ...] = (
        ("#", "", True),
        *((("Waits for", "#", False),) if is_waiting else ()),
        ("What", "", False), ("Quantity", "contracts or coin", True), ("Limit price", "USD", True),
        *((("As quoted", "settlement coin", True),) if is_quoted else ()),
        *((("Premium", "USD, + received", True),) if premiums_usd else ()),
        ("Expected cost", "USD", True), ("Why", "", False),
    )  # fmt: skip
    number = {leg.client_id: str(n) for n, leg in enumerate(plan.legs, start=1)}
    rows: list[tuple[str, ...]] = []
    for leg in plan.legs:
        said, premium = _said(leg), premiums_usd.get(leg.client_id)
        rows.append(
            (
                number[leg.client_id],
                *((", ".join(number[each] for each in leg.waits_for),) if is_waiting else ()),
                said.what,
                said.size,
                said.price,
                *((said.quoted,) if is_quoted else ()),
                *(("–" if premium is None else usd(premium, sign=True),) if premiums_usd else ()),
                usd(leg.cost_expected_usd),
                leg.reason + said.why_more,
            )
        )
    return head, rows


_LIMITS_HEAD: tuple[Column, ...] = (
    ("Limit on", "", False), ("Metric", "", False), ("Before", "", True), ("", "", False),
    ("After", "", True), ("", "", False),
)  # fmt: skip


def _limit_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Give a row for every limit before and after, worst first; unknown where nobody said after."""
    after = {state.key: state for state in plan.limits_after}
    rows: list[tuple[str, ...]] = []
    for state in worst_first(plan.limits_before):
        then = after.get(state.key)
        rows.append(
            (state.node, METRICS[state.metric].title,
             limit_now(state), state.rung, UNKNOWN if then is None else limit_now(then),
             UNKNOWN if then is None else then.rung)
        )  # fmt: skip
    return rows


def _newly_broken(plan: Plan) -> list[RenderableType]:
    """Name the limits that the legs take from better to broken, worst first; nothing without."""
    was = {state.key: state.rung for state in plan.limits_before}
    told = [
        f"  {each.node} {METRICS[each.metric].title}: {was.get(each.key, 'not there')} before, "
        f"{each.rung} after, with bounds of {limit_value(each, each.soft_frac_usd_or_coin)} and "
        f"{limit_value(each, each.hard_frac_usd_or_coin)}: {each.message}"
        for each in worst_first(plan.newly_broken)
    ]
    return [Text(), Text("Broken by these legs", style="bold"), *map(Text, told)] if told else []


def _no_legs(title: str, plan: Plan, asked_of: str, acts_when: str) -> RenderableType:
    """Say whether there is nothing to do, or nothing that can be done about what is not fine."""
    stays = [
        f"  {each.node} {METRICS[each.metric].title}: " + _STAYS[each.rung].format(each.message)
        for each in worst_first(plan.limits_before)
        if each.rung in _STAYS
    ]
    if not stays:
        soft = [
            f"  {each.node} {METRICS[each.metric].title}: stands at soft"
            for each in worst_first(plan.limits_before)
            if each.rung == "soft"
        ]
        # What was wanted and could not be done is listed below, with its reason.
        done = "no leg; what is not done stands below" if plan.unmet else "nothing to do"
        # Without a limit a reader cannot see what the plan was held against.
        why = [acts_when] if (soft or not plan.limits_before) and not plan.unmet else []
        return Text("\n".join([f"{title}: {done}.", *soft, *why]).rstrip())
    return Text("\n".join([f"{title}: no leg, and not all is fine.", *stays, asked_of]).rstrip())


_STAYS = {"hard": "the hard limit stays broken", "unknown": "unknown, {}", "expired": "{}"}
