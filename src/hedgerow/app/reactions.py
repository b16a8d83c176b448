"""What ``hedgerow solvency reaction`` does: whether a rescue that starts now arrives in time."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from hedgerow.app.asked import heading_of, looked_at, opened, show
from hedgerow.app.margins import judged_nodes
from hedgerow.app.option_table import read_frame
from hedgerow.app.options import Source
from hedgerow.app.routes import read_routes
from hedgerow.app.solvency_request import ReactionAsked
from hedgerow.app.verdict import status
from hedgerow.errors import Failure, Outcome, OutOfDomain, RequestRejected
from hedgerow.reporting import builtins_of
from hedgerow.reporting.reactions import ReactionRow, reaction_tables
from hedgerow.solvency import (
    Distance,
    Moves,
    ReactionTerms,
    Regime,
    RescueRoute,
    RouteBook,
    route_reaction,
)
from hedgerow.units import percent

__all__ = ["show_reaction"]


class _Subject(NamedTuple):
    """One side of one account: a name, a side, the move to its breach or why it is unknown.

    An account that is liquidatable now is one subject, without a side and with a move of nothing;
    one that nothing breaks within the search is one too, without a side, a move or a failure.
    """

    name: str
    side: str
    move_frac: float | None
    failure: Failure | None


def show_reaction(source: Source, asked: ReactionAsked, *, as_json: bool) -> int:
    """Print odds, times and triggers of every route from every account's distances.

    Raises
    ------
    RequestRejected
        If a figure or route cannot be meant, or candles cannot be used.
    """
    book = read_routes(asked.routes_file)
    try:
        chosen = [book.route(name) for name in dict.fromkeys(asked.routes)] or list(book.routes)
        regime = Regime(
            volatility=asked.volatility or book.volatility_of(asked.vol_frac),
            fee_quintile_index=asked.fee_quintile_index,
        )
    except OutOfDomain as bad:
        raise RequestRejected(str(bad)) from bad
    heading, subjects = _subjects(source, asked)
    candles = None if asked.candles is None else _candles(asked.candles)
    rows = [_row(subject, asked, book, chosen, regime, candles) for subject in subjects]
    payload = {
        "routes": book.name,
        "statement": book.statement,
        "regime": regime.name,
        "vol_frac": asked.vol_frac,
        "success_frac": asked.success_frac,
        "jump_frac": asked.jump_frac,
        "draws_count": asked.draws_count,
        "draw_seed": asked.draw_seed,
        "evidence": _evidence(book, [route.name for route in chosen]),
        "rows": [_built(row) for row in rows],
    }
    shown = reaction_tables(
        rows,
        heading=heading,
        statement=book.statement,
        regime=regime.name,
        vol_frac=asked.vol_frac,
        jump_frac=asked.jump_frac,
    )
    show(payload, shown, as_json=as_json)
    return status(list(_troubles(rows, asked)), is_quiet=as_json)


def _row(
    subject: _Subject,
    asked: ReactionAsked,
    book: RouteBook,
    routes: Sequence[RescueRoute],
    regime: Regime,
    candles: pl.DataFrame | None,
) -> ReactionRow:
    """Set every route against one distance; none where there is nothing to outrun, or no time."""
    if not subject.move_frac:
        return ReactionRow(subject.name, subject.side, subject.move_frac, (), subject.failure)
    terms = ReactionTerms(
        vol_frac=asked.vol_frac,
        regime=regime,
        success_frac=asked.success_frac,
        jump_frac=asked.jump_frac,
        draws_count=asked.draws_count,
        moves=None if candles is None else _moves(candles, is_fall=subject.side == "fall"),
    )
    found = tuple(
        route_reaction(
            abs(math.log1p(subject.move_frac)),
            terms,
            book,
            route,
            # One seed for every route and account: what differs is not chance.
            rng=np.random.Generator(np.random.Philox(asked.draw_seed)),
        )
        for route in routes
    )
    return ReactionRow(subject.name, subject.side, subject.move_frac, found, None)


def _subjects(source: Source, asked: ReactionAsked) -> tuple[str | None, list[_Subject]]:
    """Give the distances asked about: one as written, or those of a desk's accounts."""
    if asked.distance_frac is not None:
        if asked.distance_frac == 0.0:
            raise RequestRejected("--distance 0 is a breach now, and nothing arrives before it")
        if source.desk is not None or asked.account is not None:
            raise RequestRejected("--distance is of no account; leave out the desk, or --distance")
        side = "fall" if asked.distance_frac < 0.0 else "rise"
        return None, [_Subject("as asked", side, asked.distance_frac, None)]
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    found: list[_Subject] = []
    for node in judged_nodes(state, asked.account):
        found += _sides(node.split("/")[-1], state.distances[node])
    return heading_of(state), found


