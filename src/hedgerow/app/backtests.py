"""What ``hedgerow hedge backtest`` does: each policy through the same market, side by side."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from hedgerow.app.asked import moment_ns, show
from hedgerow.app.assumptions import assumptions
from hedgerow.app.backtest_request import BacktestAsked
from hedgerow.app.desk import Desk
from hedgerow.app.desk_fields import duration_ns
from hedgerow.app.feed import Market, open_market
from hedgerow.app.hedge_backtest import (
    POLICIES,
    HedgeTerms,
    Policy,
    backtest,
    lacking,
    option_depth,
)
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_file, write_plot
from hedgerow.errors import DeskRejected, Failure, OutOfDomain, RequestRejected
from hedgerow.hedging import HedgeBudget
from hedgerow.reporting.backtests import (
    HedgeRun,
    backtest_builtins,
    backtest_svg,
    backtest_tables,
    unexplained,
)
from hedgerow.risk import Method, RunDifference, RunFigures, run_difference, run_figures
from hedgerow.units import MINUTE_NS, format_ns

__all__ = ["show_backtest"]

_STEPS_COUNT_MAX: Final = 5_000
# What may stay unexplained of the gross, pooled over a run.
_BARS_FRAC: Final[Mapping[Method, float]] = {"taylor": 0.02, "full": 0.01}


def show_backtest(source: Source, asked: BacktestAsked, *, as_json: bool) -> int:
    """Print what every policy cost and came to; write and draw it where asked to.

    Raises
    ------
    DeskRejected
        If the window is none of the desk's.
    RequestRejected
        If a policy is none or lacks what it follows from, or anything else cannot be meant.
    """
    if asked.plot is not None:
        check_plot(asked.plot)
    if asked.out is not None and asked.out.exists() and not asked.out.is_dir():
        raise RequestRejected(f"--out {asked.out} is not a folder")
    terms = _terms(asked)
    desk, market = open_market(source.desk, source.data, source.seed, only_held=True)
    start_ns, end_ns = _window(desk, asked)
    every_ns = _every_ns(asked.every, end_ns - start_ns)
    policies, left_out = _policies(desk, asked, terms)
    if asked.against is not None and asked.against not in policies:
        raise RequestRejected(
            f"--against {asked.against}: is not followed; there are {', '.join(policies)}"
        )
    runs = []
    with _progress(is_quiet=as_json) as progress:
        for policy in policies:
            task = progress.add_task(policy, total=1.0)
            runs.append(
                backtest(
                    desk,
                    market,
                    policy,
                    terms,
                    start_ns=start_ns,
                    end_ns=end_ns,
                    every_ns=every_ns,
                    told=partial(_told, progress, task),
                )
            )
    differences = _differences(runs, asked)
    figures = {found.policy: run_figures(found.steps, _rng(asked)) for found in runs}
    statements = (*_statements(desk, market, terms), *left_out)
    if asked.out is not None:
        _write(asked.out, runs, figures, as_json=as_json)
    if asked.plot is not None:
        write_plot(asked.plot, backtest_svg(runs), as_json=as_json)
    heading = (
        f"{desk.name}: its opening positions, from {format_ns(start_ns)} to {format_ns(end_ns)}, "
        f"hedged by {len(runs)} polic{'ies' if len(runs) > 1 else 'y'}"
    )
    show(
        backtest_builtins(
            runs, figures, differences, statements=statements, draw_seed=asked.draw_seed
        ),
        backtest_tables(
            runs,
            figures,
            differences,
            heading=heading,
            statements=statements,
            draw_seed=asked.draw_seed,
            against=asked.against,
        ),
        as_json=as_json,
    )
    return status(_troubles(runs, figures), is_quiet=as_json)


def _terms(asked: BacktestAsked) -> HedgeTerms:
    budget = None
    if asked.budget_bps_per_day is not None and asked.shortfall_usd is not None:
        raise RequestRejected("--budget and --shortfall: choose one; a band follows from either")
    if asked.budget_bps_per_day is not None or asked.shortfall_usd is not None:
        budget = HedgeBudget(
            cost_bps_per_day=asked.budget_bps_per_day, shortfall_usd=asked.shortfall_usd
        )
    return HedgeTerms(
        look_ns=None if asked.look == "chain" else _length_ns("--look", asked.look, MINUTE_NS),
        looks_at_chains=asked.look == "chain",
        depth_factor_frac=asked.depth_factor_frac,
        budget=budget,
        fixed_cost_usd=asked.fixed_cost_usd,
        interval_ns=_length_ns("--interval", asked.interval, 1),
        width_coin=asked.width_coin,
        loss_usd=asked.loss_usd,
    )


def _told(progress: Progress, task: TaskID, done_frac: float) -> None:
    progress.update(task, completed=done_frac)


def _length_ns(flag: str, written: str | None, least_ns: int) -> int | None:
    if written is None:
        return None
    try:
        length_ns = int(duration_ns(written))
    except ValueError as bad:
        raise RequestRejected(f"{flag} {written}: {bad}") from bad
    if length_ns < least_ns:
        least = "above 0" if least_ns == 1 else "at least a minute"
        raise RequestRejected(f"{flag} {written}: must be {least}")
    return length_ns


def _window(desk: Desk, asked: BacktestAsked) -> tuple[int, int]:
    start_ns = desk.start_ns if asked.start is None else moment_ns(asked.start, "--from")
    end_ns = desk.end_ns if asked.end is None else moment_ns(asked.end, "--to")
    for flag, time_ns in (("--from", start_ns), ("--to", end_ns)):
        if not desk.start_ns <= time_ns <= desk.end_ns:
            raise DeskRejected(
                f"{flag} {format_ns(time_ns)} lies outside the desk's window, "
                f"{format_ns(desk.start_ns)} to {format_ns(desk.end_ns)}"
            )
    if end_ns <= start_ns:
        raise DeskRejected(
            f"--to {format_ns(end_ns)} must be later than --from {format_ns(start_ns)}"
        )
    return start_ns, end_ns


def _every_ns(every: str, window_ns: int) -> int | None:
    if every == "chain":
        return None
    every_ns = _length_ns("--every", every, MINUTE_NS)
    assert every_ns is not None, "it was written"
    if window_ns // every_ns > _STEPS_COUNT_MAX:
        raise RequestRejected(
            f"--every {every} makes more than {_STEPS_COUNT_MAX:,} steps; ask for longer ones"
        )
    return every_ns


def _policies(
    desk: Desk, asked: BacktestAsked, terms: HedgeTerms
) -> tuple[list[Policy], list[str]]:
    """Give the policies to follow, and what is said of those that `all` leaves out."""
    unknown = [each for each in asked.policies if each not in (*POLICIES, "all")]
    if unknown:
        raise RequestRejected(f"--policy {unknown[0]}: there are {', '.join(POLICIES)}, and all")
    if "all" not in asked.policies:
        named = [each for each in POLICIES if each in asked.policies]
        for each in named:
            why = lacking(desk, each, terms)
            if why is not None:
                raise RequestRejected(f"--policy {each}: {why}")
        return named, []
    reasons = {each: lacking(desk, each, terms) for each in POLICIES}
    told = [f"{each} is left out: {why}." for each, why in reasons.items() if why is not None]
    return [each for each, why in reasons.items() if why is None], told


def _differences(runs: Sequence[HedgeRun], asked: BacktestAsked) -> dict[str, RunDifference]:
    """Compare each run with the one that was named, redrawn by the same blocks."""
    base = next((found for found in runs if found.policy == asked.against), None)
    if base is None:
        return {}
    try:
        return {
            found.policy: run_difference(found.steps, base.steps, _rng(asked))
            for found in runs
            if found is not base
        }
    except OutOfDomain:  # no step is known in both: the answer says that of each
        return {}


def _rng(asked: BacktestAsked) -> np.random.Generator:
    """Give the same draws to every policy."""
    return np.random.Generator(np.random.Philox(asked.draw_seed))


def _statements(desk: Desk, market: Market, terms: HedgeTerms) -> list[str]:
    step = _length(terms.look_ns or desk.step_ns)
    when = f"At the first {step} after every chain" if terms.looks_at_chains else f"Every {step}"
    said = [
        f"{when} a policy looks at the desk; its orders are filled at once out of the book of that "
        "moment. No collateral is moved and no budget of orders kept.",
    ]
    if terms.depth_factor_frac != 1.0:
        said.append(f"Every order book is taken to be {terms.depth_factor_frac:g} times as deep.")
    if any(each.fixed_cost_usd for each in desk.hedges) or terms.fixed_cost_usd:
        said.append(
            "The fixed cost of a trade is what bands are made by; no venue here charges it."
        )
    if terms.loss_usd is not None:
        said.append(
            f"The stop-loss closes every option on the hedged coins once {terms.loss_usd:,.0f} USD "
            "are lost, and the delta that is left; until then it does nothing. "
            f"{option_depth(desk, terms).statement()}"
        )
    return [*said, *assumptions(desk, market)]


def _length(length_ns: int) -> str:
    minutes = length_ns / MINUTE_NS
    return f"{minutes / 60:g} h" if minutes % 60 == 0 else f"{minutes:g} min"


def _troubles(runs: Sequence[HedgeRun], figures: Mapping[str, RunFigures]) -> list[str]:
    """Say what was liquidated though hedged, what is unknown, and what stays unexplained.

    Who leaves a desk alone may see it liquidated: that is what hedging is compared with.
    """
    said = []
    for found in runs:
        if found.policy != "none":
            hit = dict.fromkeys(each.account_id for each in found.liquidated)
            said += [f"{found.policy}: {name} was liquidated" for name in hit]
        unknown = figures[found.policy].unknown_count
        if unknown:
            said.append(f"{found.policy}: the profit of {unknown} steps is unknown")
        for method in found.explained:
            share = unexplained(found, method)["all"].unexplained_frac
            if share is not None and share > _BARS_FRAC[method]:
                said.append(
                    f"{found.policy}: {share:.2%} of the gross stays unexplained by {method}, more "
                    f"than {_BARS_FRAC[method]:.0%}"
                )
    return said


def _progress(*, is_quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=is_quiet or not sys.stderr.isatty(),
    )


def _write(
    folder: Path,
    runs: Sequence[HedgeRun],
    figures: Mapping[str, RunFigures],
    *,
    as_json: bool,
) -> None:
    """Write ``steps.parquet`` and ``policies.parquet``, each whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise RequestRejected(f"--out {folder}: cannot write there: {bad.strerror}") from bad
    tables = {
        "steps.parquet": [row for found in runs for row in _step_rows(found)],
        "policies.parquet": [_policy_row(found, figures[found.policy]) for found in runs],
    }
    for name, rows in tables.items():
        table = pl.DataFrame(rows, infer_schema_length=None)
        # What is unknown in every row is a number still.
        table = table.with_columns(pl.col(pl.Null).cast(pl.Float64))
        said = write_file(folder / name, "--out", table.write_parquet)
        (sys.stderr if as_json else sys.stdout).write(f"table {said}\n")


