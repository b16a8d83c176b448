"""What accounts must hold now and under some shocks, as tables for the terminal."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.margin import MarginReport
from hedgerow.reporting.figures import UNKNOWN, exact, percent
from hedgerow.reporting.framing import headed, note, unknown_accounts
from hedgerow.reporting.grid import Column, grid

__all__ = ["Stressed", "stress_tables"]

_HEAD: tuple[Column, ...] = (
    ("Under", "", False), ("Requirement", "", True), ("Initial", "", True), ("Equity", "", True),
    ("Headroom", "", True), ("Use", "", True), ("State", "", False), ("Confidence", "", False),
)  # fmt: skip
_NOTE = (
    "Spot and vols move at once, then the days go by. Loans grow at the rates that came with their "
    "indices; funding and the roll of futures stand still; an option that expires on the way still "
    "stands, at its payoff."
)


class Stressed(NamedTuple):
    """The requirement of one account in the present market, and in each shocked one by its name."""

    present: Outcome[MarginReport]
    shocked: Mapping[str, Outcome[MarginReport]]


def stress_tables(
    found: Mapping[str, Stressed], moves: Mapping[str, str], heading: str | None = None
) -> RenderableType:
    """One table an account, a row the present and a row each shock.

    Parameters
    ----------
    found
        By account node.
    moves
        What each shock moves, by its name.
    """
    parts = headed(heading)
    failures: dict[str, dict[Failure, None]] = {}
    for node, each in found.items():
        rows = [_row("present", each.present)]
        for name, report in each.shocked.items():
            said = name if moves[name] == name else f"{name}: {moves[name]}"
            rows.append(_row(said, report))
        reports = (each.present, *each.shocked.values())
        failures[node] = dict.fromkeys(one for one in reports if isinstance(one, Failure))
        title = node.removeprefix("desk/")
        if not isinstance(each.present, Failure):
            title += f": {each.present.rulebook}, {each.present.currency}"
        parts += [grid(title, _HEAD, rows), Text()]
    return Group(*parts, note(_NOTE), *unknown_accounts(failures))


def _row(name: str, report: Outcome[MarginReport]) -> tuple[str, ...]:
    if isinstance(report, Failure):
        return (name, *[UNKNOWN] * 5, "UNKNOWN", UNKNOWN)
    unit = report.currency
    return (
        name,
        exact(report.requirement_maintenance_ccy, unit),
        exact(report.requirement_initial_ccy, unit),
        exact(report.equity_ccy, unit),
        exact(report.headroom_ccy, unit),
        "no equity left" if report.use_frac is None else percent(report.use_frac),
        "LIQUIDATABLE" if report.is_liquidatable else "",
        report.confidence,
    )
