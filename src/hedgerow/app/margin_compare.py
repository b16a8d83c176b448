"""``hedgerow margin compare``: one desk under four ways to ask for collateral."""

from typing import TYPE_CHECKING, Any

from cyclopts import App

from hedgerow.app.options import At, Data, DeskPath, Json, Seed

if TYPE_CHECKING:
    from hedgerow.margin.portfolio import Comparison

__all__ = ["register"]

_NAMES = {
    "isolated": "isolated: each position alone",
    "cross": "cross: each coin, added up",
    "span_like": "SPAN-like: each coin, price x vol",
    "portfolio": "portfolio: all together",
}
_OFFSETS_COUNT_MAX = 10


def register(noun: App) -> None:
    """Add the command to the noun ``margin``."""
    noun.command(margin_compare, name="compare")


def margin_compare(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Compare what a desk must hold: isolated, cross, SPAN-like and as one portfolio.

    By hedgerow's own model of the requirement, not by any venue's rules, and an estimate. Exit
    status 1 where it is unknown: a leg whose price, vol, entry or factor is missing is named.
    """
    from hedgerow.app.asked import heading_of, show, status_of, surveyed
    from hedgerow.app.portfolio_model import packaged_model, packaged_scenarios
    from hedgerow.errors import Failure
    from hedgerow.margin.portfolio import compare, require_portfolio
    from hedgerow.reporting import builtins_of
    from hedgerow.reporting.framing import headed, troubles

    state = surveyed(desk, data, at, seed)
    scenarios, model = packaged_scenarios(), packaged_model()
    found = compare(state.book, state.snapshot, scenarios, model)
    heading = heading_of(state)
    if isinstance(found, Failure):
        from rich.console import Group

        said = troubles("Requirement unknown, hence in breach", [found])
        show(builtins_of(found), Group(*headed(heading), *said), as_json=as_json)
        return max(1, status_of(state, as_json=as_json))
    terms = {each.instrument_id: each for each in state.book.instruments}
    reports = [
        require_portfolio(account, terms, state.snapshot, scenarios, model)
        for account in state.book.accounts
    ]
    payload = {**builtins_of(found), "accounts": builtins_of(reports)}
    show(payload, _tables(found, heading), as_json=as_json)
    return status_of(state, as_json=as_json)


def _tables(found: "Comparison", heading: str) -> Any:
    from rich.console import Group
    from rich.text import Text

    from hedgerow.reporting.figures import percent, usd
    from hedgerow.reporting.framing import headed
    from hedgerow.reporting.grid import grid

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
