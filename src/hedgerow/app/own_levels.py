"""Where a desk's own accounts stand in a ladder of liquidations: roots of one coin, and coins."""

from typing import NamedTuple

from hedgerow.app.asked import looked_at, opened
from hedgerow.app.options import Source
from hedgerow.errors import Failure, RequestRejected
from hedgerow.instruments import (
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanSupply,
)
from hedgerow.limits import account_node
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency import Direction, coins_moved, frontier
from hedgerow.units import to_model

__all__ = ["OwnLevel", "OwnLevels", "own_levels"]


class OwnLevel(NamedTuple):
    """An account, the price of the coin at which it breaks, and what is then sold, or bought."""

    account_id: str
    level_usd: float
    size_coin: float


class OwnLevels(NamedTuple):
    """What stands in the ladder, and why the rest does not; which accounts are broken now."""

    levels: tuple[OwnLevel, ...]
    left_out: tuple[str, ...]
    liquidatable: tuple[str, ...]


def own_levels(source: Source, coin: str) -> OwnLevels:
    """Find where every account of a desk breaks along one coin, everything else standing still.

    Of a long the nearest breach below counts, of a short that above: what is sold, or bought, then
    is what the account holds of the coin in futures and perpetuals, or has supplied.

    Raises
    ------
    RequestRejected
        If the desk has nothing to do with the coin, or its price is unknown.
    """
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    terms, snapshot = state.book.terms, state.snapshot
    coins = coins_moved(tuple(terms.values()), state.book.accounts, snapshot)
    if coin not in coins:
        raise RequestRejected(f"--coin {coin}: the desk holds {', '.join(coins) or 'none'}")
    spot = snapshot.spot_usd(coin)
    if isinstance(spot, Failure):
        raise RequestRejected(f"--coin {coin}: {spot.message}")
    along = Direction(kind="spot", beta_frac={coin: 1.0})
    levels, left_out, liquidatable = [], [], []
    for account in state.book.accounts:
        report = state.reports.get(account_node(account))
        if report is None:
            continue
        if not isinstance(report, Failure) and report.is_liquidatable:
            # Of whatever it holds: it breaks where it stands, and at no level.
            liquidatable.append(account.account_id)
            left_out.append(f"{account.account_id}: liquidatable now")
            continue
        size = _size_coin(account, coin, float(spot), terms, snapshot)
        if isinstance(report, Failure) or size is None or size == 0.0:
            why = report.message if isinstance(report, Failure) else _why(size, coin)
            left_out.append(f"{account.account_id}: {why}")
            continue
        found = frontier(account, terms, snapshot, desk.rulebooks[report.rulebook], along)
        if isinstance(found, Failure):
            left_out.append(f"{account.account_id}: {found.message}")
            continue
        move = found.down if size > 0.0 else found.up
        if move is None:
            left_out.append(f"{account.account_id}: nothing of {coin} breaks it")
            continue
        levels.append(OwnLevel(account.account_id, float(spot) * (1.0 + move), size))
    return OwnLevels(tuple(levels), tuple(left_out), tuple(liquidatable))


def _size_coin(
    account: Account,
    coin: str,
    spot_usd: float,
    terms: dict[str, Instrument],
    snapshot: Snapshot,
) -> float | None:
    """Give the coins that a liquidation trades; None where it trades options of the coin too."""
    total = 0.0
    for position in account.positions:
        held = terms[position.instrument_id]
        size = to_model(position.quantity_contracts)
        match held:
            case LinearPerpetual() | LinearFuture() if held.underlying == coin:
                total += size * to_model(held.multiplier_coin_per_contract)
            case InversePerpetual() | InverseFuture() if held.underlying == coin:
                total += size * to_model(held.multiplier_usd_per_contract) / spot_usd
            case LoanSupply() if snapshot.coin_of(held.asset) == coin:
                total += size
            case _ if getattr(held, "underlying", None) == coin:
                return None
            case _:
                pass
    return total


def _why(size_coin: float | None, coin: str) -> str:
    if size_coin is None:
        return f"it holds options of {coin}, of which nobody says how a liquidation trades them"
    return f"it holds no {coin} that a liquidation would trade"
