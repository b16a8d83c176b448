"""What a margin call is: where its rungs begin, how much it asks for, and what closed it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from hedgerow.errors import Failure
from hedgerow.limits.arrival import Use
from hedgerow.limits.hysteresis import CLEAR_FRAC
from hedgerow.limits.metrics import TRIGGERS, USE
from hedgerow.limits.seen import Toward
from hedgerow.units import DAY_NS, to_model

__all__ = [
    "LADDER",
    "Call",
    "CallPolicy",
    "CallRoute",
    "CallRung",
    "OnLadder",
    "Receipt",
    "Triggers",
    "Way",
]

CallRung: TypeAlias = Literal["calm", "watch", "call", "inject", "reduce", "liquidated", "unknown"]
LADDER: Final[tuple[CallRung, ...]] = ("calm", "watch", "call", "inject", "reduce")


class Triggers(msgspec.Struct, frozen=True, kw_only=True):
    """Where each rung of the ladder begins: bounds of a ceiling rise, those of a floor fall."""

    watch_frac: float
    call_frac: float
    inject_frac: float
    reduce_frac: float

    @property
    def bounds_frac(self) -> tuple[float, ...]:
        """All four, in the order of the ladder."""
        return self.watch_frac, self.call_frac, self.inject_frac, self.reduce_frac


class CallPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When an account is called for and who is called.

    Attributes
    ----------
    target_use_frac
        Where a call brings the account's use; at most 95 % of where `call` begins, or paying it in
        full would not close it.
    triggers
        By metric, a key of `TRIGGERS`, where each rung begins. `margin_use_frac` is among them.
    horizon_ns
        Within which time a probability is meant.
    patience_frac
        The probability of a liquidation that is borne before a rescue must have arrived: it sets
        the deadline.
    dwell_ns
        How long a rung is held at least before it falls.
    owner
        Who is called.
    """

    account_id: str
    target_use_frac: Decimal
    triggers: Mapping[str, Triggers]
    horizon_ns: int = DAY_NS
    patience_frac: float = 0.01
    dwell_ns: int = 0
    owner: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.triggers if name not in TRIGGERS]
        if unknown or USE not in self.triggers:
            raise ValueError(
                f"calls of {self.account_id}: triggers must have {USE} and may have: "
                f"{', '.join(name for name in TRIGGERS if name != USE)}; were "
                f"{', '.join(self.triggers)}"
            )
        for name, each in self.triggers.items():
            is_floor = TRIGGERS[name].side == "floor"
            bounds = each.bounds_frac[:: -1 if is_floor else 1]
            if not (bounds[0] > 0.0 and bounds[-1] <= 1.0 and list(bounds) == sorted(set(bounds))):
                raise ValueError(
                    f"calls of {self.account_id}: {TRIGGERS[name].trigger} must "
                    f"{'fall' if is_floor else 'rise'} from watch to reduce, within 0 and 1, "
                    f"was {each.bounds_frac}"
                )
            frac_max = TRIGGERS[name].bound_frac_max
            if is_floor and frac_max is not None and bounds[-1] * (1.0 + CLEAR_FRAC) >= frac_max:
                # An account that breaks nowhere is judged as if it broke where the search ends.
                raise ValueError(
                    f"calls of {self.account_id}: {TRIGGERS[name].trigger} must lie below "
                    f"{frac_max / (1.0 + CLEAR_FRAC):.4g}, or no account would ever clear it, "
                    f"was {each.bounds_frac}"
                )
        closes_frac = self.closes_use_frac
        if not (self.target_use_frac.is_finite() and self.target_use_frac > 0):
            raise ValueError(f"calls of {self.account_id}: target_use_frac must be positive")
        if to_model(self.target_use_frac) >= closes_frac:
            raise ValueError(
                f"calls of {self.account_id}: target_use_frac must lie below {closes_frac:.4g}, "
                f"5 % inside call, or paying a call would not close it, was {self.target_use_frac}"
            )
        if not 0.0 < self.patience_frac < 1.0:
            raise ValueError(
                f"calls of {self.account_id}: patience_frac must lie between 0 and 1, "
                f"was {self.patience_frac}"
            )

    @property
    def closes_use_frac(self) -> float:
        """Below which use a call closes."""
        return self.triggers[USE].call_frac * (1.0 - CLEAR_FRAC)


class CallRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A way by which coins may come, and how long that takes in 99 of 100 cases.

    `spare_coin` is the most that its source can send; None where that is unknown.
    """

    name: str
    asset: str
    use: Use
    step_coin: Decimal
    latency_p99_s: float
    spare_coin: Decimal | None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to answer a call: so much along a route, sent before its deadline.

    Without a quantity, or a deadline, `missing` says why; it also says that the source cannot send
    so much, or that nobody knows whether it can. A deadline that lies before the look was
    missed: what is sent now arrives later than it should.
    """

    route: str
    asset: str
    use: Use
    quantity_coin: Decimal | None
    latency_p99_s: float
    deadline_ns: int | None
    missing: tuple[Failure, ...] = ()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What an account needs, by the last look; `call_id` and `opened_ns` are of the first.

    Attributes
    ----------
    size_ccy, currency
        The least that brings the account back. In a lending market it is a repayment, in the asset
        most of which is owed. None where `missing` says why.
    deadline_ns
        Until when the last way that can send enough can still be taken. None where there is none,
        or it is unknown how long the account may wait: then it may not.
    owner
        Who is called.
    proof
        What has to be seen for the call to close.
    balance_coin
        What the account held of the currency when its size was found, by the last look.
    """

    call_id: str
    account_id: str
    opened_ns: int
    size_ccy: Decimal | None
    currency: str
    deadline_ns: int | None
    ways: tuple[Way, ...]
    owner: str
    proof: str
    balance_coin: Decimal
    missing: tuple[Failure, ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The observation that closed a call.

    `seen_in` says where: a balance that holds the size of the call more, or the requirement alone,
    as when prices came back.
    """

    call_id: str
    account_id: str
    time_ns: int
    time_observed_ns: int
    seen_in: Literal["balance", "requirement"]
    balance_coin: Decimal
    equity_ccy: Decimal
    requirement_ccy: Decimal


class OnLadder(msgspec.Struct, frozen=True, kw_only=True):
    """Where one account stands, why, and its open call or what closed it.

    `level_index` counts in `LADDER` and is what is remembered while the rung is a fact or unknown.
    `measured_frac` has all of `TRIGGERS`, asked or not; None where unknown, or without equity.
    A distance is a size there, and `toward` says which way prices go.
    """

    account_id: str
    node: str
    rung: CallRung
    level_index: int
    since_ns: int
    reasons: tuple[str, ...]
    measured_frac: dict[str, float | None]
    toward: Toward = ""
    call: Call | None = None
    receipt: Receipt | None = None
