"""A price feed where no rounds were recorded: heartbeat, deviation, delay.

A round starts when the coin has moved by more than `deviation_frac` since the last round or when
the last round is `heartbeat_ns` old, whichever is first, and is answered `delay_ns` later at the
price it started with. That lag is why a liquidation engine and the market disagree.
"""

from decimal import Decimal

import msgspec

from hedgerow.market import OracleAnswer
from hedgerow.units import MINUTE_NS, SECOND_NS, quantise

__all__ = ["Feed", "OracleModel"]

# Feeds of dollar prices answer with eight decimals.
_STEP_ANSWER = Decimal("1e-8")


class OracleModel(msgspec.Struct, frozen=True, kw_only=True):
    """When the feed of one coin answers."""

    asset: str
    heartbeat_ns: int
    deviation_frac: Decimal
    delay_ns: int

    def __post_init__(self) -> None:
        if self.heartbeat_ns <= 0 or self.deviation_frac <= 0 or self.delay_ns < 0:
            raise ValueError(
                f"oracle model {self.asset}: heartbeat and deviation must be positive and the "
                f"delay not negative, were {self.heartbeat_ns}, {self.deviation_frac}, "
                f"{self.delay_ns}"
            )

    def statement(self) -> str:
        """Say in one sentence what is assumed."""
        return (
            f"Oracle {self.asset}: no recorded rounds; answers are assumed when the price has "
            f"moved {self.deviation_frac:.2%} or after {self.heartbeat_ns // MINUTE_NS} min, "
            f"{self.delay_ns // SECOND_NS} s late."
        )


class Feed:
    """One assumed feed, shown every price in order of time."""

    def __init__(self, model: OracleModel) -> None:
        self._model = model
        self._round: tuple[int, Decimal] | None = None

    @property
    def asset(self) -> str:
        """The coin it answers for."""
        return self._model.asset

    def see(self, time_ns: int, price_usd: Decimal) -> OracleAnswer | None:
        """Start a round if one is due; its answer carries the time at which it will be known."""
        if self._round is not None:
            started_ns, started_usd = self._round
            has_moved = abs(price_usd - started_usd) > self._model.deviation_frac * started_usd
            if not has_moved and time_ns - started_ns < self._model.heartbeat_ns:
                return None
        self._round = (time_ns, price_usd)
        return OracleAnswer(
            time_ns=time_ns + self._model.delay_ns,
            asset=self._model.asset,
            price_usd=quantise(price_usd, _STEP_ANSWER, "half_up"),
            heartbeat_ns=self._model.heartbeat_ns,
            is_assumed=True,
        )
