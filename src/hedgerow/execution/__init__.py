"""How a plan becomes orders.

A `Plan` enters; each leg passes the guards, is written to the journal as an intent, is sent once,
and its receipt is written after it. A `Receipt` per leg and the rows of the journal leave. What is
unknown stays unknown until the venue says otherwise. The room refuses what is outside the
allow-list, the collar or the budget.
"""

from hedgerow.execution.canonical import canonical, rounded
from hedgerow.execution.chain import Kind, Row, Verified, read, verify
from hedgerow.execution.guards import (
    AllowedSwap,
    AllowedSwitch,
    Guards,
    Route,
    Spent,
    check,
    spent_on_day,
)
from hedgerow.execution.journal import Header, Journal
from hedgerow.execution.ports import Agent, Exchange, send
from hedgerow.execution.records import (
    Allowance,
    Decision,
    Liquidation,
    Mode,
    Receipt,
    Status,
    View,
    in_transit,
)
from hedgerow.execution.submit import recover, resolve, submit

__all__ = [
    "Agent",
    "Allowance",
    "AllowedSwap",
    "AllowedSwitch",
    "Decision",
    "Exchange",
    "Guards",
    "Header",
    "Journal",
    "Kind",
    "Liquidation",
    "Mode",
    "Receipt",
    "Route",
    "Row",
    "Spent",
    "Status",
    "Verified",
    "View",
    "canonical",
    "check",
    "in_transit",
    "read",
    "recover",
    "resolve",
    "rounded",
    "send",
    "spent_on_day",
    "submit",
    "verify",
]
