"""What ``hedge backtest-carry`` does: funding captured in holdings one after another, by policy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from msgspec import structs
from numpy.typing import NDArray

from hedgerow.app.asked import show
from hedgerow.app.backtest_parts import (
    check_folder,
    progress_of,
    rng_of,
    run_troubles,
    window_of,
    write_runs,
)
from hedgerow.app.backtests import run_statements
from hedgerow.app.carry_holdings import (
    CarryPath,
    Legs,
    Window,
    legs_of,
    path_of,
    sized,
    windows,
)
from hedgerow.app.carry_policies import CARRY_POLICIES, Carried, CarryPolicy, CarryRules, carried
from hedgerow.app.carry_run_request import CarryRunAsked
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market, open_market, part_of
from hedgerow.app.hedge_backtest import HedgeTerms
from hedgerow.app.lengths import length_ns, steps_ns_of
from hedgerow.app.nearest import Nearest
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.written import write_file
from hedgerow.errors import DeskRejected, RequestRejected
from hedgerow.reporting.backtests import HedgeRun, backtest_builtins, backtest_tables
from hedgerow.reporting.carry_runs import (
    CarryHolding,
    CarryOutcome,
    carry_rows,
    carry_run_note,
    outcomes_table,
)
from hedgerow.reporting.nearest import NearestBreach, nearest_table
from hedgerow.reporting.tables import builtins_of
from hedgerow.risk import (
    STEPS_COUNT_LEAST,
    Estimate,
    cube_root_block_count,
    moving_blocks,
    run_figures,
)
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, format_ns, percent, to_model

__all__ = ["Capture", "captured", "show_carry_backtest"]

Floats: TypeAlias = NDArray[np.float64]

_YEAR_DAYS: Final = 365.0
_DRAWS_COUNT: Final = 2_000
_ENDS: Final = (0.025, 0.975)


@dataclass(slots=True, eq=False)
class Capture:
    """All that the holdings came to, by policy, and those that were left out."""

    runs: dict[CarryPolicy, list[HedgeRun]] = field(default_factory=dict)
    holdings: dict[CarryPolicy, list[CarryHolding]] = field(default_factory=dict)
    nearest: dict[CarryPolicy, list[Nearest]] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class _Terms(NamedTuple):
    """What was asked, read and checked."""

    policies: tuple[CarryPolicy, ...]
    hold_ns: int
    rules: CarryRules
    start_ns: int
    end_ns: int


def captured(
    desk: Desk,
    market: Market,
    data: Path,
    asked: CarryRunAsked,
    *,
    is_quiet: bool,
) -> tuple[Capture, CarryPath]:
    """Play every holding under every policy.

    Raises
    ------
    DeskRejected, RequestRejected
        If the desk has not two legs, no holding fits, or what was asked cannot be meant.
    """
    terms = _terms(desk, asked)
    legs = legs_of(desk)
    if "buffered" in terms.policies and not (desk.buffers and desk.routes):
        raise RequestRejected("--policy buffered: the desk file has no [[buffers]] and [[routes]]")
    path = _path(desk, market, data, legs, terms)
    found = Capture()
    wanted = list(windows(terms.start_ns, terms.end_ns, terms.hold_ns))
    with progress_of(is_quiet=is_quiet) as progress:
        task = progress.add_task("holdings", total=len(wanted))
        for window in wanted:
            _one(desk, market, data, legs, path, asked, terms, window, found)
            progress.advance(task)
    if not found.windows:
        raise DeskRejected(
            f"no holding of {asked.hold} fits between {format_ns(terms.start_ns)} and "
            f"{format_ns(terms.end_ns)} without a hole in the recording"
        )
    return found, path


def show_carry_backtest(source: Source, asked: CarryRunAsked, *, as_json: bool) -> int:
    """Print what every policy came to over all holdings; write it where asked to.

    Raises
    ------
    DeskRejected, RequestRejected
        As `captured`.
    """
    check_folder(asked.out)
    desk, market = open_market(source.desk, source.data, source.seed, only_held=True)
    if source.data is None:
        raise RequestRejected("a carry is played over recordings: name a desk file and --data")
    found, path = captured(desk, market, source.data, asked, is_quiet=as_json)
    runs = [_together(policy, of) for policy, of in found.runs.items()]
    figures = {run.policy: run_figures(run.steps, rng_of(asked.draw_seed)) for run in runs}
    outcomes = _outcomes(found, asked)
    nearest = {policy: _nearest(policy, found) for policy in found.runs}
    statements = (*_statements(desk, market, asked, found, path), *found.left_out)
    if asked.out is not None:
        write_runs(asked.out, runs, figures, as_json=as_json)
        rows = [row for of in found.holdings.values() for row in carry_rows(of)]
        write_file(
            asked.out / "holdings.parquet",
            "--out",
            pl.DataFrame(rows, infer_schema_length=None).write_parquet,
        )
    payload = backtest_builtins(runs, figures, {}, statements=statements, draw_seed=asked.draw_seed)
    for outcome in outcomes:
        payload["policies"][outcome.policy] |= {
            "outcome": builtins_of(outcome),
            "holdings": carry_rows(found.holdings[_named(outcome.policy)]),
            "nearest": [builtins_of(each) for each in nearest[_named(outcome.policy)]],
        }
    title = (
        f"What was left of {len(found.windows)} holdings of {asked.hold}, "
        f"{asked.notional_usd:,.0f} USD each"
    )
    tables = backtest_tables(
        runs,
        figures,
        {},
        heading=f"{desk.name}: the short leg at {asked.leverage_frac:g} times its margin, from "
        f"{format_ns(found.windows[0].start_ns)} to {format_ns(found.windows[-1].end_ns)}",
        statements=statements,
        draw_seed=asked.draw_seed,
        first=(outcomes_table(outcomes, asked.against, title),),
        more=(nearest_table(nearest),),
    )
    show(payload, tables, as_json=as_json)
    troubles = run_troubles(runs, figures)
    return status(troubles, is_quiet=as_json)


def _terms(desk: Desk, asked: CarryRunAsked) -> _Terms:
    wanted = asked.policies or CARRY_POLICIES
    policies = tuple(each for each in CARRY_POLICIES if each in wanted)
    unknown = [each for each in asked.policies if each not in CARRY_POLICIES]
    if unknown:
        raise RequestRejected(f"--policy {unknown[0]}: there are {', '.join(CARRY_POLICIES)}")
    if asked.against is not None and asked.against not in policies:
        raise RequestRejected(
            f"--against {asked.against}: is not followed; there are {', '.join(policies)}"
        )
    hold_ns = length_ns("--hold", asked.hold, MINUTE_NS)
    unpaid_ns = length_ns("--unpaid-over", asked.unpaid_over, MINUTE_NS)
    look_ns = length_ns("--look", asked.look, MINUTE_NS) or desk.step_ns
    start_ns, end_ns = window_of(desk, asked.start, asked.end)
    every_ns = steps_ns_of(asked.every, end_ns - start_ns)
    if every_ns % look_ns or hold_ns % every_ns:
        raise RequestRejected(
            f"--hold {asked.hold} must be whole steps, and --every {asked.every} whole looks of "
            f"{look_ns / HOUR_NS:g} h"
        )
    rules = CarryRules(asked.stop_use_frac, unpaid_ns, look_ns, every_ns)
    return _Terms(policies, hold_ns, rules, start_ns, end_ns)


def _path(desk: Desk, market: Market, data: Path, legs: Legs, terms: _Terms) -> CarryPath:
    """Read the coin's path; no book is assumed for that."""
    bare = replace(
        desk,
        start_ns=terms.start_ns,
        end_ns=terms.end_ns,
        warmup_ns=max(desk.warmup_ns, terms.rules.unpaid_over_ns),
        assumptions=structs.replace(desk.assumptions, depth=None),
    )
    return path_of(bare, part_of(market, bare, data), legs.hedge.underlying)


