"""A ladder of liquidations, its cascades and hunts, as tables and as a drawing."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.curves import Curve, Panel, curves_svg
from hedgerow.reporting.figures import percent, plain, significant, usd
from hedgerow.reporting.framing import headed, note
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import Cascade, CriticalShock, HuntMap, HuntTerms, LiquidationLadder, Side

__all__ = ["LadderView", "ladder_drawing", "ladder_view_tables"]


class _Words(NamedTuple):
    """What is done on one side of a ladder: longs are sold as a price falls, shorts bought."""

    broken: str
    pushes: str
    forced: str
    unwinds: str


_WORDS: Final[Mapping[Side, _Words]] = {
    "fall": _Words("longs liquidated at a fall", "sells", "sales", "buys"),
    "rise": _Words("shorts liquidated at a rise", "buys", "purchases", "sells"),
}


class LadderView(NamedTuple):
    """A ladder and what was asked of it."""

    ladder: LiquidationLadder
    terms: HuntTerms
    hunts: HuntMap
    reproduction_frac: tuple[float | None, ...]
    critical: tuple[CriticalShock, CriticalShock] | None
    shocked: Cascade | None


def ladder_view_tables(view: LadderView, name: str) -> RenderableType:
    """One row a level, then what sets off a chain and what the shock asked for does."""
    ladder = view.ladder
    words = _WORDS[ladder.side]
    title = f"{words.broken}, from {usd(ladder.price_now_usd)}"
    rows = [_row(view, k) for k in range(len(ladder.level_usd))]
    parts = headed(f"{name}: {ladder.cumulative_coin[-1]:,.6g} coins" if rows else name)
    parts += [grid(title, _head(words), rows), Text()] if rows else [Text("No level on this side.")]
    parts += [Text(line) for line in _chains(view)]
    if ladder.broken_coin:
        ours = f", {ladder.own_broken_coin:,.6g} of them ours" if ladder.own_broken_coin else ""
        parts.append(Text(f"{ladder.broken_coin:,.6g} coins may be liquidated already{ours}."))
    if view.shocked is not None:
        parts.append(Text(_shocked(view.shocked)))
    return Group(*parts, note(_terms(view.terms)), note(_note(words)))


def ladder_drawing(view: LadderView, name: str) -> str:
    """Draw what is liquidated by the time the price is at each level, and what a push gains."""
    ladder, hunts = view.ladder, view.hunts
    total, own = ladder.cumulative_coin, np.cumsum(ladder.own_coin)
    # A ladder is stairs: each level twice, before it fires and after, from the present price on.
    across = [ladder.price_now_usd]
    stairs: list[list[float | None]] = [[0.0], [0.0], [None]]
    for k, level in enumerate(ladder.level_usd):
        across += [float(level)] * 2
        stairs[0] += [float(total[k - 1]) if k else 0.0, float(total[k])]
        stairs[1] += [float(own[k - 1]) if k else 0.0, float(own[k])]
        stairs[2] += [float(hunts.profit_usd[k])] * 2
    panels = [
        Panel(
            "Liquidated once the price is there",
            "coins",
            [Curve("all", stairs[0]), Curve("ours", stairs[1])],
        ),
        Panel("Gain of who pushes the price there", "USD", [Curve("gain", stairs[2])]),
    ]
    marks = [(ladder.price_now_usd, "now")]
    return curves_svg(f"{name}: ladder of a {ladder.side}", across, "price, USD", panels, marks)


def _head(words: _Words) -> tuple[Column, ...]:
    pushes = f"A push {words.pushes}"
    return (
        ("Level", "USD", True), ("Away", "", True), ("Size", "coins", True), ("Ours", "", True),
        ("Before", "coins", True), ("Brings on", "", True), (pushes, "coins", True),
        ("Sets off", "coins", True), ("Gain", "USD", True), ("Ours safe to", "coins", True),
    )  # fmt: skip


def _terms(terms: HuntTerms) -> str:
    more = ""
    if terms.bonus_frac and terms.bonus_share_frac:
        more += (
            f" Who pushes gets {percent(terms.bonus_share_frac)} of the "
            f"{percent(terms.bonus_frac)} of what is liquidated that liquidators get."
        )
    if terms.elsewhere_coin:
        more += f" Who pushes gains on {terms.elsewhere_coin:,.6g} coins held elsewhere too."
    return (
        f"A fee of {percent(terms.fee_frac, 3)} on each side, "
        f"{terms.depth_coin_per_usd:,.6g} coins that move the price by a dollar, and "
        f"{percent(terms.recovery_frac)} of the move that comes back by itself.{more}"
    )


def _note(words: _Words) -> str:
    return (
        f"Brings on: how far a level's own {words.forced} move the price, over the way to the next "
        "level; from 1 on it brings that one with it. Gain: of who pushes the price to the level "
        f"and {words.unwinds} back. Ours safe to: how much of ours may stand there before a push "
        "to it, and no further, gains anything."
    )


def _row(view: LadderView, k: int) -> tuple[str, ...]:
    ladder, hunts = view.ladder, view.hunts
    brings = view.reproduction_frac[k]
    return (
        significant(float(ladder.level_usd[k]), 6),
        percent(float(ladder.away_usd[k]) / ladder.price_now_usd, 2),
        significant(float(ladder.size_coin[k]), 6),
        percent(float(ladder.own_share_frac[k])),
        significant(float(ladder.before_coin[k]), 6),
        "" if brings is None else plain(brings, 2),
        significant(float(hunts.sold_coin[k]), 6),
        significant(float(hunts.forced_coin[k]), 6),
        usd(float(hunts.profit_usd[k]), sign=True),
        significant(float(hunts.safe_own_coin[k]), 6),
    )


def _chains(view: LadderView) -> list[str]:
    if view.critical is None:
        return ["No level brings the next with it."]
    first, largest = view.critical
    lines = [_chain("The first chain", first)]
    return lines if largest == first else [*lines, _chain("The largest", largest)]


def _chain(name: str, found: CriticalShock) -> str:
    by = (
        "uses the book up"
        if found.jump_frac is None
        else f"moves the price by another {percent(found.jump_frac, 2)}"
    )
    return (
        f"{name}: at {percent(found.shock_frac, 2, sign=True)}, {found.levels_count} levels and "
        f"{found.forced_coin:,.6g} coins at once, which {by}."
    )


def _shocked(found: Cascade) -> str:
    where = (
        "the book is used up: no price is known"
        if found.price_usd is None
        else f"the price rests at {significant(found.price_usd, 6)} USD"
    )
    return (
        f"After a move of {percent(found.shock_frac, 2, sign=True)} {where}, with "
        f"{found.forced_coin:,.6g} coins liquidated at {_count(found.levels_count, 'level')} in "
        f"{_count(found.waves_count, 'wave')}, {found.own_forced_coin:,.6g} of them ours."
    )


def _count(of_count: int, word: str) -> str:
    return f"{of_count} {word}" if of_count == 1 else f"{of_count} {word}s"
