"""Holdings of a carry one after another, as a table: what was left of each, and what took it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import RenderableType

from hedgerow.reporting.figures import percent, plain
from hedgerow.reporting.grid import Column, grid
from hedgerow.risk import Estimate

__all__ = ["CarryHolding", "CarryOutcome", "carry_rows", "carry_run_note", "outcomes_table"]


class CarryHolding(msgspec.Struct, frozen=True, kw_only=True):
    """One holding under one policy, from its start until it was left, at the end at the latest.

    Costs are positive when paid. `profit_usd` is what both legs came to, fees, spread, funding and
    forced sales of the short leg in it; `spot_cost_usd` of buying and selling spot, `borrow_usd` of
    the money in spot and `margin_cost_usd` of the money in margin and reserve come off it. After a
    holding was left it neither gains nor costs, and the year is still that of the whole length.
    """

    policy: str
    start_ns: int
    left_ns: int
    end_ns: int
    quantity_coin: float
    notional_usd: float
    profit_usd: float
    funding_usd: float
    fees_usd: float
    spread_usd: float
    forced_usd: float
    spot_cost_usd: float
    borrow_usd: float
    margin_cost_usd: float
    refills_count: int
    liquidated_count: int
    net_frac_per_year: float

    @property
    def net_usd(self) -> float:
        """What is left."""
        return self.profit_usd - self.spot_cost_usd - self.borrow_usd - self.margin_cost_usd


class CarryOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy came to over all holdings; `ahead` is of each less that of another policy.

    `left_count` left before their end, of which `never_count` were never entered.
    """

    policy: str
    holdings_count: int
    net_frac_per_year: Estimate
    ahead_frac_per_year: Estimate | None
    worst_frac: float
    losing_count: int
    left_count: int
    never_count: int
    liquidated_count: int
    refills_count: int
    funding_usd: float
    perpetual_cost_usd: float
    forced_usd: float
    spot_cost_usd: float
    carrying_cost_usd: float


def outcomes_table(
    outcomes: Sequence[CarryOutcome], against: str | None, title: str
) -> RenderableType:
    """One row a policy: what is left a year on the notional, and the money it is made of."""
    head: list[Column] = [("Policy", "", False), ("Net", "% a year", True)]
    if against is not None:
        head.append((f"Less {against}", "% a year", True))
    head += [
        ("Worst", "%", True), ("Lost", "", True), ("Left", "early", True),
        ("Liquidated", "", True), ("Refills", "", True), ("Funding", "USD", True),
        ("Short leg", "USD", True), ("Forced", "USD", True), ("Spot", "USD", True),
        ("Money", "USD", True),
    ]  # fmt: skip
    rows = []
    for each in outcomes:
        row = [each.policy, _bounded(each.net_frac_per_year)]
        if against is not None:
            ahead = each.ahead_frac_per_year
            row.append("·" if ahead is None else _bounded(ahead))
        row += [
            percent(each.worst_frac, 1),
            f"{each.losing_count:,}",
            f"{each.left_count:,}" if each.left_count else "·",
            f"{each.liquidated_count:,}" if each.liquidated_count else "·",
            f"{each.refills_count:,}" if each.refills_count else "·",
            plain(each.funding_usd, 0),
            plain(each.perpetual_cost_usd, 0),
            plain(each.forced_usd, 0),
            plain(each.spot_cost_usd, 0),
            plain(each.carrying_cost_usd, 0),
        ]
        rows.append(row)
    return grid(title, tuple(head), rows)


def carry_run_note(block_count: int, draw_seed: int) -> str:
    """Say what the columns are, and their signs."""
    return (
        "Net is what was left of funding, basis and all costs, by the year on the notional at the "
        "start of a holding; in brackets what 95 % of the runs redrawn from blocks of "
        f"{block_count} holdings have (seed {draw_seed}), unknown of fewer than 20. Worst "
        "is the worst holding, not by the year. Funding is received, all other money is paid: "
        "Short leg is fees and spread of the perpetual, Forced what its liquidations took, Spot "
        "buying and selling coins, Money what the funds in spot, margin and reserve cost."
    )


def carry_rows(holdings: Sequence[CarryHolding]) -> list[dict[str, Any]]:
    """Give every holding with what was left of it, for a table on disk."""
    found: list[Mapping[str, Any]] = [msgspec.structs.asdict(each) for each in holdings]
    return [{**row, "net_usd": each.net_usd} for row, each in zip(found, holdings, strict=True)]


def _bounded(of: Estimate) -> str:
    at = plain(100.0 * of.at_figure, 2)
    if of.low_figure is None or of.high_figure is None:
        return f"{at} [unknown]"
    return f"{at} [{plain(100.0 * of.low_figure, 2)}, {plain(100.0 * of.high_figure, 2)}]"