def _one(
    desk: Desk,
    market: Market,
    data: Path,
    legs: Legs,
    path: CarryPath,
    asked: CarryRunAsked,
    terms: _Terms,
    window: Window,
    found: Capture,
) -> None:
    """Play one holding under every policy; all of it counts, or nothing."""
    when = f"The holding from {format_ns(window.start_ns)}"
    if path.has_hole(window, desk.ages.index_ns_max):
        found.left_out.append(f"{when} is left out: the recording of prices has a hole there.")
        return
    price_usd = path.price_at_usd(window.start_ns)
    own, coins = sized(
        desk,
        legs,
        window,
        price_usd,
        notional_usd=asked.notional_usd,
        leverage_frac=asked.leverage_frac,
        reserve_frac=asked.reserve_frac,
    )
    events = part_of(market, own, data)
    done = {
        policy: carried(policy, own, events, legs_of(own), coins, window, path, terms.rules)
        for policy in terms.policies
    }
    unknown = [
        policy
        for policy, each in done.items()
        if any(step.profit_usd is None for step in each.run.steps)
    ]
    if unknown:
        found.left_out.append(f"{when} is left out: what {unknown[0]} gained is unknown.")
        return
    found.windows.append(window)
    for policy, each in done.items():
        found.runs.setdefault(policy, []).append(each.run)
        found.nearest.setdefault(policy, []).append(each.nearest)
        found.holdings.setdefault(policy, []).append(
            _holding(policy, each, coins, window, path, asked)
        )


