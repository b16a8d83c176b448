"""How the delta in one coin changes when another coin moves."""

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.records import CrossTable, ExposureTable
from hedgerow.exposure.revalue import coins_at, restricted, revalued, within
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
    here = revalued(held, snapshot)
    base = here.row(node)
    if isinstance(base, Failure):
        return base
    missing = dict.fromkeys(base.missing)
    spots: dict[str, float] = {}
    gammas: dict[str, float] = {}
    for coin in coins_at(here, node):
        spot, row = snapshot.spot_usd(coin), within(here, node, coin)
        if isinstance(spot, Failure):
            missing[spot] = None
        elif not isinstance(row, Failure):
            spots[coin], gammas[coin] = to_model(spot), row.gamma_usd_per_pct
    columns = []
    for moved in spots:
        up, down = (
            revalued(held, snapshot.shocked(Shock(spot_factor_frac={moved: 1.0 + step})))
            for step in (_STEP_FRAC, -_STEP_FRAC)
        )
        columns.append(
            [
                gammas[coin]
                if coin == moved
                else spots[coin]
                * (_delta_coin(up, node, coin) - _delta_coin(down, node, coin))
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


def _delta_coin(table: ExposureTable, node: str, coin: str) -> float:
    row = within(table, node, coin)
    assert not isinstance(row, Failure), "a shock takes no coin away"
    assert row.delta_spot_coin is not None, "a row of one coin counts in it"
    return row.delta_spot_coin
