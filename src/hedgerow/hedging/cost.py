"""What a market order would cost against a ladder, beyond the mid."""

from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.market import Ladder

__all__ = ["crossing_cost_ccy"]


def crossing_cost_ccy(
    ladder: Ladder, quantity_contracts: Decimal, multiplier_coin_per_contract: Decimal
) -> Outcome[Decimal]:
    """Walk the side the order would take and price it against the mid.

    Parameters
    ----------
    quantity_contracts
        Positive buys from the asks, negative sells to the bids.

    Returns
    -------
    Decimal or Failure
        Not negative, in the coin that the instrument pays in. A Failure where the ladder is not
        deep enough: the rest has no price.
    """
    levels = ladder.asks if quantity_contracts > 0 else ladder.bids
    left = abs(quantity_contracts)
    cost = Decimal(0)
    for level in levels:
        taken = min(left, level.quantity_contracts)
        cost += taken * abs(level.price_usd - ladder.price_mid_usd)
        left -= taken
        if left == 0:
            return cost * multiplier_coin_per_contract
    return Failure(
        subject=ladder.instrument_id,
        reason="no_source",
        message=f"the book holds {abs(quantity_contracts) - left} of {abs(quantity_contracts)} "
        "contracts",
    )
