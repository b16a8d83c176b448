"""What enters and leaves the collateral room: buffers, routes, plans, allocations, what is freed.

An allocation answers a `Problem`, whose own records are in `collateral.problem`.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.collateral.problem import Link
from hedgerow.errors import Failure
from hedgerow.solving import Shadow
from hedgerow.solving.records import Method

__all__ = [
    "Allocation",
    "BufferPolicy",
    "Cover",
    "Freed",
    "LeastPlan",
    "Move",
    "Route",
    "Sent",
    "TransferPlan",
]


class BufferPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When an account is topped up and to where: both as requirement over equity (use).

    Use 1 is liquidation; act above `trigger_use_frac`, fill up to `target_use_frac`. It is also
    acted when a planned hedge lacks initial margin or a hard distance limit is broken. A source is
    never drawn beyond its initial requirement, nor beyond its own `target_use_frac` if it has a
    buffer.
    """

    account_id: str
    trigger_use_frac: Decimal
    target_use_frac: Decimal

    def __post_init__(self) -> None:
        target, trigger = self.target_use_frac, self.trigger_use_frac
        # Finite first: a NaN cannot be compared.
        if not (target.is_finite() and trigger.is_finite() and 0 < target <= trigger):
            raise ValueError(
                f"buffer of {self.account_id}: 0 < target_use_frac <= trigger_use_frac, were "
                f"{target} and {trigger}"
            )


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One allowed way for one asset: nothing moves along any other."""

    source_account_id: str
    target_account_id: str
    asset: str
    use: Literal["balance", "supply", "repay"]
    latency_ns: int
    fee_coin: Decimal
    step_coin: Decimal

    def __post_init__(self) -> None:
        fee, step = self.fee_coin, self.step_coin
        if not (fee.is_finite() and fee >= 0 and step.is_finite() and step > 0):
            raise ValueError(
                f"route {self.source_account_id} to {self.target_account_id}: fee_coin must not be "
                f"negative and step_coin must be positive, were {fee} and {step}"
            )


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer along a route, and the use it is expected to bring the target to.

    `waits_for_index` is told at `Sent`.
    """

    route: Route
    quantity_coin: Decimal
    use_before_frac: Decimal | None
    use_after_frac: Decimal | None
    cost_expected_usd: float
    waits_for_index: tuple[int, ...] = ()


class TransferPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Moves that refill buffers, and what could not be filled."""

    moves: tuple[Move, ...]
    unmet: tuple[Failure, ...]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer of an allocation, in the order in which they leave.

    `waits_for_index` are the places in that order of transfers that must have arrived before this
    one leaves. What it costs is its fee and what its coins no longer earn.
    """

    link: Link
    quantity_coin: float
    fee_usd: float
    carry_usd: float
    waits_for_index: tuple[int, ...]
    leaves_ns: int
    arrives_ns: int


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """One need before and after, in its venue's currency.

    `shadow_usd_per_ccy` is what one unit more of requirement here would cost, with the same ways
    used: where to post next, and whether to close instead. None where no more can be had. What is
    on its way counts before and after alike, less its haircut.
    """

    venue: str
    need: str
    currency: str
    needed_ccy: float
    before_ccy: float
    after_ccy: float
    shadow_usd_per_ccy: float | None

    @property
    def short_ccy(self) -> float:
        """What stays uncovered."""
        return max(0.0, self.needed_ccy - self.after_ccy)


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Transfers in order, what they cost, and what they cover.

    Attributes
    ----------
    cost_usd
        Fees and what is no longer earned over the horizon; negative where moving earns more.
    objective_usd, bound_usd
        The cost with preferences, and with what stays uncovered priced where something does; and
        what nothing undercuts.
    limits
        What else binds, by the cost that one unit less of it would save: assets, caps, reserve.
    pledged_before_usd, pledged_after_usd
        What lies at venues, at today's prices; the difference is capital freed.
    conflicts
        Needs that cannot all be covered; the plan then leaves least uncovered.
    """

    moves: tuple[Sent, ...]
    cost_usd: float
    fees_usd: float
    carry_usd: float
    objective_usd: float
    bound_usd: float
    cover: tuple[Cover, ...]
    limits: tuple[Shadow, ...]
    pledged_before_usd: float
    pledged_after_usd: float
    conflicts: tuple[str, ...]
    method: Method
    remark: str = ""

    @property
    def freed_usd(self) -> float:
        """Capital that no longer lies at venues; negative where more does."""
        return self.pledged_before_usd - self.pledged_after_usd

    @property
    def gap_usd(self) -> float:
        """How much cheaper something else could be at most."""
        return self.objective_usd - self.bound_usd


class LeastPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Transfers, and the allocation that they are; None where nothing is to be moved or known."""

    transfers: TransferPlan
    allocation: Allocation | None


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """One way to have more free, or less where negative.

    `how` is ``mode`` where `account_id` would be kept by the rulebook `target`, and ``move`` where
    its position in `instrument_id` would lie in the account `target`. `fees_usd` is what closing
    and opening it would cost in takers' fees at the mark, nothing for a mode; None where one is
    unknown, and `fees_missing` says why.
    """

    how: Literal["mode", "move"]
    account_id: str
    target: str
    instrument_id: str | None
    initial_before_usd: Decimal
    initial_after_usd: Decimal
    freed_usd: Decimal
    fees_usd: Decimal | None
    fees_missing: Failure | None = None
