"""What enters and leaves the collateral room: buffers, routes, and a transfer plan."""

from decimal import Decimal
from typing import Literal

import msgspec

from hedgerow.errors import Failure

__all__ = ["BufferPolicy", "Move", "Route", "TransferPlan"]


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
    """One transfer along a route, and the use it is expected to bring the target to."""

    route: Route
    quantity_coin: Decimal
    use_before_frac: Decimal | None
    use_after_frac: Decimal | None
    cost_expected_usd: float


class TransferPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Moves that refill buffers, and what could not be filled."""

    moves: tuple[Move, ...]
    unmet: tuple[Failure, ...]