def _holding(
    policy: CarryPolicy,
    done: Carried,
    coins: Decimal,
    window: Window,
    path: CarryPath,
    asked: CarryRunAsked,
) -> CarryHolding:
    """Add up one holding, and what is paid outside of any venue."""
    quantity = to_model(coins)
    price_usd = path.price_at_usd(window.start_ns)
    notional = quantity * price_usd
    is_held = done.left_ns > window.start_ns
    traded = price_usd + path.price_at_usd(done.left_ns) if is_held else 0.0
    years = (done.left_ns - window.start_ns) / DAY_NS / _YEAR_DAYS
    is_short = policy != "spot"
    tied_frac = 1.0 / asked.leverage_frac if is_short else 0.0
    tied_frac += asked.reserve_frac if policy == "buffered" else 0.0
    steps = done.run.steps
    profit = math.fsum(each.profit_usd or 0.0 for each in steps)
    spot_cost = quantity * traded * asked.spot_cost_frac
    borrow = notional * asked.borrow_frac_per_year * years
    margin = notional * tied_frac * asked.margin_cost_frac_per_year * years
    whole_years = (window.end_ns - window.start_ns) / DAY_NS / _YEAR_DAYS
    return CarryHolding(
        policy=policy,
        start_ns=window.start_ns,
        left_ns=done.left_ns,
        end_ns=window.end_ns,
        quantity_coin=quantity,
        notional_usd=notional,
        profit_usd=profit,
        funding_usd=math.fsum(each.funding_usd for each in steps),
        fees_usd=math.fsum(each.fees_usd for each in steps),
        spread_usd=math.fsum(each.spread_usd for each in steps),
        forced_usd=math.fsum(each.liquidations_usd for each in steps),
        spot_cost_usd=spot_cost,
        borrow_usd=borrow,
        margin_cost_usd=margin,
        refills_count=done.refills_count,
        liquidated_count=len(done.run.liquidated),
        net_frac_per_year=(profit - spot_cost - borrow - margin) / notional / whole_years,
    )


def _together(policy: str, runs: Sequence[HedgeRun]) -> HedgeRun:
    """Put the steps of all holdings in one row."""
    first = runs[0]
    return HedgeRun(
        policy=policy,
        steps=tuple(step for run in runs for step in run.steps),
        explained={
            method: tuple(each for run in runs for each in run.explained[method])
            for method in first.explained
        },
        delta_coin={
            coin: tuple(each for run in runs for each in run.delta_coin[coin])
            for coin in first.delta_coin
        },
        hedge_coin={
            coin: tuple(each for run in runs for each in run.hedge_coin[coin])
            for coin in first.hedge_coin
        },
        liquidated=tuple(each for run in runs for each in run.liquidated),
        troubles=tuple(each for run in runs for each in run.troubles),
    )


