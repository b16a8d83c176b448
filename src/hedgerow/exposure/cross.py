"""How the delta in one coin changes when another coin moves."""

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.records import CrossTable
from hedgerow.exposure.revalue import NodeRows, node_rows, restricted
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import VOL_REGIME
from hedgerow.units import to_model

__all__ = ["cross_gammas"]

_STEP_FRAC = 1e-3


def cross_gammas(book: Book, snapshot: Snapshot, node: str) -> Outcome[CrossTable]:
    """Move every coin of a node up and down by itself, and see what the other deltas do.

    Dollar coins are among them: a profit in a dollar coin is worth less when its peg breaks, so
    what is settled in one has a delta that moves with it.

    Returns
    -------
    CrossTable or Failure
        A failure where there is no such node. Coins without a spot are named in `missing`.
    """
    held = restricted(book, node)
    here = node_rows(held, snapshot, node)
    if isinstance(here, Failure):
        return here
    missing = dict.fromkeys(here.whole.missing)
    spots: dict[str, float] = {}
    for coin in here.by_coin:
        spot = snapshot.spot_usd(coin)
        if isinstance(spot, Failure):
            missing[spot] = None
        else:
            spots[coin] = to_model(spot)
    columns = []
    for moved in spots:
        up, down = (
            node_rows(held, snapshot.shocked(Shock(spot_factor_frac={moved: 1.0 + step})), node)
            for step in (_STEP_FRAC, -_STEP_FRAC)
        )
        columns.append(
            [
                spots[coin]
                * (_delta_coin(up, coin) - _delta_coin(down, coin))
                / (200.0 * _STEP_FRAC)
                for coin in spots
            ]
        )
    return CrossTable(
        time_ns=snapshot.time_ns,
        node=node,
        coins=tuple(spots),
        cross_usd_per_pct=tuple(zip(*columns, strict=True)),
        vol_regime=VOL_REGIME,
        missing=tuple(missing),
    )


def _delta_coin(rows: Outcome[NodeRows], coin: str) -> float:
    assert not isinstance(rows, Failure), "a shock takes no node away"
    if coin not in rows.by_coin:
        return 0.0  # a profit of exactly nothing has no coin
    delta_coin = rows.by_coin[coin].delta_spot_coin
    assert delta_coin is not None, "a row of one coin counts in it"
    return delta_coin
