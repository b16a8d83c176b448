"""Assumed growth of loans, staked coins and vaults, in the integers of the protocols.

Supply grows linearly and debt by a third-order binomial of the per-second rate, exactly as an Aave
v3 reserve that nobody touched (onchain-margin.md section 5; vectors `linear_interest`,
`compounded_interest`, `normalised_income`). Both grow from the start of the run on: a desk states
what it owes and holds there, so there the indices are one, and one before it, however long the
market was watched before.
"""

from decimal import Decimal

import msgspec

from hedgerow.market import LendingIndex, ShareRate, StakingRate
from hedgerow.market.interest import RAY, compounded_interest_ray, linear_interest_ray
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS, percent, quantise

__all__ = [
    "LendingModel",
    "ShareModel",
    "StakingModel",
]

_YEAR_S = 31_536_000
_STEP_RATE = Decimal("1e-18")


class LendingModel(msgspec.Struct, frozen=True, kw_only=True):
    """Constant rates of one reserve, and how often its indices are published."""

    market: str
    asset: str
    supply_frac_per_year: Decimal = Decimal(0)
    borrow_frac_per_year: Decimal = Decimal(0)
    update_ns: int = 15 * MINUTE_NS

    def __post_init__(self) -> None:
        if self.update_ns <= 0 or min(self.supply_frac_per_year, self.borrow_frac_per_year) < 0:
            raise ValueError(
                f"lending model {self.market} {self.asset}: rates must not be negative and "
                f"update_ns must be positive, were {self.supply_frac_per_year}, "
                f"{self.borrow_frac_per_year}, {self.update_ns}"
            )

    def at(self, time_ns: int, start_ns: int) -> LendingIndex:
        """Give the indices at `time_ns`, both having been one at `start_ns` and before."""
        elapsed_s = max(0, time_ns - start_ns) // SECOND_NS
        return LendingIndex(
            time_ns=time_ns,
            market=self.market,
            asset=self.asset,
            liquidity_index_ray=linear_interest_ray(
                int(self.supply_frac_per_year * RAY), elapsed_s
            ),
            borrow_index_ray=compounded_interest_ray(
                int(self.borrow_frac_per_year * RAY), elapsed_s
            ),
            supply_frac_per_year=self.supply_frac_per_year,
            borrow_frac_per_year=self.borrow_frac_per_year,
        )

    def statement(self) -> str:
        """Say in one sentence what is assumed."""
        return (
            f"{self.market} {self.asset}: no recorded indices; constant rates of "
            f"{percent(self.supply_frac_per_year, 4)} on supply and "
            f"{percent(self.borrow_frac_per_year, 4)} on debt a year, compounded as the protocol "
            "does; both indices are one at the start."
        )


class StakingModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a staked token redeems for, growing linearly, and the discount at which it trades.

    Its oracle multiplies the base coin's feed by the redemption rate, as lending protocols do: it
    does not see the discount. `heartbeat_ns` of None means that no oracle is assumed.
    """

    asset: str
    base: str
    rate_coin_per_coin: Decimal
    growth_frac_per_year: Decimal = Decimal(0)
    discount_frac: Decimal = Decimal(0)
    heartbeat_ns: int | None = None
    update_ns: int = HOUR_NS

    def __post_init__(self) -> None:
        if self.update_ns <= 0:
            raise ValueError(f"staking model {self.asset}: update_ns must be positive")
        if self.heartbeat_ns is not None and self.heartbeat_ns <= 0:
            raise ValueError(f"staking model {self.asset}: heartbeat_ns must be positive")

    def at(self, time_ns: int, start_ns: int) -> StakingRate:
        """Give the rate at `time_ns`: `rate_coin_per_coin` at `start_ns` and before."""
        elapsed_s = max(0, time_ns - start_ns) // SECOND_NS
        grown = self.rate_coin_per_coin * (1 + self.growth_frac_per_year * elapsed_s / _YEAR_S)
        return StakingRate(
            time_ns=time_ns,
            asset=self.asset,
            base=self.base,
            rate_coin_per_coin=quantise(grown, _STEP_RATE, "down"),
            discount_frac=self.discount_frac,
            is_assumed=True,
        )

    def statement(self) -> str:
        """Say in one sentence what is assumed."""
        oracle = ""
        if self.heartbeat_ns is not None:
            oracle = f"; its oracle is the {self.base} feed times that rate, blind to the discount"
        return (
            f"{self.asset}: no recorded rate; {self.rate_coin_per_coin} {self.base} each at the "
            f"start, growing {percent(self.growth_frac_per_year, 2)} a year, traded at a discount "
            f"of {percent(self.discount_frac, 2)}{oracle}."
        )


class ShareModel(msgspec.Struct, frozen=True, kw_only=True):
    """What one share of a vault is worth in the vault's asset, growing linearly."""

    vault: str
    rate_coin_per_share: Decimal
    growth_frac_per_year: Decimal = Decimal(0)
    update_ns: int = HOUR_NS

    def __post_init__(self) -> None:
        if self.update_ns <= 0 or not self.rate_coin_per_share > 0:
            raise ValueError(
                f"share model {self.vault}: update_ns and rate_coin_per_share must be positive, "
                f"were {self.update_ns}, {self.rate_coin_per_share}"
            )

    def at(self, time_ns: int, start_ns: int) -> ShareRate:
        """Give the rate at `time_ns`: `rate_coin_per_share` at `start_ns` and before."""
        elapsed_s = max(0, time_ns - start_ns) // SECOND_NS
        grown = self.rate_coin_per_share * (1 + self.growth_frac_per_year * elapsed_s / _YEAR_S)
        return ShareRate(
            time_ns=time_ns,
            vault=self.vault,
            rate_coin_per_share=quantise(grown, _STEP_RATE, "down"),
            is_assumed=True,
        )

    def statement(self) -> str:
        """Say in one sentence what is assumed."""
        return (
            f"{self.vault}: no recorded share price; {self.rate_coin_per_share} of its asset a "
            f"share at the start, growing {percent(self.growth_frac_per_year, 2)} a year."
        )
