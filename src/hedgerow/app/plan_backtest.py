"""What ``hedgerow plan backtest`` does: the same desk in the same markets, planned in several ways.

Every way plays every market at every depth, by the same code as `hedgerow run`: the simulated
venues match, charge, take time and liquidate, and the desk's own budget and guards hold. A market
is a seed of the embedded episode, or the window of a desk's recordings. One run is one task; tasks
may be shared between processes, and are put together in their own order. Runs may be kept in a file
as they end (`hedgerow.app.kept_runs`).

With limits ``account`` a desk keeps only those of its accounts' requirements and distances. Then
every way is asked for the same, to stay clear of a liquidation: with all limits, ways that cannot
bring a delta back leave that undone and pay nothing for it.
"""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hedgerow.agents import Means
from hedgerow.app.asked import show
from hedgerow.app.assumptions import assumptions, rulebooks_digest
from hedgerow.app.desk import Desk, JointPlanning
from hedgerow.app.desk_fields import duration_ns
from hedgerow.app.episode import play
from hedgerow.app.feed import Market, open_market
from hedgerow.app.kept_runs import KeptRuns, Question, program
from hedgerow.app.options import Source
from hedgerow.app.plan_asked import KeptLimits, WaysAsked
from hedgerow.app.plan_prices import prices_of
from hedgerow.app.shared_runs import as_they_end
from hedgerow.app.tied_up import tied_up
from hedgerow.app.written import check_place, write_file
from hedgerow.collateral import BufferPolicy
from hedgerow.errors import DeskRejected, RequestRejected
from hedgerow.execution import Header, Journal
from hedgerow.hedging import Depth
from hedgerow.limits import METRICS, Limit, breaches
from hedgerow.planning import LATE_STATEMENT, JointTerms, Leg, Order, Swap, Switch
from hedgerow.reporting import builtins_of
from hedgerow.reporting.figures import duration
from hedgerow.reporting.policies import policy_tables
from hedgerow.simulation import Episode, PolicyRun, policy_rows, thinned
from hedgerow.units import SECOND_NS, digits_of, format_ns, to_model

__all__ = ["run_plan_backtest"]

_LIMITS_SAID: Final[dict[KeptLimits, str]] = {
    "all": "Plans are asked to keep every limit of the desk; Broken says how far they do not.",
    "account": "Plans are asked to keep only limits of accounts' requirements and distances, so "
    "that every way is asked for the same.",
}

_MEANS: Final[dict[str, Means]] = {
    "joint": "joint",
    "hedges alone": "hedges",
    "collateral alone": "collateral",
}
_ALONE = "left alone"
_DRAWS_SEED: Final = 7
# What may be unknown, or empty, in every run has its type in a table all the same.
_OPTIONAL: Final[dict[str, pl.DataType]] = {
    "liquidated": pl.List(pl.String),
    "legs": pl.List(pl.String),
    "unpriced": pl.List(pl.String),
    "capital_usd": pl.Float64(),
    "change_usd": pl.Float64(),
    "broken_frac": pl.Float64(),
}


class Task(NamedTuple):
    """One run: which desk and market, planned how, with how deep books."""

    desk_path: Path | None
    data: Path | None
    seed: int | None
    policy: str
    depth_factor_frac: float
    limits: KeptLimits
    slack_frac: float
    step_ns: int | None
    option_depth_contracts: float
    terms: JointTerms

    @property
    def market_name(self) -> str:
        """What the same market is called in every way's run."""
        return "recording" if self.seed is None else f"seed {self.seed}"


