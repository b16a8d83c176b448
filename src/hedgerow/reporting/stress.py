"""What accounts must hold now and under some shocks, as tables for the terminal."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.margin import MarginReport
from hedgerow.reporting.figures import UNKNOWN, exact, percent
from hedgerow.reporting.framing import headed, note
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.remedies import with_remedy

__all__ = ["Stressed", "stress_tables"]

_HEAD: tuple[Column, ...] = (
    ("Under", "", False), ("Requirement", "", True), ("Initial", "", True), ("Equity", "", True),
    ("Headroom", "", True), ("Use", "", True), ("State", "", False), ("Confidence", "", False),
)  # fmt: skip
_UNKNOWN_HEAD: tuple[Column, ...] = (
    ("Account", "", False), ("Under", "", False), ("What", "", False), ("Reason", "", False),
    ("Message", "", False),
)  # fmt: skip
_PRESENT = "present"
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
    for node, each in found.items():
        rows = [_row(_PRESENT, each.present)]
        for name, report in each.shocked.items():
            said = name if moves[name] == name else f"{name}: {moves[name]}"
            rows.append(_row(said, report))
        title = node.removeprefix("desk/")
        if not isinstance(each.present, Failure):
            title += f": {each.present.rulebook}, {each.present.currency}"
        parts += [grid(title, _HEAD, rows), Text()]
    return Group(*parts, note(_NOTE), *_unknown(found))


def _unknown(found: Mapping[str, Stressed]) -> list[RenderableType]:
    """List which accounts nobody can judge, in which markets and why; nothing where all are."""
    rows = []
    for node, each in found.items():
        under: dict[Failure, list[str]] = {}
        for name, report in ((_PRESENT, each.present), *each.shocked.items()):
            if isinstance(report, Failure):
                under.setdefault(report, []).append(name)
        for failure, names in under.items():
            is_all = len(names) == 1 + len(each.shocked)
            where = f"{_PRESENT} and every shock" if is_all else "; ".join(names)
            reason = failure.reason.replace("_", " ")
            account = node.removeprefix("desk/")
            rows.append((account, where, failure.subject, reason, with_remedy(failure)))
    if not rows:
        return []
    return [Text(), grid("Requirement unknown, hence in breach", _UNKNOWN_HEAD, rows)]


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
