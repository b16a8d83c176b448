"""What ``hedgerow plan`` does: make a plan, set ways of planning side by side, read one again."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hedgerow.app.asked import breaches_of, heading_of, looked_at, opened, show, status_of
from hedgerow.app.budgets import beyond_budget
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.app.options import Source
from hedgerow.app.plan_asked import PlanAsked
from hedgerow.app.plan_file import check_plan_place, read_plan, written_plan
from hedgerow.app.plan_prices import PlanPrices, prices_of
from hedgerow.app.plan_request import (
    ages_of,
    interest_statements,
    late_statements,
    offers_of,
    premiums_of,
)
from hedgerow.app.written import write_file
from hedgerow.errors import DeskRejected, Failure, Outcome
from hedgerow.hedging import Depth
from hedgerow.instruments import Instrument
from hedgerow.limits import Survey
from hedgerow.margin import Rulebook, rulebooks_at
from hedgerow.planning import (
    INSIDE_STATEMENT,
    Allowed,
    Joint,
    Plan,
    Transfer,
    compared,
    late_cost,
    made,
    runner_up,
    states,
)
from hedgerow.reporting import builtins_of, plan_tables, ways_tables
from hedgerow.units import MINUTE_NS

__all__ = ["compare_plans", "make_plan", "show_plan"]


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """A desk planned for in every way, with what was assumed and what had no price."""

    desk: Desk
    prices: PlanPrices
    market: Market
    state: Survey
    rulebooks: Mapping[str, Rulebook]
    instruments: Mapping[str, Instrument]
    found: Mapping[str, Outcome[Joint]]
    unpriced: tuple[Failure, ...]
    assumed: tuple[str, ...]
    allowed: Allowed


def make_plan(source: Source, asked: PlanAsked, *, out: Path | None, as_json: bool) -> int:
    """Print the plan of trades and transfers together, with the one that came second.

    Raises
    ------
    DeskRejected, RequestRejected
        If no plan can be made, or it cannot be written where it was asked for.
    """
    if out is not None:
        check_plan_place(out)
    done = _planned(source, asked)
    chosen = done.found["joint"]
    if isinstance(chosen, Failure):
        raise DeskRejected(f"no plan: {chosen.message}")
    written = made(
        chosen,
        done.desk.limits,
        done.instruments,
        done.rulebooks,
        assumptions=(*done.market.statements, *done.assumed),
        valid_ns=MINUTE_NS,
        slippage_frac=done.prices.slippage_frac,
        runner_up=runner_up(done.found),
        allowed=done.allowed,
    )
    written = msgspec.structs.replace(
        written,
        unmet=tuple(dict.fromkeys((*written.unmet, *done.unpriced))),
        assumptions=(
            *written.assumptions,
            *interest_statements(each.use for each in written.legs if isinstance(each, Transfer)),
            *ages_of(written, done.state, done.instruments),
            *beyond_budget(written, done.desk, done.instruments, done.state.snapshot),
        ),
    )
    premiums = premiums_of(written, done.state, done.instruments)
    if out is not None:
        kept = written_plan(written, premiums)
        said = write_file(out, "--out", lambda beside: _put(beside, kept))
        (sys.stderr if as_json else sys.stdout).write(f"plan {said}\n")
    shown = plan_tables(
        written,
        heading=heading_of(done.state),
        asked_of="Held positions, [[hedges]], --offer, [[routes]], [[switches]] and [[swaps]] say "
        "what a plan may use.",
        acts_when="A plan is made when a limit is at soft or beyond, and keeps no band of "
        "[[hedges]]: `hedge plan` does.",
        premiums_usd=premiums,
    )
    payload = _told(written, premiums) | {"breaches": list(breaches_of(done.state))}
    show(payload, shown, as_json=as_json)
    return status_of(done.state, as_json=as_json)


def _told(written: Plan, premiums_usd: Mapping[str, float]) -> dict[str, Any]:
    """Give a plan for --json, whether limits hold after it, what being late may cost apart."""
    payload: dict[str, Any] = builtins_of(written)
    return payload | {
        "premiums_usd": premiums_usd,
        "cost_without_late_usd": written.cost_without_late_usd,
        "cost_late_usd": written.cost_late_usd,
        "is_cost_partial": written.is_cost_partial,
        "holds_after": written.holds_after,
        "greeks": builtins_of(written.greeks),
        "newly_broken": builtins_of(written.newly_broken),
    }


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def compare_plans(source: Source, asked: PlanAsked, *, as_json: bool) -> int:
    """Print what each way of planning comes to."""
    done = _planned(source, asked)
    rows = states(done.found)
    # What all of them lack is said once.
    unmet = tuple(dict.fromkeys([*(told for row in rows for told in row.unmet), *done.unpriced]))
    known = {name: each for name, each in done.found.items() if isinstance(each, Joint)}
    uses = (move.route.use for each in known.values() for move in each.moves)
    assumed = (*done.market.statements, *done.assumed, *interest_statements(uses))
    show(
        {
            "ways": builtins_of(rows),
            "bound_usd": {name: round(each.bound_usd, 6) for name, each in known.items()},
            "assumptions": list(assumed),
            "unmet": builtins_of(unmet),
            "breaches": list(breaches_of(done.state)),
        },
        ways_tables(rows, heading_of(done.state), assumed, unmet),
        as_json=as_json,
    )
    return status_of(done.state, as_json=as_json)


def _planned(source: Source, asked: PlanAsked) -> _Planned:
    desk, market, at_ns = opened(source)
    prices = prices_of(
        desk,
        option_depth_contracts=asked.option_depth_contracts,
        horizon_days=asked.horizon_days,
        capital_frac_per_year=asked.capital_frac_per_year,
        slippage_frac=asked.slippage_frac,
    )
    depth = Depth(
        option_contracts=prices.option_depth_contracts,
        half_spread_vol_frac=desk.option_half_spread_vol_frac,
        factor_frac=asked.depth_factor_frac,
    )
    state = looked_at(desk, market, at_ns)
    rulebooks = rulebooks_at(desk.rulebooks, at_ns)
    patterns = asked.patterns or ()
    offers, unpriced, instruments = offers_of(desk, state, rulebooks, patterns, depth)
    found = compared(
        state,
        desk.limits,
        offers,
        desk.routes,
        instruments,
        rulebooks,
        terms=prices.terms(asked.ticket_usd),
        late_usd=late_cost(desk.chance, state, rulebooks),
        switches=desk.switches,
        swaps=desk.swaps,
        late_after=lambda after: late_cost(desk.chance, after, rulebooks),
    )
    return _Planned(
        desk=desk,
        prices=prices,
        market=market,
        state=state,
        rulebooks=rulebooks,
        instruments=instruments,
        found=found,
        unpriced=unpriced,
        assumed=(
            depth.statement(),
            INSIDE_STATEMENT,
            *late_statements(desk, state, rulebooks, prices.horizon_days),
        ),
        allowed=Allowed(offers, desk.routes, desk.switches, desk.swaps),
    )


def show_plan(path: Path, *, as_json: bool) -> int:
    """Print a plan that was written earlier and has not been changed since."""
    found = read_plan(path)
    payload = _told(found.plan, found.premiums_usd)
    shown = plan_tables(found.plan, premiums_usd=found.premiums_usd)
    show(payload, shown, as_json=as_json)
    return 0
