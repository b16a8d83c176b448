"""What backtests share: windows as written, progress, troubles, tables on disk."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from hedgerow.app.asked import moment_ns
from hedgerow.app.desk import Desk
from hedgerow.app.written import write_file
from hedgerow.errors import DeskRejected, Failure, RequestRejected
from hedgerow.reporting.backtests import HedgeRun, unexplained
from hedgerow.risk import Method, RunFigures
from hedgerow.units import format_ns, percent

__all__ = [
    "check_folder",
    "progress_of",
    "rng_of",
    "run_troubles",
    "teller",
    "window_of",
    "write_runs",
]

# What may stay unexplained of the gross, pooled over a run.
_CENT_USD: Final = 0.01  # where nothing moved, sums of floats are apart by less
_BARS_FRAC: Final[Mapping[Method, float]] = {"taylor": 0.02, "full": 0.01}


def check_folder(out: Path | None) -> None:
    """Refuse what is there and no folder, before anything is played; RequestRejected."""
    if out is not None and out.exists() and not out.is_dir():
        raise RequestRejected(f"--out {out} is not a folder")


def window_of(desk: Desk, start: str | None, end: str | None) -> tuple[int, int]:
    """Read the window to play, the desk's own where it is left out; DeskRejected outside of it."""
    start_ns = desk.start_ns if start is None else moment_ns(start, "--from")
    end_ns = desk.end_ns if end is None else moment_ns(end, "--to")
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


def progress_of(*, is_quiet: bool) -> Progress:
    """Give bars for whoever watches a terminal, and nothing else."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=is_quiet or not sys.stderr.isatty(),
    )


def teller(progress: Progress, name: str) -> Callable[[float], object]:
    """Give what is told how much of a run is done; its bar appears now."""
    task = progress.add_task(name, total=1.0)
    return lambda done_frac: progress.update(task, completed=done_frac)


def rng_of(draw_seed: int) -> np.random.Generator:
    """Give the draws of a seed: the same to every policy, so that they are compared by the same."""
    return np.random.Generator(np.random.Philox(draw_seed))


def run_troubles(runs: Sequence[HedgeRun], figures: Mapping[str, RunFigures]) -> list[str]:
    """Say what is unknown, and where more stays unexplained than the bars allow."""
    said = []
    for found in runs:
        unknown = figures[found.policy].unknown_count
        if unknown:
            said.append(f"{found.policy}: the profit of {unknown} steps is unknown")
        for method in found.explained:
            share = unexplained(found, method)["all"].unexplained_frac
            if share is not None and share > _BARS_FRAC[method]:
                said.append(
                    f"{found.policy}: {percent(share, 2)} of the gross stays unexplained by "
                    f"{method}, more than {percent(_BARS_FRAC[method], 0)}"
                )
        said += _hidden(found)
    return said


def _hidden(found: HedgeRun) -> list[str]:
    """Say which steps a revaluation leaves unexplained, small though they are in the whole.

    However far prices moved: what is revalued has no order that was left out. Greeks have, and the
    share of the gross judges them.
    """
    rows = [(each.end_ns, each.row("desk")) for each in found.explained.get("full", ())]
    left = [
        (abs(row.unexplained_usd), end_ns)
        for end_ns, row in rows
        if not isinstance(row, Failure)
        and not row.missing
        and row.unexplained_usd is not None
        and abs(row.unexplained_usd) > row.tolerance_usd + _CENT_USD
    ]
    if not left:
        return []
    most_usd, end_ns = max(left)
    steps = "1 step leaves" if len(left) == 1 else f"{len(left)} steps leave"
    return [
        f"{found.policy}: {steps} more unexplained by full than the tolerance, at most "
        f"{most_usd:,.2f} USD in the one to {format_ns(end_ns)}"
    ]


def write_runs(
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
