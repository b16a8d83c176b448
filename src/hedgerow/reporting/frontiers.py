"""Where accounts break: tables for the terminal, and the plane of two directions as a drawing."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import UNKNOWN, amount, exact, plain, significant
from hedgerow.reporting.framing import headed, note, unknown_accounts
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import (
    Direction,
    Frontier,
    Level,
    Plane,
    ReverseStress,
    Stretch,
    binding,
)
from hedgerow.units import percent

__all__ = ["Searched", "frontier_tables", "plane_svg"]

# What was found along each direction, in the order in which it was searched.
Searched: TypeAlias = tuple[tuple[Direction, Outcome[Frontier]], ...]

_HEAD: tuple[Column, ...] = (
    ("Along", "", False), ("Breaks below", "", True), ("at", "USD", True),
    ("Breaks above", "", True), ("at", "USD", True), ("Remark", "", False),
)  # fmt: skip
_BLAME: tuple[Column, ...] = (("What", "", False), ("Change of headroom", "", True))
_NOTE = (
    "Along a mark everything else is frozen, which is how venues print a liquidation price; along "
    "spot whatever hangs on the price moves with it, and several coins by their betas. Funding "
    "goes on at the rates last settled; as time goes by options decay and loans grow."
)
_BLAMES_COUNT = 5


def frontier_tables(
    found: Mapping[str, Outcome[Searched]],
    prices_usd: Mapping[str, float],
    likeliest: Mapping[str, Outcome[ReverseStress]],
    together: Sequence[Outcome[Frontier]] = (),
    heading: str | None = None,
) -> RenderableType:
    """One table an account, a row each direction; below it the likeliest breach where it was asked.

    Parameters
    ----------
    found
        By account node.
    prices_usd
        What moves of a single coin or mark are counted from, by its name.
    together
        All accounts along one joint direction, to name the one that binds.
    """
    parts = headed(heading)
    failures: dict[str, dict[Failure, None]] = {}
    for node, searched in found.items():
        title = node.removeprefix("desk/")
        if isinstance(searched, Failure):
            failures[node] = {searched: None}
            continue
        known = [each for _, each in searched if isinstance(each, Frontier)]
        if known:
            one = known[0]
            room = exact(one.headroom_ccy, one.currency)
            title += f": {one.rulebook} ({one.confidence}), headroom {room} {one.currency}"
        rows = [_row(way, each, prices_usd) for way, each in searched]
        parts += [grid(title, _HEAD, rows), Text()]
        if node in likeliest:
            parts += _likeliest(likeliest[node])
    return Group(*parts, *_nearest(together), note(_NOTE), *unknown_accounts(failures))


def _nearest(together: Sequence[Outcome[Frontier]]) -> list[RenderableType]:
    """Name the account that binds where all coins move as one; nothing to say of one account."""
    known = [each for each in together if isinstance(each, Frontier)]
    one = binding(known)
    if len(together) < 2 or one is None or one.nearest is None:
        return []
    at = move_text(one.direction, one.nearest)
    said = f"The nearest breach is that of {one.account_id}: {one.direction.title} {at}"
    unsure = [each.account_id for each in known if not (each.is_down_known and each.is_up_known)]
    unsure += [each.subject for each in together if isinstance(each, Failure)]
    if unsure:
        said += f", as far as is known: there may be a nearer one of {', '.join(unsure)}"
    return [Text(f"{said}."), Text()]


def move_text(direction: Direction, move: float) -> str:
    """Write a move: days, or per cent with a sign.

    >>> move_text(Direction(kind="vol"), -0.0625), move_text(Direction(kind="time"), 12.34)
    ('-6.25 %', '12.3 d')
    """
    if direction.is_days:
        return f"{plain(move, 1)} d"
    return f"{plain(100.0 * move, 2, sign=True)} %"


def _row(
    way: Direction, found: Outcome[Frontier], prices_usd: Mapping[str, float]
) -> tuple[str, ...]:
    if isinstance(found, Failure):
        below = "" if way.is_days else UNKNOWN
        return way.title, below, "", UNKNOWN, "", found.message
    low, high = found.direction.span
    remarks = [f"unknown {_span(found, each)}: {each.reason}" for each in found.unknown]
    if len(found.roots) > 2:
        places = ", ".join(move_text(found.direction, each.move) for each in found.roots)
        remarks.append(f"breaks and heals at {places}")
    if found.is_liquidatable:
        heals = [move_text(found.direction, each) for each in found.heals]
        remarks.insert(0, f"LIQUIDATABLE NOW{'; heals at ' + ' and '.join(heals) if heals else ''}")
    return (
        found.direction.title,
        *_side(found, found.down, low, prices_usd),
        *_side(found, found.up, high, prices_usd),
        "; ".join(remarks),
    )


def _side(
    found: Frontier, move: float | None, edge: float, prices_usd: Mapping[str, float]
) -> tuple[str, str]:
    if found.is_liquidatable:
        return "", ""
    if edge == 0.0:
        return "", ""
    if move is None:
        is_known = found.is_down_known if edge < 0.0 else found.is_up_known
        if is_known:
            return f"not to {move_text(found.direction, edge)}", ""
        last = found.safe_to(is_up=edge > 0.0)
        return (f"unknown from {move_text(found.direction, last)}" if last else UNKNOWN), ""
    beta = found.direction.beta_frac
    price = prices_usd.get(next(iter(beta))) if len(beta) == 1 else None
    if price is None or found.direction.kind not in ("spot", "mark", "peg"):
        return move_text(found.direction, move), ""
    (power,) = beta.values()
    return move_text(found.direction, move), significant(price * (1.0 + move) ** power, 7)


def _span(found: Frontier, stretch: Stretch) -> str:
    """Say from where to where: only the near end, where it goes on to the end of the search."""
    low, high = stretch.move_low_frac_or_days, stretch.move_high_frac_or_days
    ends = (found.stretches[0].move_low_frac_or_days, found.stretches[-1].move_high_frac_or_days)
    if high == ends[1]:
        return f"above {move_text(found.direction, low)}"
    if low == ends[0]:
        return f"below {move_text(found.direction, high)}"
    return f"from {move_text(found.direction, low)} to {move_text(found.direction, high)}"


def _likeliest(found: Outcome[ReverseStress]) -> list[RenderableType]:
    if isinstance(found, Failure):
        return [Text(f"The likeliest breach is unknown: {found.message}."), Text()]
    if found.distance_deviations is None and found.unknown:
        return [Text(f"The likeliest breach is unknown: {found.unknown[0]}."), Text()]
    if found.distance_deviations is None:
        said = (
            f"No breach within {found.searched_deviations:g} deviations of "
            f"{_days(found.horizon_days)}."
        )
        return [Text(said), Text()]
    moves = ", ".join(
        f"{each.direction.title} {move_text(each.direction, each.move_frac)}"
        for each in found.moves
        if abs(each.move_deviations) >= 0.005
    )
    said = (
        f"The likeliest breach lies {plain(found.distance_deviations, 2)} deviations of "
        f"{_days(found.horizon_days)} away: {moves or 'here'}."
    )
    if found.distance_deviations == 0.0:
        return [Text("No move is needed for a breach: it is liquidatable now."), Text()]
    sizes = ", ".join(
        f"{each.direction.title} "
        f"{percent(abs(math.log1p(each.move_frac) / each.move_deviations), 2)}"
        for each in found.moves
        if each.move_deviations
    )
    said += f" A deviation is, in logs: {sizes}. Large moves come more often than deviations say."
    if found.unknown:
        said += f" A likelier one may lie where the rules gave no answer: {found.unknown[0]}."
    shown = found.blames[:_BLAMES_COUNT]
    changes = [(each.subject, each.headroom_change_ccy) for each in shown]
    others = [each.headroom_change_ccy for each in found.blames[_BLAMES_COUNT:]]
    if others:
        changes.append((f"{len(others)} others", sum(others, Decimal(0))))
    changes.append(("together", sum((change for _, change in changes), Decimal(0))))
    rows = [(name, amount(change, found.currency, sign=True)) for name, change in changes]
    return [
        Text(said),
        grid(f"What takes headroom on that way, {found.currency}", _BLAME, rows),
        Text(),
    ]


def _days(horizon_days: float) -> str:
    return "a day's moves" if horizon_days == 1.0 else f"the moves of {horizon_days:g} days"


def plane_svg(found: Plane) -> str:
    """Draw the curve on which headroom is nothing, over the second direction."""
    across = [100.0 * each.move_frac_or_days for each in found.levels]
    # By side of the present price and from it outwards, so that a line joins what belongs together.
    sides: dict[str, list[list[float]]] = {
        "below, {}": [_outwards(each, -1.0) for each in found.levels],
        "above, {}": [_outwards(each, 1.0) for each in found.levels],
    }
    curves = [
        Curve(name.format(n + 1), [100.0 * each[n] if n < len(each) else None for each in roots])
        for name, roots in sides.items()
        for n in range(max(map(len, roots), default=0))
    ]
    unknown = [(100.0 * each.move_frac_or_days, "unknown") for each in found.levels if each.unknown]
    panel = Panel(
        f"{found.account_id}: where headroom is nothing, {found.first.title}", "%", curves
    )
    return curves_svg(
        f"Frontier of {found.account_id} under {found.rulebook}",
        across,
        f"{found.second.title}, %",
        [panel],
        [(0.0, "now"), *unknown],
    )


def _outwards(level: Level, side: float) -> list[float]:
    return sorted((each for each in level.roots_frac_or_days if each * side > 0.0), key=abs)
