"""What is the cheapest that will do?

Decisions enter, with parts that price and bound them: ladders of an order book, tickets, impact,
bands of levels, what is used up, worst losses, shortfall. An `Answer` leaves: amounts in whole
lots, their cost recomputed by the parts themselves, a bound that nothing can undercut, the price of
every bound that binds, and the names of bounds that cannot hold together. The room refuses
decisions without finite bounds and gives a failure, never amounts, where a solver comes to no end.
"""

from hedgerow.solving.band import Band, Uses
from hedgerow.solving.costs import Impact, Ladders, Residual, Tickets
from hedgerow.solving.least import EXCESS_FRAC_MAX, least
from hedgerow.solving.losses import Shortfall, Worst
from hedgerow.solving.part import Part
from hedgerow.solving.programme import Programme
from hedgerow.solving.records import Answer, Decisions, Shadow

__all__ = [
    "EXCESS_FRAC_MAX",
    "Answer",
    "Band",
    "Decisions",
    "Impact",
    "Ladders",
    "Part",
    "Programme",
    "Residual",
    "Shadow",
    "Shortfall",
    "Tickets",
    "Uses",
    "Worst",
    "least",
]
