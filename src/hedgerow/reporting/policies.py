"""Policies side by side: what each cost, what it saved, and how sure that is."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.figures import percent, plain, usd
from hedgerow.reporting.framing import headed
from hedgerow.reporting.grid import Column, grid
from hedgerow.simulation import Interval, PolicyRow

__all__ = ["policy_tables"]

_READING = (
    "Paid: fees and what was paid beyond the mark. Lost: what liquidations took. Equity: change "
    "from start to end; Shortfall: mean loss of it in the worst tenth of markets. Broken: looks at "
    "which a limit stood at soft or beyond, or nobody knew where, counting what is on its way as "
    "arrived; a dash where the desk is left alone, for looks are those of the agent that plans, "
    "and there is none.",
    "Tied up: what the money that was moved cost while it was away from where it lay. Against the "
    "first, of costs: how much more it cost, capital and liquidations counted, where both are "
    "liquidated equally often: at the least probability that both reach, each with the limits by "
    "which that costs least, the safer one followed just often enough and nothing done otherwise. "
    "Of equity: how much more it ended with, market by market.",
    "Intervals are of 95 %, by redrawing markets, and of 20 markets or more; those of shares by "
    "Wilson.",
)


def policy_tables(
    rows: Sequence[PolicyRow], heading: str, assumptions: Sequence[str]
) -> RenderableType:
    """Put the ways of each depth into a table, and below them why they differ or do not."""
    costs: tuple[Column, ...] = (
        ("Way", "", False), ("Paid", "USD", True), ("Tied up", "USD", True), ("Lost", "USD", True),
        ("Liquidated", "", True), ("Against the first", "USD", True),
    )  # fmt: skip
    ends: tuple[Column, ...] = (
        ("Way", "", False), ("Equity", "USD", True), ("Against the first", "USD", True),
        ("Shortfall", "USD", True), ("Broken", "", True), ("Trades", "", True),
        ("Moves", "", True), ("Refused", "", True),
    )  # fmt: skip
    parts: list[RenderableType] = [*headed(heading)]
    for factor, group in groupby(rows, key=lambda row: row.depth_factor_frac):
        own = list(group)
        parts += [
            grid(f"Depth × {factor:g}: costs", costs, [_costs(row) for row in own]),
            Text(),
            grid(f"Depth × {factor:g}: how it ended", ends, [_ends(row) for row in own]),
            Text(),
            *(Text(f"  {_name(row)}: {row.why}") for row in own if row.why),
            Text(),
        ]
    parts += [*(Text(each, style="dim") for each in _READING), Text()]
    parts += [Text("Assumes", style="bold"), *(Text(f"  {each}") for each in assumptions)]
    return Group(*parts)


def _costs(row: PolicyRow) -> tuple[str, ...]:
    share = row.liquidated_frac
    within = ""
    if share.low_frac_or_usd is not None and share.high_frac_or_usd is not None:
        low, high = (percent(each, 0) for each in (share.low_frac_or_usd, share.high_frac_or_usd))
        within = f" ({low} to {high})"
    return (
        _name(row),
        _money(row.cost_usd),
        "unknown" if row.capital_usd is None else _money(row.capital_usd),
        _money(row.loss_usd),
        f"{row.liquidated_count} of {row.markets_count}{within}",
        _compared(row),
    )


def _name(row: PolicyRow) -> str:
    return row.policy if row.slack_frac == 1.0 else f"{row.policy}, limits × {row.slack_frac:g}"


def _compared(row: PolicyRow) -> str:
    if row.dearer_usd is None or row.compared_at_frac is None:
        return "–"
    return f"{_money(row.dearer_usd)} at {percent(row.compared_at_frac, 1)}"


def _ends(row: PolicyRow) -> tuple[str, ...]:
    return (
        _name(row),
        "unknown" if row.change_usd is None else _money(row.change_usd),
        "–" if row.ahead_usd is None else _money(row.ahead_usd),
        "unknown" if row.shortfall_usd is None else _money(row.shortfall_usd),
        "–" if row.broken_frac is None else percent(row.broken_frac, 1),
        plain(row.trades_count, 1),
        plain(row.transfers_count, 1),
        plain(row.refused_count, 1),
    )


def _money(found: Interval) -> str:
    told = usd(found.value_frac_or_usd)
    if found.low_frac_or_usd is None or found.high_frac_or_usd is None:
        return told
    return f"{told} ({usd(found.low_frac_or_usd)} to {usd(found.high_frac_or_usd)})"
