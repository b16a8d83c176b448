"""Which ways may hurt an account: the directions worth a search, for what it holds."""

from collections.abc import Iterable, Mapping

from hedgerow.instruments import (
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    Option,
    PowerPerpetual,
    QuantoFuture,
    QuantoPerpetual,
    settlement_of,
    underlying_of,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.frontiers.coins import coins_moved
from hedgerow.solvency.records import Direction, Frontier

__all__ = ["binding", "joint_of", "ways_of"]

_MARKED = (
    LinearPerpetual, LinearFuture, InversePerpetual, InverseFuture, QuantoPerpetual, QuantoFuture,
)  # fmt: skip


def joint_of(coins: Iterable[str], beta_frac: Mapping[str, float]) -> Direction:
    """Move coins together by their betas; a coin without one moves as the lead does."""
    return Direction(kind="spot", beta_frac={coin: beta_frac.get(coin, 1.0) for coin in coins})


def ways_of(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    beta_frac: Mapping[str, float],
) -> tuple[Direction, ...]:
    """List directions: joint spot first, then single coins, marks, vols, bases, pegs and days.

    Parameters
    ----------
    beta_frac
        How far each coin goes in logs where the lead goes one.
    """
    names = dict.fromkeys(each.instrument_id for each in account.positions)
    held = [instruments[name] for name in names if name in instruments]
    coins = coins_moved(held, [account], snapshot)
    marked = [each for each in held if isinstance(each, _MARKED)]
    options = [each for each in held if isinstance(each, Option)]
    loans = [each for each in held if isinstance(each, LoanSupply | LoanDebt)]
    found: list[Direction] = []
    if len(coins) > 1:
        found.append(joint_of(coins, beta_frac))
    found += [joint_of([coin], {}) for coin in coins]
    found += [Direction(kind="mark", beta_frac={each.instrument_id: 1.0}) for each in marked]
    powers = [each for each in held if isinstance(each, PowerPerpetual)]
    if options or powers:
        found.append(Direction(kind="vol"))
    bases = dict.fromkeys(underlying_of(each) for each in (*marked, *options))
    found += [Direction(kind="basis", beta_frac={coin: 1.0}) for coin in bases]
    found += [
        Direction(kind="peg", beta_frac={token: 1.0}) for token in _pegged(account, held, snapshot)
    ]
    if any(isinstance(each, LinearPerpetual | InversePerpetual | QuantoPerpetual) for each in held):
        found.append(Direction(kind="funding"))
    if options or loans or powers:
        found.append(Direction(kind="time"))
    return tuple(found)


def _pegged(account: Account, held: Iterable[Instrument], snapshot: Snapshot) -> list[str]:
    """List dollar coins and staked tokens among what is held, lent, owed or settled in."""
    assets = {each.asset for each in account.balances if each.quantity_coin}
    for terms in held:
        assets.add(
            terms.asset if isinstance(terms, LoanSupply | LoanDebt) else settlement_of(terms)
        )
    return sorted(
        each for each in assets if each in snapshot.dollars_usd or each in snapshot.stakings
    )


def binding(frontiers: Iterable[Frontier]) -> Frontier | None:
    """Give the frontier whose nearest breach is nearest, on the scale of its direction.

    Parameters
    ----------
    frontiers
        Of several accounts along one direction.

    Returns
    -------
    Frontier or None
        None where none breaks within its search.
    """
    broken = [(each, each.nearest) for each in frontiers]
    return min(
        (each for each, nearest in broken if nearest is not None),
        key=lambda each: abs(each.direction.coordinate(each.nearest or 0.0)),
        default=None,
    )
