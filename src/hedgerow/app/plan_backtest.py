"""What ``hedgerow plan backtest`` does: the same desk in the same markets, planned in several ways.

Every way plays every market at every depth, by the same code as `hedgerow run`: the simulated
venues match, charge, take time and liquidate, and the desk's own budget and guards hold. A market
is a seed of the embedded episode, or the window of a desk's recordings. One run is one task; tasks
may be shared between processes, and are put together in their own order.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import msgspec
import numpy as np

from hedgerow.agents import Means
from hedgerow.app.asked import show
from hedgerow.app.assumptions import assumptions, rulebooks_digest
from hedgerow.app.desk import Desk, JointPlanning
from hedgerow.app.desk_fields import duration_ns
from hedgerow.app.episode import play
from hedgerow.app.feed import Market, open_market
from hedgerow.app.options import Source
from hedgerow.errors import DeskRejected, RequestRejected
from hedgerow.execution import Header, Journal
from hedgerow.hedging import Depth
from hedgerow.planning import LATE_STATEMENT, JointTerms, Leg, Order, Swap, Switch
from hedgerow.reporting import builtins_of
from hedgerow.reporting.policies import policy_tables
from hedgerow.simulation import Episode, PolicyRun, policy_rows, thinned
from hedgerow.units import SECOND_NS, digits_of, format_ns

__all__ = ["run_plan_backtest"]

_MEANS: Final[dict[str, Means]] = {
    "joint": "joint",
    "hedges alone": "hedges",
    "collateral alone": "collateral",
}
_ALONE = "left alone"
_DRAWS_SEED: Final = 7


class Task(NamedTuple):
    """One run: which desk and market, planned how, with how deep books."""

    desk_path: Path | None
    data: Path | None
    seed: int | None
    policy: str
    depth_factor_frac: float
    step_ns: int | None
    option_depth_contracts: float
    terms: JointTerms


def run_plan_backtest(
    source: Source,
    *,
    seeds_count: int,
    depths_frac: tuple[float, ...],
    step: str | None,
    option_depth_contracts: float,
    horizon_days: float,
    capital_frac_per_year: float,
    workers_count: int,
    out: Path | None,
    as_json: bool,
) -> int:
    """Print how the ways compare; exit status 0, since nothing is judged by it."""
    step_ns = None if step is None else _step_ns(step)
    desk, market = open_market(source.desk, source.data, None)
    if not desk.has_budget:
        raise DeskRejected("a plan is executed within a budget: add [budget] to the desk file")
    seeds: Sequence[int | None] = range(1, seeds_count + 1) if market.seed is not None else (None,)
    terms = JointTerms(horizon_days=horizon_days, capital_frac_per_year=capital_frac_per_year)
    tasks = [
        Task(
            source.desk,
            source.data,
            seed,
            policy,
            factor,
            step_ns,
            option_depth_contracts,
            terms,
        )
        for factor, seed, policy in product(dict.fromkeys(depths_frac), seeds, (*_MEANS, _ALONE))
    ]
    runs = _played(tasks, workers_count)
    rows = policy_rows(runs, np.random.Generator(np.random.Philox(_DRAWS_SEED)))
    if out is not None:
        _write(out, runs)
    shown = _prepared(desk, tasks[0])
    said = (
        *(_depth_statement(tasks[0], factor) for factor in dict.fromkeys(depths_frac)),
        "No depth of options and no order book of a crash was recorded: both are assumed. Where an "
        f"option has no bid and ask it is traded {desk.option_half_spread_vol_frac:.1%} of vol "
        "beside its mark.",
        LATE_STATEMENT,
        *assumptions(replace(shown, planning=None), market),
    )
    heading = (
        f"{shown.name}: {_markets(market, seeds_count, shown)}, looked at every "
        f"{shown.step_ns // SECOND_NS} s"
    )
    show(
        {"rows": builtins_of(rows), "assumptions": list(said), "step_s": shown.step_ns / SECOND_NS},
        policy_tables(rows, heading, said),
        as_json=as_json,
    )
    return 0


def _step_ns(written: str) -> int:
    try:
        step_ns = int(duration_ns(written))
    except ValueError as bad:
        raise RequestRejected(f"--step {written}: {bad}") from bad
    if step_ns < SECOND_NS:
        raise RequestRejected(f"--step {written}: must be at least 1s")
    return step_ns


def _markets(market: Market, seeds_count: int, desk: Desk) -> str:
    if market.seed is not None:
        return f"seeds 1 to {seeds_count}"
    return f"{market.name}, {format_ns(desk.start_ns)} to {format_ns(desk.end_ns)}"


def _played(tasks: Sequence[Task], workers_count: int) -> list[PolicyRun]:
    if workers_count == 1:
        return [_told(task, at, len(tasks)) for at, task in enumerate(tasks)]
    with ProcessPoolExecutor(workers_count, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_run, tasks))


def _told(task: Task, at: int, count: int) -> PolicyRun:
    """Run one; where a person watches, say how far it is."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\rrun {at + 1} of {count} ")
        sys.stderr.flush()
    return _run(task)


