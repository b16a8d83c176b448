"""A price feed where no rounds were recorded: heartbeat, deviation, delay.

A round starts when the coin has moved by more than `deviation_frac` since the last round or when
the last round is `heartbeat_ns` old, whichever is first, and is answered `delay_ns` later at the
price it started with. That lag is why a liquidation engine and the market disagree.

A staked token's price may be made of two feeds: the coin's in dollars, and recorded rounds of the
token in the coin, which see the discount.
"""

from decimal import Decimal

import msgspec

from hedgerow.market import OracleAnswer, StakingRate
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS, percent, quantise

__all__ = ["Feed", "OracleModel", "PegOracleModel"]

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
            f"moved {percent(self.deviation_frac, 2)} or after {self.heartbeat_ns // MINUTE_NS} "
            f"min, {self.delay_ns // SECOND_NS} s late."
        )


class PegOracleModel(msgspec.Struct, frozen=True, kw_only=True):
    """A staked token's oracle: its coin's answer times the last round of the token in the coin.

    It answers whenever either feed does, and is silent while the last round is older than
    `round_age_ns`. Unlike that of a `StakingModel` it sees the discount.
    """

    asset: str
    round_age_ns: int

    def __post_init__(self) -> None:
        if self.round_age_ns <= 0:
            raise ValueError(f"peg oracle {self.asset}: round_age_ns must be positive")

    def answer(
        self, time_ns: int, coin: OracleAnswer | None, last: StakingRate | None
    ) -> OracleAnswer | None:
        """Answer from both feeds; None while one is missing, or the round is too old."""
        if coin is None or last is None or time_ns - last.time_ns > self.round_age_ns:
            return None
        worth = coin.price_usd * last.rate_coin_per_coin * (1 - last.discount_frac)
        return OracleAnswer(
            time_ns=time_ns,
            asset=self.asset,
            price_usd=quantise(worth, _STEP_ANSWER, "down"),
            heartbeat_ns=coin.heartbeat_ns,
            is_assumed=True,
        )

    def statement(self) -> str:
        """Say in one sentence what is assumed."""
        return (
            f"Oracle {self.asset}: its coin's answer times the last recorded round of "
            f"{self.asset} in that coin, discount included, while that is at most "
            f"{self.round_age_ns / HOUR_NS:g} h old."
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
