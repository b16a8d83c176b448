"""What ``hedgerow solvency ladder`` does: a ladder of liquidations, its cascades and hunts."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.console import Group
from rich.text import Text

from hedgerow.app.asked import show
from hedgerow.app.option_table import read_frame
from hedgerow.app.options import Source
from hedgerow.app.own_levels import OwnLevels, own_levels
from hedgerow.app.queue_ranks import OwnQueued, queue_ranks
from hedgerow.app.solvency_request import LadderAsked
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import OutOfDomain, RequestRejected
from hedgerow.reporting import builtins_of
from hedgerow.reporting.liquidation_ladders import LadderView, ladder_drawing, ladder_view_tables
from hedgerow.solvency import (
    HuntTerms,
    LiquidationLadder,
    cascade,
    critical_shocks,
    hunt_map,
    ladder_of,
    linear_impact,
    reproduction_numbers,
)
from hedgerow.units import percent

__all__ = ["show_ladder"]

_OWN = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


def show_ladder(file: Path, desk: Source | None, asked: LadderAsked, *, as_json: bool) -> int:
    """Print levels, our part of them, what a shock sets off and what each hunt gains.

    Raises
    ------
    RequestRejected
        If the file or a figure cannot be meant.
    """
    if asked.plot is not None:
        check_plot(asked.plot)
    if (desk is None) != (asked.coin is None):
        raise RequestRejected("--desk and --coin come together: whose levels, and along what")
    if (asked.bonus_frac is None) != (asked.bonus_share_frac is None):
        raise RequestRejected(
            "--bonus and --bonus-share come together: what liquidators get, and how much of that "
            "who hunts"
        )
    ours = OwnLevels((), (), ())
    if desk is not None and asked.coin is not None:
        ours = own_levels(desk, asked.coin)
    try:
        others = _others(file, is_desk=desk is not None)
        view = _view(others, ours, asked)
        mark_usd = asked.price_now_usd if view.shocked is None else view.shocked.price_usd
        # Where the book is used up there is no mark, and no queue.
        queued = (
            ()
            if mark_usd is None
            else queue_ranks(
                file,
                others.frame,
                others.size_coin,
                others.own,
                side=asked.side,
                price_now_usd=asked.price_now_usd,
                price_mark_usd=mark_usd,
            )
        )
    except OutOfDomain as bad:
        raise RequestRejected(f"{file}: {bad}") from bad
    payload = {
        "side": asked.side,
        "price_now_usd": asked.price_now_usd,
        "terms": builtins_of(view.terms),
        "broken_coin": view.ladder.broken_coin,
        "own_broken_coin": view.ladder.own_broken_coin,
        "levels": _levels(view),
        "own": [each._asdict() for each in ours.levels],
        "own_liquidatable": list(ours.liquidatable),
        "left_out": list(ours.left_out),
        "queue": None if mark_usd is None else [builtins_of(each._asdict()) for each in queued],
        "critical": None if view.critical is None else builtins_of(view.critical),
        "shocked": None if view.shocked is None else builtins_of(view.shocked),
    }
    if asked.plot is not None:
        if not len(view.ladder.level_usd):
            raise RequestRejected(
                f"--plot {asked.plot}: no level lies on this side; nothing to draw"
            )
        write_plot(asked.plot, ladder_drawing(view, file.name), as_json=as_json)
    shown = [ladder_view_tables(view, file.name), *map(Text, [*_said(ours), *_ranked(queued)])]
    show(payload, Group(*shown), as_json=as_json)
    return status(_troubles(view, ours), is_quiet=as_json)


def _said(ours: OwnLevels) -> list[str]:
    stand = [
        f"Ours: {each.account_id} at {each.level_usd:,.6g} USD, {each.size_coin:+,.6g} coins"
        for each in ours.levels
    ]
    return stand + [f"Not in the ladder: {each}" for each in ours.left_out]


def _ranked(queued: tuple[OwnQueued, ...]) -> list[str]:
    return [
        f"Ours of row {each.row_count}, {each.rank.size_coin:,.6g} coins that gain, at a mark of "
        f"{each.price_mark_usd:,.6g}: closed after {each.rank.before_coin:,.6g} coins of others, "
        f"as number {each.rank.rank_index + 1} of {each.rank.accounts_count}, by "
        f"{each.rule.replace('_', ' ')}"
        for each in queued
    ]


class _Others(NamedTuple):
    """The accounts of the file: long positive."""

    frame: pl.DataFrame
    level_usd: NDArray[np.float64]
    size_coin: NDArray[np.float64]
    own: NDArray[np.bool_]


def _others(file: Path, *, is_desk: bool) -> _Others:
    frame = read_frame(file, "account")
    lacking = [name for name in ("level_usd", "size_coin") if name not in frame.columns]
    if lacking:
        raise RequestRejected(
            f"{file}: no column {', no column '.join(lacking)}; there are "
            f"{', '.join(frame.columns)}"
        )
    levels, sizes = (_numbers(file, frame, name) for name in ("level_usd", "size_coin"))
    own = _own(file, frame)
    if is_desk and own.any():
        raise RequestRejected(
            f"{file}: with --desk ours are the desk's accounts; leave the rows that are marked "
            "is_own out, or they count twice"
        )
    return _Others(frame, levels, sizes, own)


def _view(others: _Others, ours: OwnLevels, asked: LadderAsked) -> LadderView:
    """Meet the ladder with what was asked: a shock, and hunts down to every level."""
    ladder = _ladder(others, ours, asked)
    impact = linear_impact(asked.depth_coin_per_usd)
    terms = HuntTerms(
        depth_coin_per_usd=asked.depth_coin_per_usd,
        fee_frac=asked.fee_frac,
        recovery_frac=asked.recovery_frac,
        elsewhere_coin=asked.elsewhere_coin,
        bonus_frac=asked.bonus_frac or 0.0,
        bonus_share_frac=asked.bonus_share_frac or 0.0,
    )
    shock_frac = asked.shock_frac
    return LadderView(
        ladder=ladder,
        terms=terms,
        hunts=hunt_map(ladder, terms),
        reproduction_frac=reproduction_numbers(ladder, impact),
        critical=critical_shocks(ladder, impact),
        shocked=None if shock_frac is None else cascade(ladder, shock_frac, impact),
    )


def _ladder(others: _Others, ours: OwnLevels, asked: LadderAsked) -> LiquidationLadder:
    """Build a ladder: longs for a fall, shorts for a rise; the others are no part of it."""
    own = np.concatenate([others.own, np.ones(len(ours.levels), dtype=np.bool_)])
    levels = np.concatenate([others.level_usd, [each.level_usd for each in ours.levels]])
    sizes = np.concatenate([others.size_coin, [each.size_coin for each in ours.levels]])
    wanted = sizes > 0.0 if asked.side == "fall" else sizes < 0.0
    return ladder_of(
        asked.side,
        asked.price_now_usd,
        levels[wanted],
        np.abs(sizes[wanted]),
        own[wanted],
        cluster_frac=asked.cluster_frac,
    )


def _numbers(file: Path, frame: pl.DataFrame, name: str) -> NDArray[np.float64]:
    """Read a column of finite numbers; an empty cell is refused, for it is not nothing."""
    try:
        column = frame[name].cast(pl.Float64, strict=True).to_numpy()
    except pl.exceptions.PolarsError as bad:
        raise RequestRejected(f"{file}: column {name} holds what is no number") from bad
    good = np.isfinite(column.astype(np.float64)) & (column != 0.0)
    if name == "level_usd":
        good &= column > 0.0
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise RequestRejected(
            f"{file}: row {row + 1} has no usable {name}; leave accounts without one out"
        )
    return np.asarray(column, dtype=np.float64)


def _own(file: Path, frame: pl.DataFrame) -> NDArray[np.bool_]:
    if "is_own" not in frame.columns:
        return np.zeros(len(frame), dtype=np.bool_)
    words = ["" if each is None else str(each).strip().lower() for each in frame["is_own"]]
    strange = sorted({word for word in words if word not in _OWN})
    if strange:
        raise RequestRejected(f"{file}: is_own is true or false, not {', '.join(strange)}")
    return np.array([_OWN[word] for word in words], dtype=np.bool_)


def _levels(view: LadderView) -> list[dict[str, float | bool | None]]:
    ladder, hunts = view.ladder, view.hunts
    return [
        {
            "level_usd": float(ladder.level_usd[k]),
            "size_coin": float(ladder.size_coin[k]),
            "own_coin": float(ladder.own_coin[k]),
            "before_coin": float(ladder.before_coin[k]),
            "reproduction_frac": view.reproduction_frac[k],
            "sold_coin": float(hunts.sold_coin[k]),
            "capital_usd": float(hunts.capital_usd[k]),
            "forced_coin": float(hunts.forced_coin[k]),
            "own_forced_coin": float(hunts.own_forced_coin[k]),
            "rest_usd": float(hunts.rest_usd[k]) if hunts.rest_usd[k] > 0.0 else None,
            "profit_usd": float(hunts.profit_usd[k]),
            "pays": bool(hunts.pays[k]),
            "safe_own_coin": float(hunts.safe_own_coin[k]),
        }
        for k in range(len(ladder.level_usd))
    ]


def _troubles(view: LadderView, ours: OwnLevels) -> list[str]:
    """Name what of ours is broken now, the hunts that pay and take ours, and what a shock takes."""
    hunts = view.hunts
    found = [f"{name} is liquidatable" for name in ours.liquidatable]
    if view.ladder.own_broken_coin > 0.0:
        found.append(
            f"{view.ladder.own_broken_coin:,.6g} coins of ours may be liquidated already at "
            f"{view.ladder.price_now_usd:,.6g}"
        )
    paying = hunts.pays & (hunts.own_forced_coin > 0.0)
    if paying.any():
        best = int(np.argmax(np.where(paying, hunts.profit_usd, -np.inf)))
        found.append(
            f"pushing the price to {hunts.level_usd[best]:,.6g} gains {hunts.profit_usd[best]:,.0f}"
            f" USD and liquidates {hunts.own_forced_coin[best]:,.6g} coins of ours"
        )
    if view.shocked is not None and view.shocked.own_forced_coin > 0.0:
        found.append(
            f"a move of {percent(view.shocked.shock_frac, sign=True)} liquidates "
            f"{view.shocked.own_forced_coin:,.6g} coins of ours"
        )
    return found
