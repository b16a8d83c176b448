"""A plan is a value: the same plan is simulated, shown, approved and executed."""

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from hedgerow.errors import Failure
from hedgerow.limits import LimitState

__all__ = ["Leg", "Order", "Plan", "Transfer"]


class Order(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """An immediate-or-cancel limit order. Buying is positive `quantity_contracts`."""

    client_id: str
    account_id: str
    venue: str
    instrument_id: str
    quantity_contracts: Decimal
    price_limit_usd: Decimal
    cost_expected_usd: float
    reason: str


class Transfer(msgspec.Struct, frozen=True, kw_only=True, tag="transfer"):
    """An amount of one asset from one account of the desk to another.

    `use` says what the destination does with it: exchanges add it to the balance, a lending account
    either supplies it as collateral or repays debt with it.
    """

    client_id: str
    source_account_id: str
    target_account_id: str
    asset: str
    quantity_coin: Decimal
    use: Literal["balance", "supply", "repay"]
    cost_expected_usd: float
    reason: str


Leg: TypeAlias = Order | Transfer


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered legs, what they cost, what each limit was and is expected to be.

    `unmet` names what the plan could not do and why; a plan may be empty of legs and still say
    that.
    """

    plan_id: str
    time_ns: int
    expires_ns: int
    legs: tuple[Leg, ...]
    cost_expected_usd: float
    limits_before: tuple[LimitState, ...]
    limits_after: tuple[LimitState, ...]
    assumptions: tuple[str, ...]
    unmet: tuple[Failure, ...]

    def __post_init__(self) -> None:
        ids = [leg.client_id for leg in self.legs]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(
                f"plan {self.plan_id}: several legs have client id {', '.join(twice)}; a venue "
                "takes a repeated id for the same leg, so each leg needs its own"
            )
        if self.expires_ns < self.time_ns:
            raise ValueError(
                f"plan {self.plan_id}: expires {self.time_ns - self.expires_ns} ns before it is "
                "made; expires_ns must not lie before time_ns"
            )
