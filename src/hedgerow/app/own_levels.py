"""Where a desk's own accounts stand in a ladder of liquidations: roots of one coin, and coins."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from hedgerow.app.asked import looked_at, opened
from hedgerow.app.options import Source
from hedgerow.errors import Failure, Outcome, RequestRejected
from hedgerow.instruments import (
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
)
from hedgerow.limits import account_node
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency import Direction, Side, coins_moved, frontier
from hedgerow.units import to_model

__all__ = ["OwnLevel", "OwnLevels", "Traded", "own_levels", "traded"]

_RAY = Decimal(10) ** 27


class OwnLevel(NamedTuple):
    """An account, the price of the coin at which it breaks, and what is then sold, or bought."""

    account_id: str
    level_usd: float
    size_coin: float


class Traded(NamedTuple):
    """What a liquidation of an account trades of one coin.

    `contracts_coin` are futures and perpetuals of so many coins, and `contracts_usd` of so many
    dollars, long positive; what is supplied is sold, and what is owed bought, neither negative.
    """

    contracts_coin: float
    contracts_usd: float
    supplied_coin: float
    owed_coin: float

    def size_coin(self, side: Side, price_usd: float) -> float:
        """Give what is sold at a price of a fall, or, negative, bought at one of a rise; or 0."""
        contracts = self.contracts_coin + self.contracts_usd / price_usd
        if side == "fall":
            return max(contracts + self.supplied_coin, 0.0)
        return min(contracts - self.owed_coin, 0.0)


class OwnLevels(NamedTuple):
    """What stands in the ladder, and why the rest does not; which accounts are broken now."""

    levels: tuple[OwnLevel, ...]
    left_out: tuple[str, ...]
    liquidatable: tuple[str, ...]


def own_levels(source: Source, coin: str) -> OwnLevels:
    """Find where every account of a desk breaks along one coin, everything else standing still.

    The nearest breach below counts where coins are sold then, that above where they are bought:
    what the account holds of the coin in futures and perpetuals, sells of what it has supplied, or
    buys back of what it owes.

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
        held = report if isinstance(report, Failure) else traded(account, coin, terms, snapshot)
        if isinstance(held, Failure):
            left_out.append(f"{account.account_id}: {held.message}")
            continue
        if not any(held):
            left_out.append(
                f"{account.account_id}: it holds no {coin} that a liquidation would trade"
            )
            continue
        assert not isinstance(report, Failure)
        found = frontier(account, terms, snapshot, desk.rulebooks[report.rulebook], along)
        if isinstance(found, Failure):
            left_out.append(f"{account.account_id}: {found.message}")
            continue
        sides: tuple[tuple[Side, float | None], ...] = (("fall", found.down), ("rise", found.up))
        broken = [(side, float(spot) * (1.0 + move)) for side, move in sides if move is not None]
        placed = [
            OwnLevel(account.account_id, level_usd, held.size_coin(side, level_usd))
            for side, level_usd in broken
            if held.size_coin(side, level_usd)
        ]
        levels += placed
        if not placed:
            why = (
                f"no {coin} is traded where it breaks" if broken else f"nothing of {coin} breaks it"
            )
            left_out.append(f"{account.account_id}: {why}")
    return OwnLevels(tuple(levels), tuple(left_out), tuple(liquidatable))


def traded(
    account: Account, coin: str, terms: Mapping[str, Instrument], snapshot: Snapshot
) -> Outcome[Traded]:
    """Give what a liquidation trades of a coin, staked tokens by the coins they stand for.

    A Failure where the account holds options or pool shares of it, of which nobody says how they
    are traded, or an index or a staking rate is unknown.
    """
    coins = dollars = supplied = owed = 0.0
    for position in account.positions:
        held = terms[position.instrument_id]
        size = to_model(position.quantity_contracts)
        match held:
            case LinearPerpetual() | LinearFuture() if held.underlying == coin:
                coins += size * to_model(held.multiplier_coin_per_contract)
            case InversePerpetual() | InverseFuture() if held.underlying == coin:
                dollars += size * to_model(held.multiplier_usd_per_contract)
            case LoanSupply() | LoanDebt() if snapshot.coin_of(held.asset) == coin:
                unit = _coin_per_contract(held, snapshot)
                if isinstance(unit, Failure):
                    return unit
                if isinstance(held, LoanSupply):
                    supplied += size * unit
                else:
                    owed -= size * unit
            case _ if getattr(held, "underlying", None) == coin:
                return Failure(
                    subject=account.account_id,
                    reason="unsupported",
                    message=f"it holds options or pool shares of {coin}, of which nobody says how "
                    "a liquidation trades them",
                )
            case _:
                pass
    return Traded(coins, dollars, supplied, owed)


def _coin_per_contract(held: LoanSupply | LoanDebt, snapshot: Snapshot) -> Outcome[float]:
    """Give what one scaled unit of a loan is by now, in coins."""
    index = snapshot.lending(held.market, held.asset)
    if isinstance(index, Failure):
        return index
    price = snapshot.asset(held.asset)
    if isinstance(price, Failure):
        return price
    is_supply = isinstance(held, LoanSupply)
    ray = index.liquidity_index_ray if is_supply else index.borrow_index_ray
    return to_model(Decimal(ray) / _RAY) * price.delta_coin_per_unit
