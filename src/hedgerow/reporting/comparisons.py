"""A desk under four ways to ask for collateral, as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.portfolio import Comparison
from hedgerow.reporting.figures import percent, usd
from hedgerow.reporting.framing import headed, troubles
from hedgerow.reporting.grid import grid

__all__ = ["comparison_tables"]

_NAMES = {
    "isolated": "isolated: each position alone",
    "cross": "cross: each coin, added up",
    "span_like": "SPAN-like: each coin, price x vol",
    "portfolio": "portfolio: all together",
}
_OFFSETS_COUNT_MAX = 10


def comparison_tables(found: Outcome[Comparison], heading: str) -> RenderableType:
    """What each way asks for, and which parts need less together; or what is missing."""
    if isinstance(found, Failure):
        said = troubles("Requirement unknown, hence in breach", [found])
        return Group(*headed(heading), *said)
    forms = grid(
        f"Requirement by {found.model} (estimate), equity {usd(found.equity_usd)} USD",
        (
            ("Asked", "", False), ("Maintenance", "USD", True), ("Initial", "USD", True),
            ("Freed", "USD", True), ("Loss beyond", "", True), ("Parts", "", True),
        ),
        [
            (
                _NAMES[row.form], usd(row.requirement_maintenance_usd),
                usd(row.requirement_initial_usd), usd(row.freed_usd),
                percent(row.loss_beyond_frac, 2), str(row.parts_count),
            )
            for row in found.forms
        ],
    )  # fmt: skip
    parts = [*headed(heading), forms, Text()]
    if found.offsets:
        parts.append(
            grid(
                "What two parts need less together than apart",
                (
                    ("Of", "", False), ("First", "", False), ("Second", "", False),
                    ("Apart", "USD", True), ("Together", "USD", True), ("Saved", "USD", True),
                ),
                [
                    (
                        each.of, each.first, each.second, usd(each.apart_usd),
                        usd(each.together_usd), usd(each.saved_usd),
                    )
                    for each in found.offsets[:_OFFSETS_COUNT_MAX]
                ],
            )
        )  # fmt: skip
    return Group(*parts)
