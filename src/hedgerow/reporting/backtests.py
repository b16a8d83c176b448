"""Policies side by side: what each cost and came to, how sure that is, and what nobody explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.execution import Liquidation
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import clock, percent, plain
from hedgerow.reporting.framing import headed, note
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.tables import builtins_of
from hedgerow.risk import (
    MOVE_FRAC_MAX,
    Estimate,
    Explained,
    ExplainRow,
    Method,
    Pooled,
    RunDifference,
    RunFigures,
    RunStep,
    pooled,
)
from hedgerow.units import DAY_NS

__all__ = ["HedgeRun", "backtest_builtins", "backtest_svg", "backtest_tables", "unexplained"]

_METHODS: Final[Mapping[Method, str]] = {"taylor": "Greeks", "full": "revaluation"}
_NOTE: Final = (
    "Cost is fees and spread less funding received, by the day. Shortfall is the mean loss of the "
    "worst 2.5 % of the steps, one at least. Deviation is the root of the mean square of what a "
    "day gained. In brackets what 95 % of the runs redrawn from blocks of {block} steps have "
    "({seed}), unknown of fewer than 20 steps; every policy is redrawn by the same blocks."
)
_TROUBLES_COUNT_MAX: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class HedgeRun:
    """One policy followed through a market.

    `explained` holds a step's explanations by method, `delta_coin` and `hedge_coin` what the desk's
    delta and the hedge were as each step ended, by coin; a delta is None where it is unknown.
    """

    policy: str
    steps: tuple[RunStep, ...]
    explained: Mapping[Method, tuple[Explained, ...]]
    delta_coin: Mapping[str, tuple[float | None, ...]]
    hedge_coin: Mapping[str, tuple[float, ...]]
    liquidated: tuple[Liquidation, ...]
    troubles: tuple[str, ...]


def unexplained(found: HedgeRun, method: Method) -> dict[str, Pooled]:
    """Pool what the steps of a desk leave unexplained: all, those up to 5 %, and those beyond."""
    rows: list[ExplainRow] = []
    for each in found.explained[method]:
        row = each.row("desk")
        assert not isinstance(row, Failure), "every explanation has a row for the desk"
        rows.append(row)
    return {
        "all": pooled(rows),
        "moves_to_5_pct": pooled(row for row in rows if not _is_large(row)),
        "larger_moves": pooled(row for row in rows if _is_large(row)),
    }


def _is_large(row: ExplainRow) -> bool:
    return row.move_frac is not None and abs(row.move_frac) > MOVE_FRAC_MAX


def backtest_tables(
    runs: Sequence[HedgeRun],
    figures: Mapping[str, RunFigures],
    differences: Mapping[str, RunDifference],
    *,
    heading: str,
    statements: Sequence[str],
    draw_seed: int,
    against: str | None = None,
    first: Sequence[RenderableType] = (),
    more: Sequence[RenderableType] = (),
) -> RenderableType:
    """A table of what each policy came to, and one of what its cost and its profit are made of.

    Between them what each came to less the one it is held `against`, where there are `differences`.
    Above stand the tables that come `first`, below `more` of them, then the notes.
    """
    parts = headed(heading)
    for table in first:
        parts += [table, Text()]
    parts += [_outcomes(runs, figures), Text()]
    if differences:
        parts += [_between(differences, f"Less {against}, over the same steps"), Text()]
    parts += [_parts(runs, figures), Text()]
    for table in more:
        parts += [table, Text()]
    block = figures[runs[0].policy].block_count
    parts.append(note(_NOTE.format(block=block, seed=f"seed {draw_seed}")))
    parts += [note(each) for each in statements]
    for found in runs:
        told = [f"liquidated: {each.message}" for each in found.liquidated]
        told += found.troubles
        for each in told[:_TROUBLES_COUNT_MAX]:
            parts.append(note(f"{found.policy}: {each}"))
        if len(told) > _TROUBLES_COUNT_MAX:
            parts.append(
                note(f"{found.policy}: {len(told) - _TROUBLES_COUNT_MAX} more; --json has all")
            )
    return Group(*parts)


def backtest_builtins(
    runs: Sequence[HedgeRun],
    figures: Mapping[str, RunFigures],
    differences: Mapping[str, RunDifference],
    *,
    statements: Sequence[str],
    draw_seed: int,
) -> dict[str, Any]:
    """Give everything for JSON, step by step."""
    return {
        "draw_seed": draw_seed,
        "statements": list(statements),
        "policies": {
            found.policy: {
                "figures": builtins_of(figures[found.policy]),
                "difference": builtins_of(differences.get(found.policy)),
                "unexplained": {
                    method: {
                        name: builtins_of(each) for name, each in unexplained(found, method).items()
                    }
                    for method in found.explained
                },
                "steps": [builtins_of(each) for each in found.steps],
                "delta_coin": {name: list(each) for name, each in found.delta_coin.items()},
                "hedge_coin": {name: list(each) for name, each in found.hedge_coin.items()},
                "liquidations": [builtins_of(each) for each in found.liquidated],
                "troubles": list(found.troubles),
            }
            for found in runs
        },
    }


def backtest_svg(runs: Sequence[HedgeRun]) -> str:
    """Draw what each policy gained so far, the hedge it held and the delta it left, over days."""
    steps = runs[0].steps
    origin_ns = steps[0].start_ns
    days = [(each.end_ns - origin_ns) / DAY_NS for each in steps]
    panels = [
        Panel("Profit, all costs taken off", "USD", tuple(
            Curve(found.policy, _summed([each.profit_usd for each in found.steps]))
            for found in runs
        )),
        Panel("Cost so far: fees and spread less funding", "USD", tuple(
            Curve(found.policy, list(accumulate(each.cost_usd for each in found.steps)))
            for found in runs
        )),
    ]  # fmt: skip
    for coin in runs[0].hedge_coin:
        panels.append(
            Panel(
                f"Hedge in {coin}, as each step ends",
                "coin",
                tuple(Curve(found.policy, found.hedge_coin[coin]) for found in runs),
            )
        )
        panels.append(
            Panel(
                f"Delta of the desk in {coin}, as each step ends",
                "coin",
                tuple(Curve(found.policy, found.delta_coin[coin]) for found in runs),
            )
        )
    title = "Hedge policies through the same market"
    return curves_svg(title, days, f"days since {clock(origin_ns)} UTC", panels)


def _summed(amounts: Sequence[float | None]) -> list[float | None]:
    """Add up as far as everything is known; after that nothing is."""
    found: list[float | None] = []
    total: float | None = 0.0
    for amount in amounts:
        total = None if total is None or amount is None else total + amount
        found.append(total)
    return found


def _outcomes(runs: Sequence[HedgeRun], figures: Mapping[str, RunFigures]) -> RenderableType:
    head: tuple[Column, ...] = (
        ("Policy", "", False), ("Trades", "", True), ("Mean cost", "USD/day", True),
        ("Profit", "USD", True), ("Shortfall", "USD/step", True), ("Deviation", "USD/day", True),
    )  # fmt: skip
    rows = []
    for found in runs:
        of = figures[found.policy]
        rows.append(
            [
                found.policy,
                f"{of.trades_count:,}",
                *_four(of),
            ]
        )
    first = figures[runs[0].policy]
    title = f"Policies over {first.steps_count} steps, {plain(first.days, 1)} days"
    unknown = max(each.unknown_count for each in figures.values())
    return grid(f"{title}; {unknown} unknown" if unknown else title, head, rows)


def _between(differences: Mapping[str, RunDifference], title: str) -> RenderableType:
    head: tuple[Column, ...] = (
        ("Policy", "", False), ("Mean cost", "USD/day", True), ("Profit", "USD", True),
        ("Shortfall", "USD/step", True), ("Deviation", "USD/day", True),
    )  # fmt: skip
    rows = [[policy, *_four(of)] for policy, of in differences.items()]
    return grid(title, head, rows)


def _four(of: RunFigures | RunDifference) -> tuple[str, ...]:
    return tuple(
        map(
            _bounded,
            (of.cost_usd_per_day, of.profit_usd, of.shortfall_usd, of.deviation_usd_per_day),
        )
    )


def _bounded(estimate: Estimate | None) -> str:
    if estimate is None:
        return "unknown"
    at = plain(estimate.at_figure, 0)
    if estimate.low_figure is None or estimate.high_figure is None:
        return f"{at} [unknown]"
    return f"{at} [{plain(estimate.low_figure, 0)}, {plain(estimate.high_figure, 0)}]"


def _parts(runs: Sequence[HedgeRun], figures: Mapping[str, RunFigures]) -> RenderableType:
    methods = tuple(runs[0].explained)
    head: list[Column] = [
        ("Policy", "", False), ("Fees", "USD", True), ("Spread", "USD", True),
        ("Funding", "USD", True), ("Forced", "USD", True),
    ]  # fmt: skip
    for method in methods:
        head += [
            (f"By {_METHODS[method]}", "%", True),
            ("to 5 %", "%", True),
            ("beyond", "%", True),
        ]
    rows = []
    large = 0
    for found in runs:
        of = figures[found.policy]
        cells = [plain(each, 0) for each in (of.fees_usd, of.spread_usd, of.funding_usd)]
        cells.append(plain(of.liquidations_usd, 0) if found.liquidated else "·")
        for method in methods:
            whole = unexplained(found, method)
            large = max(large, whole["larger_moves"].steps_count)
            cells += [_share(each) for each in whole.values()]
        rows.append([found.policy, *cells])
    steps = "step" if large == 1 else "steps"
    title = (
        f"What it cost, and what of the gross stays unexplained: in all, where coins moved by up "
        f"to {percent(MOVE_FRAC_MAX, 0)}, and in {large} {steps} beyond"
    )
    return grid(title, head, rows)


def _share(of: Pooled) -> str:
    if of.unexplained_frac is None:
        return "·"
    told = plain(100 * of.unexplained_frac, 2)
    return f"{told} ?" if of.unknown_count else told
