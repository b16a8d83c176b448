"""Plans of hedges and collateral together: what they cost and why, and ways side by side."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.limits import METRICS
from hedgerow.planning import SAME, Plan, WayState
from hedgerow.pricing import GREEKS
from hedgerow.reporting.figures import partial, usd, usd_all
from hedgerow.reporting.framing import headed, troubles
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.wording import worst_first

__all__ = ["greeks_before_and_after", "held_after", "reckoning", "ways_tables"]

_KINDS = {
    "crossing": "crossing the book",
    "fee": "fees",
    "carry": "funding while held",
    "ticket": "tickets",
    "capital": "capital tied up",
    "late": "arriving late",
    "gas": "gas",
}


def reckoning(plan: Plan) -> list[RenderableType]:
    """Say of what a plan's cost is made, what its bounds cost, what conflicts, what came second."""
    parts: list[RenderableType] = []
    if plan.costs:
        said = ", ".join(
            f"{_KINDS[each.kind]} "
            + partial(usd(each.cost_expected_usd), each.cost_expected_usd,
                      is_partial=each.is_partial)
            for each in plan.costs
        )  # fmt: skip
        parts.append(Text(f"  of which {said}", style="dim"))
    if plan.cost_late_usd != 0.0:
        others = [each for each in plan.costs if each.kind != "late"]
        paid = partial(
            usd(plan.cost_without_late_usd),
            plan.cost_without_late_usd,
            is_partial=any(each.is_partial for each in others),
        )
        told = "what a liquidation before a transfer arrives would take, times its chance"
        known_usd = plan.cost_expected_usd - plan.cost_without_late_usd
        late = f"Beside that nobody knows {told}"
        late += f": all but {usd(known_usd)} USD." if known_usd else "."
        if plan.cost_late_usd is not None:
            late = f"The other {usd(plan.cost_late_usd)} USD are no bill: {told}."
        parts.append(Text(f"  Without arriving late: {paid} USD. {late}", style="dim"))
    if plan.prices:
        head: tuple[Column, ...] = (
            ("Bound that binds", "", False), ("Saves", "USD", True), ("for one", "", False),
        )  # fmt: skip
        rows = [
            (each.name, f"{each.saved_usd_per_figure:,.6g}", each.figure or _unit_of(each.name))
            for each in plan.prices
        ]
        parts += [Text(), grid("What looser bounds would save", head, rows)]
    if plan.conflicts:
        told = "Cannot hold together, and are" if len(plan.conflicts) > 1 else "Cannot hold, and is"
        parts += [Text(), Text(f"{told} broken as little as can be:")]
        parts += [Text(f"  {each}") for each in plan.conflicts]
    if plan.runner_up is not None:
        second = plan.runner_up
        cost_usd = second.cost_expected_usd
        cost = partial(usd(cost_usd), cost_usd, is_partial=second.is_cost_partial)
        told = f"Came second: {second.name}, {cost} USD; it {second.lost_because}."
        if second.lost_because == SAME:
            told = f"No other way came to something different; {second.name} {SAME}."
        parts += [Text(), Text(told)]
    return parts


def held_after(plan: Plan) -> RenderableType:
    """Say whether every limit holds after a plan, and which does not."""
    left = [each for each in worst_first(plan.limits_after) if each.rung in _NOT_HELD]
    if not left:
        return Text("After it every limit holds.")
    names = ", ".join(
        dict.fromkeys(f"{each.node} {METRICS[each.metric].title} ({each.rung})" for each in left)
    )
    count = len(left)
    if plan.holds_after is None:
        return Text(f"After it nobody knows whether every limit holds: {names}.")
    does = "does" if count == 1 else "do"
    return Text(f"After it {count} of {len(plan.limits_after)} limits {does} not hold: {names}.")


_NOT_HELD = ("soft", "hard", "unknown", "expired")


def greeks_before_and_after(plan: Plan) -> list[RenderableType]:
    """Two rows a node, where a plan tells its Greeks."""
    if not plan.greeks:
        return []
    sums = [each for change in plan.greeks for each in (change.before_usd, change.after_usd)]
    names = tuple(sums[0])
    head: list[Column] = [("On", "", False), ("", "", False), ("Delta", "USD", True)]
    head += [(GREEKS[name].title, GREEKS[name].unit, True) for name in names if name in GREEKS]
    columns = [usd_all([each[name] for each in sums]) for name in names]
    nodes = [name for change in plan.greeks for name in (change.node, "")]
    when = ["before", "after"] * len(plan.greeks)
    rows = zip(nodes, when, *columns, strict=True)
    return [Text(), grid("Greeks, before and expected after", head, rows)]


def _unit_of(bound: str) -> str:
    """Name the unit of a bound that was written without: an exposure's own, else what is spare."""
    words = bound.replace(":", " ").split()
    metric = next((METRICS[word] for word in words if word in METRICS), None)
    if metric is None or metric.is_of_account:
        return "unit of the account's currency that it may lack"
    return f"{metric.unit} of {metric.title}"


def ways_tables(
    rows: Sequence[WayState], heading: str, assumptions: Sequence[str], unmet: Sequence[Failure]
) -> RenderableType:
    """Put ways of planning side by side, and below what one or more of them could not do."""
    head: tuple[Column, ...] = (
        ("Way", "", False), ("Uses", "", False), ("Legs", "", True), ("Expected cost", "USD", True),
        ("Limits broken or unknown", "", False), ("Remark", "", False),
    )  # fmt: skip
    told = [
        (
            each.name,
            each.uses,
            str(each.legs_count),
            "unknown"
            if each.cost_usd is None
            else partial(usd(each.cost_usd), each.cost_usd, is_partial=each.is_cost_partial),
            "\n".join(
                f"{state.node} {METRICS[state.metric].title} ({state.rung})"
                for state in (*each.broken, *each.unknown)
            )
            or ("unknown" if each.cost_usd is None else "none"),
            each.message,
        )
        for each in rows
    ]
    parts: list[RenderableType] = [*headed(heading), grid("Ways to bring limits back", head, told)]
    parts += [Text(), Text("Assumes", style="bold"), *(Text(f"  {each}") for each in assumptions)]
    return Group(*parts, *troubles("Not done", unmet))
