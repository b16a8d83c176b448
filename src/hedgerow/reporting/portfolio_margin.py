"""Requirements by hedgerow's own model for a terminal: lines, the scan behind them, offsets."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.portfolio import PortfolioReport
from hedgerow.reporting.figures import percent, plain, usd, usd_all
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.margins import explain_tables, margin_tables

__all__ = ["portfolio_tables"]

_COUNTED = "worth now, counted by hedgerow"
_OFFSETS_COUNT_MAX = 10


def portfolio_tables(
    outcomes: Iterable[Outcome[PortfolioReport]],
    *,
    heading: str,
    model: str,
    with_evidence: bool,
) -> RenderableType:
    """Each requirement line by line, which scenario is worst, and what parts save together.

    Parameters
    ----------
    model
        Name of the model and of the file that holds its figures.
    with_evidence
        Initial beside maintenance, every expression, and what each factor does in the worst one.
    """
    tables = explain_tables if with_evidence else margin_tables
    parts = [
        *headed(heading),
        note(f"By {model}: hedgerow's own estimate, no venue's rule."),
        Text(),
    ]
    failures: list[Failure] = []
    for each in outcomes:
        if isinstance(each, Failure):
            failures.append(each)
            continue
        parts.append(tables({each.margin.account_id: each.margin}, counted=_COUNTED))
        parts += _scan(each)
        if with_evidence:
            parts += _moves(each)
        parts += _offsets(each)
        parts.append(Text())
    return Group(*parts, *troubles("Requirement unknown, hence in breach", failures))


def _scan(report: PortfolioReport) -> list[RenderableType]:
    """Say both figures of the scan; the lines are of one of them."""
    return [
        note(
            f"{report.margin.account_id}: worst of {report.scenarios_count:,} scenarios "
            f"{usd(report.worst_usd)} USD ({report.scenario}), mean loss beyond "
            f"{percent(report.level_frac)} of them {usd(report.shortfall_usd)} USD"
        ),
        Text(),
    ]


def _moves(report: PortfolioReport) -> list[RenderableType]:
    head: tuple[Column, ...] = (("Factor", "", False), ("Log move", "", True), ("Added", "", True))
    logs = [(name, plain(move, 4, sign=True), "") for name, move in report.moves_log.items()]
    added = [(name, "", plain(move, 4, sign=True)) for name, move in report.moves_frac.items()]
    title = f"{report.margin.account_id}: moves in the worst scenario"
    unit = note("Logs of prices, vols and time to exit; skew, basis and funding as added to them.")
    return [grid(title, head, [*logs, *added]), unit, Text()]


def _offsets(report: PortfolioReport) -> list[RenderableType]:
    """What parts save together: all of a kind at once, then the pairs that save most."""
    needed = report.margin.requirement_maintenance_ccy
    head: tuple[Column, ...] = (
        ("Of", "", False), ("First", "", False), ("Second", "", False),
        ("Apart", "USD", True), ("Together", "USD", True), ("Saved", "USD", True),
    )  # fmt: skip
    wholes = [
        (of, "all", "", *usd_all([apart, needed, apart - needed]))
        for of, apart in report.apart_usd.items()
    ]
    pairs = [
        (
            each.of, each.first, each.second,
            *usd_all([each.apart_usd, each.together_usd, each.saved_usd]),
        )
        for each in report.offsets[:_OFFSETS_COUNT_MAX]
    ]  # fmt: skip
    rows = [*wholes, *pairs]
    title = f"{report.margin.account_id}: what its parts need less together than apart"
    return [grid(title, head, rows)] if pairs else []
