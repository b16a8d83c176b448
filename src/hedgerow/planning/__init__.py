"""Which of these, together, in what order?

Trades and transfers enter; one ordered `Plan` leaves, with its cost, every limit before and expected
after, what it assumes and when it expires. Collateral goes before hedges, so that a hedge never
waits for margin that is still on its way.
"""

from hedgerow.planning.records import Leg, Order, Plan, Transfer

__all__ = ["Leg", "Order", "Plan", "Transfer"]
