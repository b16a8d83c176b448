"""Who holds how much, where.

Positions and balances enter as a venue reports them, grouped in accounts (the unit a venue
liquidates). One `Book` leaves: every account, every distinct instrument once, and the sparse
quantities between them. The room refuses a position in an instrument nobody described.
"""

from hedgerow.portfolio.book import Book, book
from hedgerow.portfolio.leverage import has_leverage
from hedgerow.portfolio.records import (
    IN_TRANSIT,
    Account,
    Balance,
    OpenOrder,
    Position,
    with_balance,
    with_only_position,
)

__all__ = [
    "IN_TRANSIT",
    "Account",
    "Balance",
    "Book",
    "OpenOrder",
    "Position",
    "book",
    "has_leverage",
    "with_balance",
    "with_only_position",
]
