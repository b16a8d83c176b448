"""How does a plan become orders?

A `Plan` enters; each leg passes the guards, is written to the journal as an intent, is sent once, and
its receipt is written after it. What is unknown stays unknown until the venue says otherwise. The
room refuses what is outside the allow-list, the collar or the budget.
"""

from hedgerow.execution.ports import Agent, Exchange
from hedgerow.execution.records import Decision, Liquidation, Mode, Receipt, Status, View

__all__ = ["Agent", "Decision", "Exchange", "Liquidation", "Mode", "Receipt", "Status", "View"]