def run_plan_backtest(
    source: Source, asked: WaysAsked, *, keep: Path | None, out: Path | None, as_json: bool
) -> int:
    """Print how the ways compare; exit status 0, since nothing is judged by it."""
    for flag, path in (("--out", out), ("--keep", keep)):
        if path is not None:
            check_place(path, flag)
    if keep is not None and out is not None and keep.absolute() == out.absolute():
        raise RequestRejected(f"--out {out} is where --keep writes too; name another file for one")
    asked = asked._replace(
        depths_frac=tuple(dict.fromkeys(asked.depths_frac)),
        slacks_frac=tuple(dict.fromkeys(asked.slacks_frac)),
    )
    desk, market = open_market(source.desk, source.data, None)
    if not desk.has_budget:
        raise DeskRejected("a plan is executed within a budget: add [budget] to the desk file")
    tasks = _tasks(source, asked, desk, market)
    shown = _prepared(desk, tasks[0])
    question = _question(tasks[0], shown, market, program="" if keep is None else program())
    with nullcontext() if keep is None else KeptRuns(keep, question) as kept:
        runs = _played(tasks, asked.workers_count, kept)
    runs.sort(key=lambda each: asked.depths_frac.index(each.depth_factor_frac))
    rows = policy_rows(runs, np.random.Generator(np.random.Philox(_DRAWS_SEED)), alone=_ALONE)
    if out is not None:
        said = write_file(out, "--out", lambda beside: _write(beside, runs))
        (sys.stderr if as_json else sys.stdout).write(f"runs {said}\n")
    told = _statements(asked, tasks[0], shown, market)
    heading = (
        f"{shown.name}: {_markets(market, asked.seeds_count, shown)}, looked at every "
        f"{duration(shown.step_ns / SECOND_NS)}"
    )
    show(
        {"rows": builtins_of(rows), "assumptions": told, "step_s": shown.step_ns / SECOND_NS},
        policy_tables(rows, heading, told),
        as_json=as_json,
    )
    return 0


def _tasks(source: Source, asked: WaysAsked, desk: Desk, market: Market) -> list[Task]:
    """List the runs, market by market: those kept of a stopped one compare all ways in the same."""
    seeds: Sequence[int | None] = (None,)
    if market.seed is not None:
        seeds = range(1, asked.seeds_count + 1)
    step_ns = None if asked.step is None else _step_ns(asked.step)
    prices = prices_of(
        desk,
        option_depth_contracts=asked.option_depth_contracts,
        horizon_days=asked.horizon_days,
        capital_frac_per_year=asked.capital_frac_per_year,
    )
    ways = [*product(_MEANS, asked.slacks_frac), (_ALONE, 1.0)]
    return [
        Task(
            source.desk,
            source.data,
            seed,
            policy,
            factor,
            asked.limits,
            slack_frac,
            step_ns,
            prices.option_depth_contracts,
            prices.terms(),
        )
        for seed, factor, (policy, slack_frac) in product(seeds, asked.depths_frac, ways)
    ]


def _question(first: Task, shown: Desk, market: Market, *, program: str) -> Question:
    return Question(
        program=program,
        desk_digest=shown.digest,
        rulebooks_digest=rulebooks_digest(shown),
        data_name=market.name,
        # Of a generated market the digest names its seed.
        data_digest="" if market.seed is not None else market.digest,
        limits=first.limits,
        step_ns=shown.step_ns,
        option_depth_contracts=first.option_depth_contracts,
        horizon_days=first.terms.horizon_days,
        capital_frac_per_year=first.terms.capital_frac_per_year,
    )


def _statements(asked: WaysAsked, first: Task, shown: Desk, market: Market) -> list[str]:
    """Say which limits were kept, and all that is assumed."""
    return [
        _LIMITS_SAID[asked.limits],
        *(
            f"Limits × {each:g}: bounds of accounts' requirements and distances, and buffers, lie "
            f"{each:g} times as far from liquidation as the desk's."
            for each in asked.slacks_frac
            if each != 1.0
        ),
        *(_depth_statement(first, factor) for factor in asked.depths_frac),
        "No depth of options and no order book of a crash was recorded: both are assumed. Where an "
        f"option has no bid and ask it is traded {shown.option_half_spread_vol_frac:.1%} of vol "
        "beside its mark.",
        f"Money that was moved costs {first.terms.capital_frac_per_year:.1%} a year from its "
        "sending until as much is sent back to where it lay, or to the end, at the price of the "
        "end.",
        LATE_STATEMENT,
        *assumptions(replace(shown, planning=None), market),
    ]


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


def _played(tasks: Sequence[Task], workers_count: int, kept: KeptRuns | None) -> list[PolicyRun]:
    """Play what is not kept yet, and give all in the order of the tasks."""
    done = {_key(each): each for each in ([] if kept is None else kept.runs)}
    left = [each for each in tasks if _key_of(each) not in done]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    is_watched = sys.stderr.isatty()
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not is_watched
    ) as bar:
        shown = bar.add_task("runs", total=len(tasks), completed=len(tasks) - len(left))
        for run in as_they_end(_run, left, workers_count):
            done[_key(run)] = run
            if kept is not None:
                kept.add(run)
            bar.advance(shown)
    return [done[_key_of(each)] for each in tasks]