def _outcomes(found: Capture, asked: CarryRunAsked) -> list[CarryOutcome]:
    """Give every policy's mean with its bounds, all redrawn by the same blocks of holdings."""
    count = len(found.windows)
    rng = np.random.Generator(np.random.Philox(asked.draw_seed))
    drawn = moving_blocks(count, cube_root_block_count(count), _DRAWS_COUNT, rng)
    nets = {
        policy: np.array([each.net_frac_per_year for each in of])
        for policy, of in found.holdings.items()
    }

    def mean(values: Floats) -> Estimate:
        at = float(values.mean())
        if count < STEPS_COUNT_LEAST:  # a few holdings redrawn tell of themselves alone
            return Estimate(at_figure=at, low_figure=None, high_figure=None)
        low, high = np.quantile(values[drawn].mean(axis=1), _ENDS)
        return Estimate(at_figure=at, low_figure=float(low), high_figure=float(high))

    outcomes = []
    for policy, of in found.holdings.items():
        ahead = None
        if asked.against is not None and policy != asked.against:
            ahead = mean(nets[policy] - nets[_named(asked.against)])
        outcomes.append(
            CarryOutcome(
                policy=policy,
                holdings_count=count,
                net_frac_per_year=mean(nets[policy]),
                ahead_frac_per_year=ahead,
                worst_frac=min(each.net_usd / each.notional_usd for each in of),
                losing_count=sum(each.net_usd < 0.0 for each in of),
                left_count=sum(each.left_ns < each.end_ns for each in of),
                never_count=sum(each.left_ns == each.start_ns for each in of),
                liquidated_count=sum(each.liquidated_count > 0 for each in of),
                refills_count=sum(each.refills_count for each in of),
                funding_usd=math.fsum(each.funding_usd for each in of),
                perpetual_cost_usd=math.fsum(each.fees_usd + each.spread_usd for each in of),
                forced_usd=math.fsum(each.forced_usd for each in of),
                spot_cost_usd=math.fsum(each.spot_cost_usd for each in of),
                carrying_cost_usd=math.fsum(each.borrow_usd + each.margin_cost_usd for each in of),
            )
        )
    return outcomes


def _nearest(policy: CarryPolicy, found: Capture) -> tuple[NearestBreach, ...]:
    """Give the holding that came nearest, and liquidations of all."""
    liquidated = [each for run in found.runs[policy] for each in run.liquidated]
    worst = max(found.nearest[policy], key=lambda each: each.most_frac)
    return worst.found(liquidated)


def _statements(
    desk: Desk, market: Market, asked: CarryRunAsked, found: Capture, path: CarryPath
) -> list[str]:
    rates = np.concatenate([path.settled(each) for each in found.windows])
    flips = int(np.count_nonzero((rates[1:] < 0.0) != (rates[:-1] < 0.0)))
    policies = list(found.runs)
    legs = legs_of(desk)
    said = [
        f"{len(rates):,} settlements fell due in these holdings; shorts paid in "
        f"{percent(float(np.mean(rates < 0.0)))} of them, and who pays changed {flips:,} times.",
        "spot holds coins alone; held sells the perpetual at the start and buys it back at the "
        "end. After a liquidation a holding is left at the next look.",
    ]
    if "buffered" in policies:
        said.append(
            f"buffered has {percent(asked.reserve_frac, 0)} of the notional beside it, from which "
            "the margin is refilled along the desk's routes; spot's gain is no margin to anybody."
        )
    if "stopped" in policies:
        said.append(
            "stopped leaves at the first look at which the margin is used to "
            f"{percent(asked.stop_use_frac, 0)}."
        )
    if "unpaid" in policies:
        said.append(
            f"unpaid leaves, or does not enter, where shorts paid over the {asked.unpaid_over} "
            "before a look."
        )
    said.append(
        f"Buying and selling spot costs {percent(asked.spot_cost_frac, 2)} of it each, the money "
        f"in spot {percent(asked.borrow_frac_per_year, 2)} a year, in margin and reserve "
        f"{percent(asked.margin_cost_frac_per_year, 2)}; no venue here books these, and the "
        f"profit by steps is without them. Between two prices of {legs.perpetual.instrument_id} "
        "nothing is seen."
    )
    said.append(carry_run_note(cube_root_block_count(len(found.windows)), asked.draw_seed))
    terms = HedgeTerms(look_ns=length_ns("--look", asked.look, MINUTE_NS))
    return [*said, *run_statements(desk, market, terms, moves_collateral="buffered" in policies)]


def _named(policy: str) -> CarryPolicy:
    return next(each for each in CARRY_POLICIES if each == policy)
