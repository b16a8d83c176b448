"""What leaves the simulator: an episode, frame by frame."""

from decimal import Decimal

import msgspec

from hedgerow.execution import Liquidation, Mode
from hedgerow.limits import LimitState
from hedgerow.planning import Leg

__all__ = ["AccountFrame", "Action", "Episode", "Frame", "Undone"]


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
    """The desk at one time, after the agents acted."""

    time_ns: int
    prices_usd: dict[str, float]
    equity_usd: float | None
    delta_usd: dict[str, float]
    gamma_usd_per_pct: dict[str, float]
    vega_usd_per_volpt: dict[str, float]
    theta_usd_per_day: float | None
    accounts: tuple[AccountFrame, ...]
    limits: tuple[LimitState, ...]
    missing: tuple[str, ...]
    option_age_ns_max: int | None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One leg that was sent, what became of it, what it cost."""

    time_ns: int
    leg: Leg
    status: str
    message: str
    cost_usd: float
    done_contracts_or_coin: Decimal
    price_average_usd: Decimal | None


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """Something a plan could not do: for whom, why, over how many steps, from when to when."""

    subject: str
    message: str
    first_ns: int
    last_ns: int
    steps_count: int


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One run from start to end. Funding is positive when received, fees when paid.

    `mode` says what hedgerow was allowed to do; None is the desk left alone. `equity_start_usd` is the
    value of the opening accounts before anything happened to them, None when unknown. In the modes
    ``observe`` and ``propose`` the legs of every plan are actions of status ``proposed``.
    """

    name: str
    with_hedgerow: bool
    frames: tuple[Frame, ...]
    actions: tuple[Action, ...]
    liquidations: tuple[Liquidation, ...]
    alerts: tuple[str, ...]
    assumptions: tuple[str, ...]
    fees_usd: float
    funding_usd: float
    events_count: int
    mode: Mode | None = None
    equity_start_usd: float | None = None
    undone: tuple[Undone, ...] = ()
