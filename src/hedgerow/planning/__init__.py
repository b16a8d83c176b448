"""Which of these, together, in what order?

Trades and transfers enter; one ordered `Plan` leaves, with its cost, every limit before and
expected after, what it assumes and when it expires. What could not be planned stands in `unmet`,
with the reason. The room refuses a plan that could not be carried out as written: two legs of one
client id, which a venue takes for one leg, or an end before its beginning.
"""

from hedgerow.planning.plan import plan
from hedgerow.planning.project import projected, traded
from hedgerow.planning.records import Leg, Order, Plan, Transfer

__all__ = ["Leg", "Order", "Plan", "Transfer", "plan", "projected", "traded"]
