"""Which of these, together, in what order?

Trades and transfers enter; one ordered `Plan` leaves, with its cost, every limit before and
expected after, what it assumes and when it expires. The room refuses nothing: what could not be
planned stands in `unmet`, with the reason.
"""

from hedgerow.planning.plan import plan
from hedgerow.planning.project import projected, traded
from hedgerow.planning.records import Leg, Order, Plan, Transfer

__all__ = ["Leg", "Order", "Plan", "Transfer", "plan", "projected", "traded"]