_Key: TypeAlias = tuple[str, float, str, float]


def _key(run: PolicyRun) -> _Key:
    return run.market, run.depth_factor_frac, run.policy, run.slack_frac


def _key_of(task: Task) -> _Key:
    return task.market_name, task.depth_factor_frac, task.policy, task.slack_frac


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
        limits=tuple(
            _nearer(each, task.slack_frac)
            for each in desk.limits
            if task.limits == "all" or METRICS[each.metric].is_of_account
        ),
        buffers=tuple(_nearer_buffer(each, task.slack_frac) for each in desk.buffers),
        planning=JointPlanning(means=means, depth=depth, terms=task.terms),
    )


def _nearer(limit: Limit, slack_frac: float) -> Limit:
    """Let an account come nearer to liquidation; limits of other things stay as they are."""
    metric = METRICS[limit.metric]
    if slack_frac == 1.0 or not metric.is_of_account:
        return limit
    end = 0.0 if metric.side == "floor" else metric.bound_frac_max or 1.0
    return msgspec.structs.replace(
        limit,
        soft_frac_usd_or_coin=end + slack_frac * (limit.soft_frac_usd_or_coin - end),
        hard_frac_usd_or_coin=end + slack_frac * (limit.hard_frac_usd_or_coin - end),
    )


def _nearer_buffer(policy: BufferPolicy, slack_frac: float) -> BufferPolicy:
    slack = digits_of(slack_frac)
    return msgspec.structs.replace(
        policy,
        trigger_use_frac=1 + slack * (policy.trigger_use_frac - 1),
        target_use_frac=1 + slack * (policy.target_use_frac - 1),
    )


@lru_cache(maxsize=1)
def _drawn(seed: int) -> tuple[Desk, Market]:
    """Draw an episode once for all runs that follow one another in it."""
    desk, market = open_market(None, None, seed)
    events = tuple(market.events())
    return desk, replace(market, events=lambda: iter(events))


def _run(task: Task) -> PolicyRun:
    # A recording may be long, and is read anew for each run.
    desk, market = (
        open_market(task.desk_path, task.data, None) if task.seed is None else _drawn(task.seed)
    )
    desk = _prepared(desk, task)
    factor = digits_of(task.depth_factor_frac)
    thin = market
    if factor != 1:
        thin = replace(market, events=lambda: thinned(market.events(), factor, desk.instruments))
    if task.policy == _ALONE:
        return _figures(desk, task, play(desk, thin, None, is_quiet=True, is_brief=True))
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
            return _figures(desk, task, play(desk, thin, journal, is_quiet=True, is_brief=True))


def _figures(desk: Desk, task: Task, played: Episode) -> PolicyRun:
    end_usd, start_usd = played.frames[-1].equity_usd, played.equity_start_usd
    looks = [] if task.policy == _ALONE else [frame.limits for frame in played.frames]
    broken = [bool(breaches(states)) for states in looks]
    sent = [each for each in played.actions if each.status != "rejected"]
    trades = sum(isinstance(each.leg, Order) for each in sent)
    end = played.frames[-1]
    tied = tied_up(
        played.actions,
        end_ns=end.time_ns,
        prices_usd={name: to_model(usd) for name, usd in desk.dollars_usd.items()} | end.prices_usd,
        capital_frac_per_year=task.terms.capital_frac_per_year,
    )
    return PolicyRun(
        policy=task.policy,
        market=task.market_name,
        slack_frac=task.slack_frac,
        depth_factor_frac=task.depth_factor_frac,
        cost_usd=round(sum(each.cost_usd for each in played.actions), 6),
        capital_usd=None if tied.cost_usd is None else round(tied.cost_usd, 6),
        unpriced=tied.unpriced,
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


def _write(path: Path, runs: Sequence[PolicyRun]) -> None:
    """Write every run, as a table where the file is named so, else as JSON."""
    if path.suffix.lower() == ".parquet":
        rows = [msgspec.to_builtins(each) for each in runs]
        table = pl.DataFrame(rows, schema_overrides=_OPTIONAL, infer_schema_length=None)
        table.write_parquet(path)
    else:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=1) + b"\n")
