"""What execution and its ports exchange: receipts, what an agent sees, what it decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from hedgerow.limits import LimitState
from hedgerow.margin import Rulebook
from hedgerow.market import Snapshot
from hedgerow.planning import Leg, Plan, Transfer
from hedgerow.portfolio import IN_TRANSIT, Account, Balance, Book

__all__ = [
    "Allowance",
    "Decision",
    "Liquidation",
    "Mode",
    "Receipt",
    "Status",
    "View",
    "in_transit",
]

Mode: TypeAlias = Literal["observe", "propose", "auto"]
# Life of an action (fault matrix): UNKNOWN is a state, left only on evidence from the venue.
# A leg that is waiting was not sent: what it waits for is not done yet.
Status: TypeAlias = Literal["waiting", "acknowledged", "filled", "credited", "rejected", "unknown"]


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
    """A venue closed part of an account by its rulebook. `loss_usd` is penalty and slippage.

    `use_frac` is requirement over equity at the moment the venue acted: more than one, or None when
    no equity was left.
    """

    account_id: str
    venue: str
    time_ns: int
    loss_usd: Decimal
    message: str
    use_frac: Decimal | None = None


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What the budget still allows: one order, and the rest of the UTC day. None is no cap."""

    order_usd_max: Decimal | None = None
    orders_usd: Decimal | None = None
    transfers_usd: Decimal | None = None


NO_CAP = Allowance()


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything an agent may look at. Who made it (venue, recording, simulator) it cannot tell.

    The book holds what is in transit in an account of its own (`in_transit`).

    `pending` are legs sent and not yet final; they count as if they will happen. `allowance` lets a
    plan fit the budget that would else refuse it.
    """

    time_ns: int
    book: Book
    snapshot: Snapshot
    rulebooks: Mapping[str, Rulebook]
    pending: tuple[Leg, ...]
    allowance: Allowance = NO_CAP


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent makes of a view: the state of every limit, and a plan where one is needed."""

    time_ns: int
    limits: tuple[LimitState, ...]
    plan: Plan | None
    reasons: tuple[str, ...]


def in_transit(pending: Iterable[Leg], time_ns: int) -> tuple[Account, ...]:
    """Give what has left one account and not reached the other, as an account of its own.

    Nothing can liquidate it, and it still belongs to the desk: without it a transfer would look
    like a loss, and the coins in it like delta to be hedged. None when nothing is on its way.
    """
    amounts: dict[str, Decimal] = {}
    for leg in pending:
        if isinstance(leg, Transfer):
            amounts[leg.asset] = amounts.get(leg.asset, Decimal(0)) + leg.quantity_coin
    if not amounts:
        return ()
    return (
        Account(
            account_id=IN_TRANSIT,
            venue="transit",
            currency="USD",
            rulebook=None,
            positions=(),
            balances=tuple(Balance(asset=a, quantity_coin=q) for a, q in amounts.items()),
            time_observed_ns=time_ns,
        ),
    )
