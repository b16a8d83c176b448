"""Spot × vol × time: what a node gains in every cell, by full revaluation.

Every cell takes the one path that the desk itself takes: shocked snapshot, values, sums. Beside it
stands what the node's Greeks foretell, the Taylor series of `DollarGreeks`, and what they miss.
"""

from collections.abc import Sequence
from math import factorial, fsum

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.exposure.records import ExposureRow, ScenarioCell, ScenarioLadder
from hedgerow.exposure.revalue import node_rows, restricted
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import GREEKS, VOL_REGIME
from hedgerow.units import DAY_NS

__all__ = ["ladder", "taylor_usd"]


def ladder(
    book: Book,
    snapshot: Snapshot,
    node: str,
    *,
    spot_moves_frac: Sequence[float],
    vol_moves_volpt: Sequence[float],
    elapsed_days: Sequence[float],
    coin: str | None = None,
) -> Outcome[ScenarioLadder]:
    """Revalue a node in every combination of moves.

    Parameters
    ----------
    spot_moves_frac
        Of spot, forwards and perpetuals together: -0.1 is ten per cent down. Above -1.
    vol_moves_volpt
        Added to every vol, in points; a vol never falls below zero.
    elapsed_days
        Not negative. Funding, interest, staking and vault growth stand still meanwhile.
    coin
        The one coin that moves; None for all of the node's, dollar coins standing still.

    Returns
    -------
    ScenarioLadder or Failure
        A failure where the table has no such node, or the node nothing of the coin.

    Raises
    ------
    OutOfDomain
        If a move is out of bounds.
    """
    _check(spot_moves_frac, vol_moves_volpt, elapsed_days)
    held = restricted(book, node)
    here = node_rows(held, snapshot, node)
    if isinstance(here, Failure):
        return here
    base, known = here.whole, tuple(here.by_coin)
    coins = (coin,) if coin is not None else _moving(known, snapshot)
    if coin is not None and coin not in known:
        return Failure(
            subject=node,
            reason="missing_data",
            message=f"node {node} holds nothing of {coin}; there are: {', '.join(known)}",
        )
    moved = [here.by_coin[each] for each in coins]
    cells = []
    for days in elapsed_days:
        for points in vol_moves_volpt:
            for move in spot_moves_frac:
                shock = Shock(
                    spot_factor_frac=dict.fromkeys(coins, 1.0 + move),
                    vol_shift_frac=points / 100.0,
                    time_forward_ns=round(days * DAY_NS),
                )
                there = node_rows(held, snapshot.shocked(shock), node)
                assert not isinstance(there, Failure), "a shock takes no node away"
                now = there.whole
                # A profit of exactly nothing has no coin.
                after = [there.by_coin[each] for each in coins if each in there.by_coin]
                profit_usd = now.value_usd - base.value_usd
                foretold_usd = taylor_usd(base, moved, move, points, days)
                cells.append(
                    ScenarioCell(
                        spot_move_frac=move,
                        vol_move_volpt=points,
                        elapsed_days=days,
                        profit_usd=profit_usd,
                        delta_spot_usd=sum(row.delta_spot_usd for row in after),
                        delta_spot_coin=(
                            fsum(row.delta_spot_coin or 0.0 for row in after)
                            if len(coins) == 1
                            else None
                        ),
                        taylor_usd=foretold_usd,
                        difference_usd=profit_usd - foretold_usd,
                        missing=tuple(dict.fromkeys((*base.missing, *now.missing))),
                    )
                )
    return ScenarioLadder(
        time_ns=snapshot.time_ns,
        node=node,
        coins=coins,
        vol_regime=VOL_REGIME,
        cells=tuple(cells),
    )


def taylor_usd(
    node: ExposureRow,
    moved: Sequence[ExposureRow],
    spot_move_frac: float,
    vol_move_volpt: float,
    elapsed_days: float,
) -> float:
    """Foretell a node's profit from its Greeks, up to the third order they have.

    Parameters
    ----------
    node
        Gives what does not depend on spot.
    moved
        What the node holds of each coin that moves; gives the delta and the Greeks of spot.
    """
    steps = (spot_move_frac, vol_move_volpt, elapsed_days)
    total = spot_move_frac * sum(row.delta_spot_usd for row in moved)
    for name, greek in GREEKS.items():
        if greek.carry:
            continue
        # Displayed Greeks of spot count dollars of the coin once and per cents after that.
        weight = 100.0 ** max(greek.spot - 1, 0)
        for step, order in zip(steps, greek.orders, strict=True):
            weight *= step**order / factorial(order)
        total += weight * sum(getattr(row, name) for row in (moved if greek.spot else (node,)))
    return total


def _moving(known: Sequence[str], snapshot: Snapshot) -> tuple[str, ...]:
    """Leave out dollar coins, unless there is nothing else."""
    return tuple(coin for coin in known if coin not in snapshot.dollars_usd) or tuple(known)


def _check(
    spot_moves_frac: Sequence[float], vol_moves_volpt: Sequence[float], days: Sequence[float]
) -> None:
    for what, moves, low, high in (
        ("spot move", spot_moves_frac, -1.0 + 1e-9, 1e3),
        ("vol move", vol_moves_volpt, -1e4, 1e4),
        ("days", days, 0.0, 1e4),
    ):
        if not moves:
            raise OutOfDomain(f"a ladder needs at least one {what}")
        for move in moves:
            if not low <= move <= high:
                raise OutOfDomain(f"{what} must lie from {low:g} to {high:g}, was {move}")