def _depth_statement(task: Task, factor_frac: float) -> str:
    contracts = task.option_depth_contracts * factor_frac
    return (
        f"Depth × {factor_frac:g}: {contracts:g} contracts of an option at its best bid and ask, "
        "as many again at each half spread further, three times over, anew with every quote; "
        f"levels of order books hold {factor_frac:g} of what the market shows, in whole lots."
    )


def _prepared(desk: Desk, task: Task) -> Desk:
    means = _MEANS.get(task.policy, "joint")
    # Order books are thinned in the market itself, so that the venues see them so too.
    depth = Depth(
        option_contracts=task.option_depth_contracts * task.depth_factor_frac,
        half_spread_vol_frac=desk.option_half_spread_vol_frac,
    )
    return replace(
        desk,
        mode="auto",
        step_ns=desk.step_ns if task.step_ns is None else task.step_ns,
        planning=JointPlanning(means=means, depth=depth, terms=task.terms),
    )


def _run(task: Task) -> PolicyRun:
    desk, market = open_market(task.desk_path, task.data, task.seed)
    desk = _prepared(desk, task)
    factor = digits_of(task.depth_factor_frac)
    thin = market
    if factor != 1:
        thin = replace(market, events=lambda: thinned(market.events(), factor, desk.instruments))
    if task.policy == _ALONE:
        return _figures(task, play(desk, thin, None, is_quiet=True, is_brief=True))
    header = Header(
        desk_digest=desk.digest,
        rulebooks_digest=rulebooks_digest(desk),
        data_name=market.name,
        data_digest=market.digest,
        seed=market.seed or 0,
        mode=desk.mode,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with Journal.create(path, header, time_ns=desk.start_ns) as journal:
            return _figures(task, play(desk, thin, journal, is_quiet=True, is_brief=True))


def _figures(task: Task, played: Episode) -> PolicyRun:
    end_usd, start_usd = played.frames[-1].equity_usd, played.equity_start_usd
    looks = [] if task.policy == _ALONE else [frame.limits for frame in played.frames]
    broken = [any(each.rung in ("soft", "hard") for each in states) for states in looks]
    sent = [each for each in played.actions if each.status != "rejected"]
    trades = sum(isinstance(each.leg, Order) for each in sent)
    return PolicyRun(
        policy=task.policy,
        market="recording" if task.seed is None else f"seed {task.seed}",
        depth_factor_frac=task.depth_factor_frac,
        cost_usd=round(sum(each.cost_usd for each in played.actions), 6),
        loss_usd=round(float(sum(each.loss_usd for each in played.liquidations)), 6),
        liquidated=tuple(dict.fromkeys(each.account_id for each in played.liquidations)),
        change_usd=(
            None if end_usd is None or start_usd is None else round(end_usd - start_usd, 6)
        ),
        broken_frac=sum(broken) / len(broken) if broken else None,
        trades_count=trades,
        transfers_count=len(sent) - trades,
        refused_count=len(played.actions) - len(sent),
        legs=tuple(_written(each.leg) for each in sent),
    )


def _written(leg: Leg) -> str:
    """Write a leg with its time, which its client id begins with."""
    if isinstance(leg, Order):
        size = f"{leg.quantity_contracts.normalize():f}"
        return f"{leg.client_id} {leg.instrument_id} {leg.account_id} {size}"
    if isinstance(leg, Switch):
        return f"{leg.client_id} {leg.account_id} {leg.rulebook}"
    if isinstance(leg, Swap):
        size = f"{leg.quantity_coin.normalize():f}"
        return f"{leg.client_id} {leg.asset} {leg.asset_take} {leg.account_id} {size}"
    return (
        f"{leg.client_id} {leg.asset} {leg.source_account_id} {leg.target_account_id} {leg.use} "
        f"{leg.quantity_coin.normalize():f}"
    )


def _write(out: Path, runs: Sequence[PolicyRun]) -> None:
    try:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=1) + b"\n")
    except OSError as trouble:
        raise DeskRejected(f"--out {out}: cannot be written: {trouble.strerror}") from trouble
