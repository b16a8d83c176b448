"""What are we exposed to?

A `Book` and its `Values` enter; an `ExposureTable` leaves: one row per node of the tree desk →
venue → account → underlying → expiry, and one per coin across the desk. Rows of a node are the sum
of its leaves. A node above a missing instrument says so; the room refuses to show such a total as
complete.
"""

from hedgerow.exposure.aggregate import aggregate
from hedgerow.exposure.records import ExposureRow, ExposureTable

__all__ = ["ExposureRow", "ExposureTable", "aggregate"]
