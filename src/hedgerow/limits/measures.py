"""The measures: what each metric says of every node it is asked about.

A measure answers for a node with a number, or says why it cannot; it never leaves out what is
missing.
"""

from collections.abc import Callable, Iterator

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import funding
from hedgerow.limits.seen import Given, Measured, Seen, Toward, incomplete, unknown
from hedgerow.margin import MarginReport
from hedgerow.pricing import value
from hedgerow.solvency import Distance
from hedgerow.units import HOUR_NS, percent, to_model

__all__ = [
    "default_loss",
    "distance_left",
    "exposure_of",
    "funding_paid",
    "liquidation_chance",
    "margin_use",
    "scenario_loss",
]

Covers = Callable[[str], bool]


def exposure_of(name: str, seen: Seen, _: Given, covers: Covers) -> Iterator[Measured]:
    """Read a delta or a Greek off the exposure tree."""
    for row in seen.exposures.rows:
        if not covers(row.node):
            continue
        if row.missing:
            yield incomplete(row.node, row.missing)
            continue
        number: float | None = getattr(row, name)
        if number is None:
            said = f"{name} of a node that joins several coins: coins of two kinds do not add"
            yield unknown(row.node, Failure(subject=row.node, reason="unsupported", message=said))
            continue
        digits = ".0f" if abs(number) >= 1_000 else ".4g"
        yield Measured(row.node, number, f"{name} is {number:,{digits}}")


def margin_use(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Set the requirement against equity."""
    for node, report in seen.reports.items():
        if not covers(node):
            continue
        if isinstance(report, Failure):
            yield unknown(node, report)
            continue
        use = report.use_frac
        if use is None:
            yield Measured(node, None, "equity is not positive", "hard")
        else:
            yield Measured(node, to_model(use), f"requirement is {percent(use)} of equity")


def distance_left(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Say how far the joint spot may still move."""
    for node, found in seen.distances.items():
        if not covers(node):
            continue
        if isinstance(found, Failure):
            yield unknown(node, found)
            continue
        nearest = found.nearest_frac
        if nearest is None:
            # Known to be further than anything searched: report the edge of the search, not
            # infinity.
            edge = min(abs(found.searched_down_frac), found.searched_up_frac)
            said = f"no breach within {percent(edge, 0)} of the joint spot"
            yield Measured(node, edge, said, toward="nowhere")
            continue
        is_fall = found.down_frac is not None and abs(found.down_frac) == nearest
        way: Toward = "fall" if is_fall else "rise"
        yield Measured(node, nearest, f"breaks after a {way} of {percent(nearest)}", toward=way)


def liquidation_chance(_: str, seen: Seen, given: Given, covers: Covers) -> Iterator[Measured]:
    """Say how likely a liquidation is within a horizon, by whoever was named to know."""
    for node, found in seen.distances.items():
        if not covers(node):
            continue
        chance = _chance(node, found, seen, given)
        if isinstance(chance, Failure):
            yield unknown(node, chance)
        else:
            hours = given.horizon_ns / HOUR_NS
            said = f"liquidated within {hours:g} h: {percent(chance, 3)} at most"
            by = getattr(given.chance, "said", "")  # a model may say what it takes prices to do
            yield Measured(node, chance, f"{said}, by {by}" if by else said)


def scenario_loss(_: str, seen: Seen, given: Given, covers: Covers) -> Iterator[Measured]:
    """Revalue everything under every shock that is given, and take the worst loss of each node.

    Where nothing is lost under any, the loss is zero.
    """
    asked = [row for row in seen.exposures.rows if covers(row.node)]
    if not asked:
        return
    if not given.stresses:
        for row in asked:
            said = "no shock is stated"
            why = Failure(subject=row.node, reason="missing_data", message=said)
            yield unknown(row.node, why)
        return
    found = seen.profits(given.stresses)
    column_of = {node: at for at, node in enumerate(found.nodes)}
    for row in asked:
        at = column_of[row.node]
        missing = [*row.missing, *found.missing[at]]
        if missing:
            yield incomplete(row.node, missing)
            continue
        losses = {
            each.name: -float(gained)
            for each, gained in zip(given.stresses, found.profit_usd[:, at], strict=True)
        }
        worst = max(losses, key=lambda name: losses[name])
        if losses[worst] <= 0.0:
            yield Measured(row.node, 0.0, "loses nothing under any shock")
        else:
            yield Measured(row.node, losses[worst], f"loses {losses[worst]:,.0f} USD: {worst}")


def funding_paid(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Say what a day of funding costs; what is received is no cost."""
    table = funding(seen.book, value(seen.book, seen.snapshot), seen.snapshot)
    known = {row.node: row for row in table.rows}
    for node in (row.node for row in seen.exposures.rows if covers(row.node)):
        row = known.get(node)
        if row is None:
            yield Measured(node, 0.0, "no perpetual and no loan")
        elif row.missing:
            yield incomplete(node, row.missing)
        else:
            received = row.funding_usd_per_day or 0.0  # None only where there is no perpetual
            verb = "receives" if received > 0.0 else "pays"
            said = f"{verb} {abs(received):,.0f} USD a day"
            yield Measured(node, max(0.0, -received), said)


def default_loss(_: str, seen: Seen, __: Given, covers: Covers) -> Iterator[Measured]:
    """Say what is lost if a venue, or one of its accounts, gives nothing back: positive equity.

    Accounts of one venue are not netted: what one owes is asked for, what another holds is gone.
    """
    rows = {row.node: row for row in seen.exposures.rows}
    places = dict.fromkeys(f"desk/{each.venue}" for each in seen.book.accounts)
    for node in (row.node for row in seen.exposures.rows if covers(row.node)):
        steps = node.split("/")
        if node in places:
            below = [row for name, row in rows.items() if name.split("/")[:-1] == steps]
        elif len(steps) == 3 and steps[0] == "desk":
            below = [rows[node]]
        else:
            said = "a venue or an account may fail to give back, this is neither"
            yield unknown(node, Failure(subject=node, reason="unsupported", message=said))
            continue
        missing = [gone for row in below for gone in row.missing]
        if missing:
            yield incomplete(node, missing)
            continue
        held = sum(max(0.0, row.value_usd) for row in below)
        yield Measured(node, held, f"holds {held:,.0f} USD that may not come back")


def _chance(node: str, found: Outcome[Distance], seen: Seen, given: Given) -> Outcome[float]:
    report: Outcome[MarginReport] = seen.reports[node]
    for each in (report, found):
        if isinstance(each, Failure):
            return each
    assert not isinstance(found, Failure)
    if given.chance is None:
        said = "no vol is known, so no probability is"
        return Failure(subject=node, reason="missing_data", message=said)
    return given.chance(seen.coins_of(seen.account(node)), found, given.horizon_ns)
