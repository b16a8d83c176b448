"""What the money cost that was moved, from its sending to the end."""

from collections.abc import Iterable, Mapping
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
    """Charge every transfer from its sending to the end, at the prices of the end.

    What was refused or only proposed was not moved.
    """
    moves = [
        (each.time_ns, each.leg)
        for each in actions
        if isinstance(each.leg, Transfer) and each.status not in ("rejected", "proposed")
    ]
    unpriced = tuple(sorted({leg.asset for _, leg in moves} - prices_usd.keys()))
    if unpriced:
        return TiedUp(None, unpriced)
    cost_usd = 0.0
    for time_ns, leg in moves:
        years = (end_ns - time_ns) / DAY_NS / 365.0
        worth_usd = to_model(leg.quantity_coin) * prices_usd[leg.asset]
        cost_usd += worth_usd * capital_frac_per_year * years
    return TiedUp(cost_usd, ())