def _sides(name: str, distance: Outcome[Distance]) -> Iterator[_Subject]:
    if isinstance(distance, Failure):
        yield _Subject(name, "", None, distance)
        return
    if distance.nearest_frac == 0.0:
        yield _Subject(name, "", 0.0, None)
        return
    if distance.nearest_frac is None:
        yield _Subject(name, "", None, None)
        return
    for side, move in (("fall", distance.down_frac), ("rise", distance.up_frac)):
        # A side without a breach within the range searched has nothing to outrun.
        if move is not None:
            yield _Subject(name, side, move, None)


def _candles(path: Path) -> pl.DataFrame:
    """Read candles evenly apart: a time, high, low and close in each row, oldest first.

    Raises
    ------
    RequestRejected
        If a column is missing, a price is none, a close is outside its candle, or rows are not
        evenly apart.
    """
    frame = read_frame(path, "candle")
    needed = ("ts", "high", "low", "close")
    lacking = [name for name in needed if name not in frame.columns]
    if lacking:
        raise RequestRejected(f"{path}: no column {', no column '.join(lacking)}")
    try:
        frame = frame.select(
            pl.col("ts").str.to_datetime(time_zone="UTC", strict=True)
            if frame["ts"].dtype == pl.String
            else pl.col("ts"),
            *(pl.col(name).cast(pl.Float64, strict=True) for name in needed[1:]),
        )
        steps = frame["ts"].diff().drop_nulls().unique().to_list()
    except (pl.exceptions.PolarsError, TypeError) as bad:
        told = str(bad).partition("\n")[0]
        raise RequestRejected(f"{path}: a time or price cannot be read: {told}") from bad
    if len(steps) != 1 or steps[0].total_seconds() <= 0.0:
        raise RequestRejected(
            f"{path}: rows must be evenly apart and of one market, oldest first, with no hole"
        )
    prices = frame.select(needed[1:]).to_numpy()
    if not (np.isfinite(prices).all() and (prices > 0.0).all()):
        raise RequestRejected(f"{path}: every high, low and close must be positive")
    high, low, close = prices.T
    if (wrong := np.flatnonzero((high < close) | (low > close))).size:
        raise RequestRejected(
            f"{path}: row {int(wrong[0]) + 1} closes above its high or below its low"
        )
    return frame


def _moves(candles: pl.DataFrame, *, is_fall: bool) -> Moves:
    """Give the moves from close to close, and the worst on the way, for who fears that side."""
    sign = 1.0 if is_fall else -1.0
    close = np.log(candles["close"].to_numpy())
    worst = np.log(candles["low" if is_fall else "high"].to_numpy())
    moved = sign * np.diff(close)
    reached = sign * (worst[1:] - close[:-1])
    step_s = (candles["ts"][1] - candles["ts"][0]).total_seconds()
    return Moves(moved, np.minimum(reached, np.minimum(moved, 0.0)), step_s)


def _evidence(book: RouteBook, names: Sequence[str]) -> dict[str, dict[str, dict[str, str]]]:
    return {
        route.name: {
            stage.stage: {"evidence": stage.evidence, "why": stage.why} for stage in route.stages
        }
        for route in book.routes
        if route.name in names
    }


def _built(row: ReactionRow) -> dict[str, object]:
    if row.failure is not None:
        return {"account": row.account, "failure": builtins_of(row.failure)}
    return {
        "account": row.account,
        "is_liquidatable": row.is_liquidatable,
        "side": row.side,
        "distance_frac": row.move_frac,
        "routes": [builtins_of(each) | {"is_in_time": each.is_in_time} for each in row.routes],
    }


def _troubles(rows: Sequence[ReactionRow], asked: ReactionAsked) -> Iterator[str]:
    """Name what no route rescues with the odds wanted, and what cannot be judged."""
    jump = f" and a jump of {percent(asked.jump_frac)}" if asked.jump_frac else ""
    for row in rows:
        if row.failure is not None:
            yield f"the distance of {row.account} is unknown ({row.failure.message})"
        elif row.is_liquidatable:
            yield f"{row.account} is liquidatable"
        elif row.move_frac is not None and not any(each.is_in_time for each in row.routes):
            yield (
                f"{row.account} breaks at a {row.side} of {percent(abs(row.move_frac))}, and no "
                f"route arrives before it with {asked.success_frac:g}{jump}"
            )
