"""What leaves the simulator: an episode, frame by frame."""

from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.execution import Liquidation, Mode, Receipt
from hedgerow.exposure import ExposureRow
from hedgerow.limits import LimitState
from hedgerow.planning import Leg
from hedgerow.risk import CashFlow, Fill
from hedgerow.simulation.ledger import FlowReason

__all__ = ["AccountFrame", "Action", "Episode", "Frame", "News", "Settlement", "Undone"]


class AccountFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One account at one time; None is unknown.

    `distance_*_frac` are moves of the joint spot (negative is a fall) at which the account becomes
    liquidatable; None where no move within the searched range does, `is_distance_known` False where
    it could not be computed.
    """

    account_id: str
    venue: str
    currency: str
    equity_usd: float | None
    equity_ccy: float | None
    requirement_ccy: float | None
    confidence: str
    distance_down_frac: float | None
    distance_up_frac: float | None
    is_distance_known: bool


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The desk at one time, after the agents acted.

    `exposures` has the row of ``desk`` and of each coin that has a price, by its name, if nothing
    is missing in it; dollar coins are not among them.
    """

    time_ns: int
    prices_usd: dict[str, float]
    equity_usd: float | None
    exposures: dict[str, ExposureRow]
    accounts: tuple[AccountFrame, ...]
    limits: tuple[LimitState, ...]
    missing: tuple[str, ...]
    option_age_ns_max: int | None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One leg that was sent, what became of it, what it cost.

    Status ``proposed``: the mode let nothing be sent. What was proposed at consecutive steps is one
    action, of the time of the first and with the leg of the last.
    """

    time_ns: int
    leg: Leg
    status: str
    message: str
    cost_usd: float
    done_contracts_or_coin: Decimal
    price_average_usd: Decimal | None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """Money that the venue moved by the terms of what is held; positive when received.

    The amount of a delivery is net of its fee; it is zero where an option expires worthless.
    """

    account_id: str
    venue: str
    time_ns: int
    kind: Literal["funding", "delivery"]
    instrument_id: str
    amount_ccy: Decimal
    currency: str
    message: str


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What the world did since it was last asked; each kind in order of time.

    `flows` and `fills` are all that changed a balance or a position, which the others cause.
    """

    receipts: tuple[Receipt, ...] = ()
    liquidations: tuple[Liquidation, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    alerts: tuple[str, ...] = ()
    flows: tuple[CashFlow, ...] = ()
    fills: tuple[Fill, ...] = ()

    def __bool__(self) -> bool:
        told = self.receipts or self.liquidations or self.settlements or self.alerts
        return bool(told or self.flows or self.fills)


class Outflow(msgspec.Struct, frozen=True, kw_only=True):
    """What left all accounts for one reason, net and exact; negative where they gained by it."""

    asset: str
    reason: FlowReason
    quantity_coin: Decimal


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """Something a plan could not do: for whom, why, over how many steps, from when to when."""

    subject: str
    message: str
    first_ns: int
    last_ns: int
    steps_count: int


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One run from start to end. Funding is positive when received, fees when paid.

    Funding is None where a desk trades perpetuals and nothing told their rates.

    `mode` says what hedgerow was allowed to do; None is the desk left alone. `equity_start_usd` is
    the value of the opening accounts before anything happened to them, None when unknown. In the
    modes ``observe`` and ``propose`` the legs of every plan are actions of status ``proposed``.
    `outflows` are the books: of every asset, the balances at the end and these are the balances at
    the start, to the last digit.
    """

    name: str
    with_hedgerow: bool
    frames: tuple[Frame, ...]
    actions: tuple[Action, ...]
    liquidations: tuple[Liquidation, ...]
    alerts: tuple[str, ...]
    assumptions: tuple[str, ...]
    fees_usd: float
    funding_usd: float | None
    events_count: int
    mode: Mode | None = None
    equity_start_usd: float | None = None
    undone: tuple[Undone, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    outflows: tuple[Outflow, ...] = ()
