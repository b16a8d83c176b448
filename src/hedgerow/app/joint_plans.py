"""What ``hedgerow plan`` does: make a plan, set ways of planning side by side, read one again."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hedgerow.app.asked import heading_of, looked_at, opened, show, status_of
from hedgerow.app.options import Source
from hedgerow.app.plan_request import late_statements, late_usd, offers_of
from hedgerow.errors import DeskRejected, Failure
from hedgerow.hedging import Depth
from hedgerow.margin import rulebooks_at
from hedgerow.planning import (
    Joint,
    JointTerms,
    Plan,
    compared,
    made,
    runner_up,
    states,
)
from hedgerow.reporting import builtins_of, plan_tables, ways_tables
from hedgerow.units import MINUTE_NS

__all__ = ["compare_plans", "make_plan", "show_plan"]


def make_plan(
    source: Source,
    *,
    patterns: Sequence[str] | None,
    depth_factor_frac: float,
    option_depth_contracts: float,
    horizon_days: float,
    capital_frac_per_year: float,
    ticket_usd: float,
    out: Path | None,
    as_json: bool,
) -> int:
    """Print the plan of trades and transfers together, with the one that came second."""
    depth = Depth(option_contracts=option_depth_contracts, factor_frac=depth_factor_frac)
    terms = JointTerms(
        horizon_days=horizon_days,
        capital_frac_per_year=capital_frac_per_year,
        ticket_usd=ticket_usd,
    )
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    rulebooks = rulebooks_at(desk.rulebooks, at_ns)
    offers, unpriced, instruments = offers_of(desk, state, rulebooks, patterns or (), depth)
    found = compared(
        state,
        desk.limits,
        offers,
        desk.routes,
        instruments,
        rulebooks,
        terms=terms,
        late_usd=late_usd(desk, state, rulebooks),
    )
    chosen = found["joint"]
    if isinstance(chosen, Failure):
        raise DeskRejected(f"no plan: {chosen.message}")
    written = made(
        chosen,
        desk.limits,
        instruments,
        rulebooks,
        assumptions=(*market.statements, depth.statement(), *late_statements(desk, state)),
        valid_ns=MINUTE_NS,
        runner_up=runner_up(found),
    )
    written = msgspec.structs.replace(written, unmet=(*written.unmet, *unpriced))
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
    shown = plan_tables(
        written,
        heading=heading_of(state),
        asked_of="Held positions, [[hedges]], --offer and [[routes]] say what a plan may use.",
        acts_when="A plan is made when a limit is at soft or beyond.",
    )
    show(builtins_of(written), shown, as_json=as_json)
    return status_of(state, as_json=as_json)


def compare_plans(
    source: Source,
    *,
    patterns: Sequence[str] | None,
    depth_factor_frac: float,
    option_depth_contracts: float,
    horizon_days: float,
    capital_frac_per_year: float,
    ticket_usd: float,
    as_json: bool,
) -> int:
    """Print what each way of planning comes to."""
    depth = Depth(option_contracts=option_depth_contracts, factor_frac=depth_factor_frac)
    terms = JointTerms(
        horizon_days=horizon_days,
        capital_frac_per_year=capital_frac_per_year,
        ticket_usd=ticket_usd,
    )
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    rulebooks = rulebooks_at(desk.rulebooks, at_ns)
    offers, _, instruments = offers_of(desk, state, rulebooks, patterns or (), depth)
    found = compared(
        state,
        desk.limits,
        offers,
        desk.routes,
        instruments,
        rulebooks,
        terms=terms,
        late_usd=late_usd(desk, state, rulebooks),
    )
    rows = states(found)
    known = {name: each for name, each in found.items() if isinstance(each, Joint)}
    assumed = (depth.statement(), *late_statements(desk, state))
    show(
        {
            "ways": builtins_of(rows),
            "bound_usd": {name: round(each.bound_usd, 6) for name, each in known.items()},
            "assumptions": list(assumed),
        },
        ways_tables(rows, heading_of(state), assumed),
        as_json=as_json,
    )
    return status_of(state, as_json=as_json)


def show_plan(path: Path, *, as_json: bool) -> int:
    """Print a plan that was written earlier."""
    try:
        written = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as trouble:
        raise DeskRejected(f"{path}: cannot be read: {trouble.strerror}") from trouble
    except (msgspec.MsgspecError, ValueError) as trouble:
        raise DeskRejected(f"{path}: is no plan that `plan make --out` wrote: {trouble}") from (
            trouble
        )
    show(builtins_of(written), plan_tables(written), as_json=as_json)
    return 0
