"""What execution and its ports exchange: receipts, what an agent sees, what it decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from hedgerow.limits import LimitState
from hedgerow.margin import Rulebook
from hedgerow.market import Snapshot
from hedgerow.planning import Leg, Plan
from hedgerow.portfolio import Book

__all__ = ["Decision", "Liquidation", "Mode", "Receipt", "Status", "View"]

Mode: TypeAlias = Literal["observe", "propose", "auto"]
# Life of an action (fault matrix): UNKNOWN is a state, left only on evidence from the venue.
Status: TypeAlias = Literal["acknowledged", "filled", "credited", "rejected", "unknown"]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue says of one leg. Fees are positive when paid."""

    client_id: str
    time_ns: int
    status: Status
    filled_contracts: Decimal = Decimal(0)
    price_average_usd: Decimal | None = None
    fee_ccy: Decimal = Decimal(0)
    currency: str = ""
    message: str = ""


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """A venue closed part of an account by its rulebook. `loss_usd` is penalty and slippage."""

    account_id: str
    venue: str
    time_ns: int
    loss_usd: Decimal
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything an agent may look at. Who made it (venue, recording, simulator) it cannot tell.

    `pending` are legs sent and not yet final; they count as if they will happen.
    """

    time_ns: int
    book: Book
    snapshot: Snapshot
    rulebooks: Mapping[str, Rulebook]
    pending: tuple[Leg, ...]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent makes of a view: the state of every limit, and a plan where one is needed."""

    time_ns: int
    limits: tuple[LimitState, ...]
    plan: Plan | None
    reasons: tuple[str, ...]
