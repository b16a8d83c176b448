"""Where accounts break: tables for the terminal, and the plane of two directions as a drawing."""

from collections.abc import Mapping
from typing import TypeAlias

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure, Outcome
from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import UNKNOWN, amount, exact, plain, significant
from hedgerow.reporting.framing import headed, note, unknown_accounts
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import Direction, Frontier, Plane, ReverseStress, binding

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
    heading: str | None = None,
) -> RenderableType:
    """One table an account, a row each direction; below it the likeliest breach where it was asked.

    Parameters
    ----------
    found
        By account node.
    prices_usd
        What moves of a single coin or mark are counted from, by its name.
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
    nearest = _nearest(found)
    return Group(*parts, *nearest, note(_NOTE), *unknown_accounts(failures))


def _nearest(found: Mapping[str, Outcome[Searched]]) -> list[RenderableType]:
    """Name the account that binds where the market moves as one; nothing to say of one account."""
    firsts = [each[0][1] for each in found.values() if not isinstance(each, Failure) and each]
    known = [each for each in firsts if isinstance(each, Frontier)]
    one = binding(known)
    if len(found) < 2 or one is None or one.nearest is None:
        return []
    at = move_text(one.direction, one.nearest)
    return [
        Text(f"The nearest breach is that of {one.account_id}: {one.direction.title} {at}."),
        Text(),
    ]


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
    remarks = [f"unknown beyond: {each.reason}" for each in found.unknown]
    if len(found.roots) > 2:
        places = ", ".join(move_text(found.direction, each.move) for each in found.roots)
        remarks.append(f"breaks and heals at {places}")
    if found.is_liquidatable:
        heals = [move_text(found.direction, each.move) for each in found.roots]
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
        hidden = [
            each for each in found.unknown if (each.move_low_frac_or_days < 0.0) is (edge < 0.0)
        ]
        return (UNKNOWN if hidden else f"not to {move_text(found.direction, edge)}"), ""
    names = list(found.direction.beta_frac)
    price = prices_usd.get(names[0]) if len(names) == 1 else None
    is_price = price is not None and found.direction.kind in ("spot", "mark", "peg")
    return move_text(found.direction, move), (
        significant(price * (1.0 + move), 7) if is_price and price is not None else ""
    )


def _likeliest(found: Outcome[ReverseStress]) -> list[RenderableType]:
    if isinstance(found, Failure):
        return [Text(f"The likeliest breach is unknown: {found.message}."), Text()]
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
    rows = [
        (each.subject, amount(each.headroom_change_ccy, found.currency, sign=True))
        for each in found.blames[:_BLAMES_COUNT]
    ]
    return [
        Text(said),
        grid(f"What takes headroom on that way, {found.currency}", _BLAME, rows),
        Text(),
    ]


def _days(horizon_days: float) -> str:
    return "a day's moves" if horizon_days == 1.0 else f"the moves of {horizon_days:g} days"


def plane_svg(found: Plane) -> str:
    """Draw the curve on which headroom is nothing, over the second direction."""
    roots = [each.roots_frac_or_days for each in found.levels]
    across = [100.0 * each.move_frac_or_days for each in found.levels]
    curves = [
        Curve(f"root {n + 1}", [100.0 * each[n] if n < len(each) else None for each in roots])
        for n in range(max(map(len, roots), default=0))
    ]
    panel = Panel(
        f"{found.account_id}: where headroom is nothing, {found.first.title}", "%", curves
    )
    return curves_svg(
        f"Frontier of {found.account_id} under {found.rulebook}",
        across,
        f"{found.second.title}, %",
        [panel],
        [(0.0, "now")],
    )
