"""Which transfers bring us back?

Margin reports, buffers and allowed routes enter; transfers that refill each buffer leave. The room
refuses to draw a source below its own buffer, and says what stayed unfilled.
"""

from hedgerow.collateral.plan import plan
from hedgerow.collateral.records import BufferPolicy, Move, Route, TransferPlan

__all__ = ["BufferPolicy", "Move", "Route", "TransferPlan", "plan"]