def _step_rows(found: HedgeRun) -> list[dict[str, Any]]:
    rows = []
    for at, each in enumerate(found.steps):
        row: dict[str, Any] = {
            "policy": found.policy,
            "start_ns": each.start_ns,
            "end_ns": each.end_ns,
            "profit_usd": each.profit_usd,
            "cost_usd": each.cost_usd,
            "fees_usd": each.fees_usd,
            "spread_usd": each.spread_usd,
            "funding_usd": each.funding_usd,
            "liquidations_usd": each.liquidations_usd,
            "trades_count": each.trades_count,
        }
        for coin in found.hedge_coin:
            row[f"{coin}_hedge_coin"] = found.hedge_coin[coin][at]
            row[f"{coin}_delta_coin"] = found.delta_coin[coin][at]
        for method, steps in found.explained.items():
            explained = steps[at].row("desk")
            assert not isinstance(explained, Failure), "every explanation has a row for the desk"
            row[f"{method}_unexplained_usd"] = explained.unexplained_usd
            row[f"{method}_gross_usd"] = None if explained.missing else explained.gross_usd
            row |= {f"{method}_{name}_usd": usd for name, usd in explained.lines_usd.items()}
        rows.append(row)
    return rows


def _policy_row(found: HedgeRun, of: RunFigures) -> dict[str, Any]:
    row: dict[str, Any] = {
        "policy": found.policy,
        "steps_count": of.steps_count,
        "unknown_count": of.unknown_count,
        "days": of.days,
        "trades_count": of.trades_count,
        "fees_usd": of.fees_usd,
        "spread_usd": of.spread_usd,
        "funding_usd": of.funding_usd,
        "liquidations_usd": of.liquidations_usd,
    }
    for name in ("cost_usd_per_day", "profit_usd", "shortfall_usd", "deviation_usd_per_day"):
        estimate = getattr(of, name)
        row[name] = None if estimate is None else estimate.at_figure
        row[f"low_{name}"] = None if estimate is None else estimate.low_figure
        row[f"high_{name}"] = None if estimate is None else estimate.high_figure
    for method in found.explained:
        for part, each in unexplained(found, method).items():
            row[f"{method}_{part}_unexplained_frac"] = each.unexplained_frac
    return row
