"""What ``hedgerow limits`` does: judge the desk, a trade, or an appetite, and print."""

from collections.abc import Sequence
from dataclasses import replace as replaced
from pathlib import Path

from msgspec.structs import replace

from hedgerow.app.asked import heading_of, looked_at, opened, show, status_of
from hedgerow.app.desk import Desk
from hedgerow.app.lengths import length_ns
from hedgerow.app.limits_written import limits_toml
from hedgerow.app.margins import in_lots, legs_by_account, terms_for
from hedgerow.app.memory import recalled
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.errors import DeskRejected, OutOfDomain, RequestRejected
from hedgerow.limits import (
    METRICS,
    Appetite,
    Held,
    LimitState,
    Suggestion,
    inputs_hash,
    pre_trade,
    suggested,
    told_anew,
)
from hedgerow.margin import rulebooks_at
from hedgerow.reporting import builtins_of, check_tables, limit_tables, suggestion_tables
from hedgerow.units import percent

__all__ = ["show_check", "show_limits", "show_suggestion"]


def show_limits(source: Source, *, previous: Path | None, as_json: bool) -> int:
    """Print every limit, at the rung that is held, and what is new since the last look."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    before = {each.key: each for each in recalled(previous, "held", Held, at_ns)}
    rulebooks = rulebooks_at(desk.rulebooks, at_ns)
    used = inputs_hash(state.book, state.snapshot, desk.limits, rulebooks)
    held, alerts = told_anew(before, state.limits, at_ns, used)
    shown = [replace(each, rung=now.rung) for each, now in zip(state.limits, held, strict=True)]
    payload = {
        "time_ns": at_ns,
        "inputs_hash": used,
        "limits": [_written(each) for each in shown],
        "held": builtins_of(held),
        "alerts": builtins_of(alerts),
    }
    told = None if previous is None else [each.state for each in alerts]
    tables = limit_tables(shown, heading=heading_of(state), inputs_hash=used, anew=told)
    show(payload, tables, as_json=as_json)
    return status_of(replaced(state, limits=tuple(shown)), as_json=as_json)


def show_check(source: Source, *, add: Sequence[str], account: str | None, as_json: bool) -> int:
    """Print every limit with and without some legs, and what speaks against them."""
    desk, market, at_ns = opened(source)
    legs = legs_by_account(add, account, [each.account_id for each in desk.accounts])
    named = [leg for each in legs.values() for leg in each]
    instruments = {
        **desk.instruments,
        **{leg.instrument_id: terms_for(leg.instrument_id, desk.instruments) for leg in named},
    }
    in_lots(named, instruments)
    state = looked_at(desk, market, at_ns)
    rulebooks = rulebooks_at(desk.rulebooks, at_ns)
    try:
        found = pre_trade(state, legs, instruments, rulebooks, desk.limits)
    except OutOfDomain as bad:
        raise DeskRejected(str(bad)) from bad
    payload = {
        "inputs_hash": inputs_hash(found.after.book, found.after.snapshot, desk.limits, rulebooks),
        "changes": [
            {
                "before": None if each.before is None else _written(each.before),
                "after": None if each.after is None else _written(each.after),
                "objection": each.objection,
            }
            for each in found.changes
        ],
        "objections": list(found.objections),
    }
    shown = check_tables(found, heading=f"{heading_of(state)}, with and without some legs")
    show(payload, shown, as_json=as_json)
    return status(found.objections, is_quiet=as_json)


def show_suggestion(
    source: Source,
    *,
    loss_usd: float,
    chance_frac: float,
    horizon: str,
    vol_move_volpt: float,
    as_json: bool,
) -> int:
    """Print limits as a piece of a desk file, and what the present desk makes of them."""
    horizon_ns = length_ns("--horizon", horizon)
    try:
        appetite = Appetite(
            chance_frac=chance_frac,
            horizon_ns=horizon_ns,
            loss_usd=loss_usd,
            vol_move_volpt=vol_move_volpt,
        )
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    made = suggested(state.seen, desk.chance, appetite)
    fragment = limits_toml(made.limits, made.states, _why(desk, made, appetite, horizon))
    payload = {
        "toml": fragment,
        "limits": [_written(each) for each in made.states],
        "unmet": builtins_of(made.unmet),
        "moves_frac": dict(made.moves_frac),
        "linear_usd": made.linear_usd,
        "full_usd": made.full_usd,
        "curved_usd": made.curved_usd,
    }
    show(payload, suggestion_tables(fragment, made.unmet), as_json=as_json)
    beyond = [
        f"{each.node} {METRICS[each.metric].title} is {_RUNGS[each.rung]}"
        for each in made.states
        if each.rung in _RUNGS
    ]
    lacking = [f"no limit for {each.subject}: {each.message}" for each in made.unmet]
    return status([*beyond, *lacking], is_quiet=as_json)


_RUNGS = {"hard": "beyond what is suggested", "unknown": "unknown"}


def _why(desk: Desk, made: Suggestion, appetite: Appetite, horizon: str) -> list[str]:
    """Say what the limits were made from."""
    lines = [
        f"For a liquidation no likelier than {percent(appetite.chance_frac, 3)} within {horizon}, "
        f"and a loss of {appetite.loss_usd:,.0f} USD at most.",
    ]
    if made.moves_frac:
        moves = ", ".join(
            f"{coin} {percent(move)} (vol {percent(desk.chance.vol_frac[coin])})"
            for coin, move in made.moves_frac.items()
        )
        lines.append(f"Moves: {moves}; vols {appetite.vol_move_volpt:g} points.")
        lines.append(f"Prices: {desk.chance.said}.")
    if made.full_usd is not None:
        lines.append(
            f"The present desk: deltas and vegas foretell a loss of {made.linear_usd:,.0f} USD at "
            f"most, full revaluation finds {made.full_usd:,.0f}, of which curvature "
            f"{made.curved_usd:,.0f}."
        )
    return lines


def _written(state: LimitState) -> dict[str, object]:
    """Write a state with every field: one that is left out reads as if there were none."""
    return {name: builtins_of(getattr(state, name)) for name in state.__struct_fields__}
