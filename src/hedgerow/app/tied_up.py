"""What money cost that was moved and did not lie where it lay: once, however often it was moved."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from hedgerow.planning import Transfer
from hedgerow.simulation import Action
from hedgerow.units import DAY_NS, to_model

__all__ = ["TiedUp", "tied_up"]


class TiedUp(NamedTuple):
    """The cost of what was moved; None where some of it has no price, which is then named."""

    cost_usd: float | None
    unpriced: tuple[str, ...]


def tied_up(
    actions: Iterable[Action],
    *,
    end_ns: int,
    prices_usd: Mapping[str, float],
    capital_frac_per_year: float,
) -> TiedUp:
    """Charge every coin for the time that it is away from where it lay, at the prices of the end.

    A coin is away from its sending until the end, or until as much is sent back to where it came
    from: what goes out and back is charged for the time between, what goes on from its target once
    and not twice. What was refused or only proposed was not moved.
    """
    by_asset: dict[str, list[tuple[int, Transfer]]] = {}
    for each in actions:
        if isinstance(each.leg, Transfer) and each.status not in ("rejected", "proposed"):
            by_asset.setdefault(each.leg.asset, []).append((each.time_ns, each.leg))
    unpriced = tuple(sorted(by_asset.keys() - prices_usd.keys()))
    if unpriced:
        return TiedUp(None, unpriced)
    cost_usd = 0.0
    for asset, moves in by_asset.items():
        coin_years = to_model(_away_coin_ns(moves, end_ns)) / DAY_NS / 365.0
        cost_usd += coin_years * prices_usd[asset] * capital_frac_per_year
    return TiedUp(cost_usd, ())


def _away_coin_ns(moves: Iterable[tuple[int, Transfer]], end_ns: int) -> Decimal:
    """Add up how many coins are away from where they lay, times how long."""
    more_coin: dict[str, Decimal] = {}  # than lay at an account, at the start
    total, last_ns, away_coin = Decimal(0), 0, Decimal(0)
    for time_ns, move in sorted(moves, key=lambda each: each[0]):
        total += away_coin * (time_ns - last_ns)
        for account_id, change in (
            (move.source_account_id, -move.quantity_coin),
            (move.target_account_id, move.quantity_coin),
        ):
            more_coin[account_id] = more_coin.get(account_id, Decimal(0)) + change
        away_coin = sum((each for each in more_coin.values() if each > 0), Decimal(0))
        last_ns = time_ns
    return total + away_coin * (end_ns - last_ns)
