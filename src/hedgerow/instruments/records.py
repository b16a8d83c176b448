"""The terms of instruments, as frozen records.

Three words recur. *Underlying*: the coin whose price moves the value (``BTC``). *Settlement*: the
asset in which the value is paid and counted (``BTC`` for a coin-settled option, ``USDC`` for a
linear perpetual). *Contract*: one unit of `Position.quantity_contracts`.
"""

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "ConcentratedShare",
    "ConstantProductShare",
    "EntryContract",
    "Instrument",
    "InverseFuture",
    "InversePerpetual",
    "LinearFuture",
    "LinearPerpetual",
    "LoanDebt",
    "LoanSupply",
    "Option",
    "PowerPerpetual",
    "QuantoFuture",
    "QuantoPerpetual",
    "Spot",
    "StakedCoin",
    "VaultShare",
]

# The first block of the first chain; an expiry before it is a unit mistake (seconds for
# nanoseconds).
_FIRST_EXPIRY_NS = 1_230_940_800_000_000_000


def _positive(subject: str, **fields: Decimal | int) -> None:
    for name, amount in fields.items():
        # Finite first: a NaN cannot be compared.
        if (isinstance(amount, Decimal) and not amount.is_finite()) or amount <= 0:
            raise ValueError(f"{subject}: {name} must be positive and finite, was {amount}")


def _dated(subject: str, expiry_ns: int) -> None:
    if expiry_ns < _FIRST_EXPIRY_NS:
        raise ValueError(f"{subject}: expiry_ns must be UTC nanoseconds, was {expiry_ns}")


def _apart(subject: str, underlying: str, settlement: str) -> None:
    if underlying == settlement:
        raise ValueError(
            f"{subject}: settlement must be another coin than the underlying, was {settlement}"
        )


class Spot(msgspec.Struct, frozen=True, kw_only=True, tag="spot"):
    """The coin itself, one contract being one coin. Balances of accounts become these."""

    instrument_id: str
    asset: str


class LinearPerpetual(msgspec.Struct, frozen=True, kw_only=True, tag="linear_perpetual"):
    """Perpetual paid in a quote-like asset: profit = contracts · multiplier · (mark - entry)."""

    instrument_id: str
    underlying: str
    settlement: str
    multiplier_coin_per_contract: Decimal
    tick_usd: Decimal
    lot_contracts: Decimal
    funding_interval_ns: int

    def __post_init__(self) -> None:
        _positive(
            self.instrument_id,
            multiplier_coin_per_contract=self.multiplier_coin_per_contract,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
            funding_interval_ns=self.funding_interval_ns,
        )


class InversePerpetual(msgspec.Struct, frozen=True, kw_only=True, tag="inverse_perpetual"):
    """Perpetual paid in the coin: profit = contracts · multiplier · (1/entry - 1/mark) coins."""

    instrument_id: str
    underlying: str
    multiplier_usd_per_contract: Decimal
    tick_usd: Decimal
    lot_contracts: Decimal
    funding_interval_ns: int

    def __post_init__(self) -> None:
        _positive(
            self.instrument_id,
            multiplier_usd_per_contract=self.multiplier_usd_per_contract,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
            funding_interval_ns=self.funding_interval_ns,
        )


class LinearFuture(msgspec.Struct, frozen=True, kw_only=True, tag="linear_future"):
    """Dated future paid in a quote-like asset."""

    instrument_id: str
    underlying: str
    settlement: str
    expiry_ns: int
    multiplier_coin_per_contract: Decimal
    tick_usd: Decimal
    lot_contracts: Decimal

    def __post_init__(self) -> None:
        _dated(self.instrument_id, self.expiry_ns)
        _positive(
            self.instrument_id,
            multiplier_coin_per_contract=self.multiplier_coin_per_contract,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
        )


class InverseFuture(msgspec.Struct, frozen=True, kw_only=True, tag="inverse_future"):
    """Dated future paid in the coin."""

    instrument_id: str
    underlying: str
    expiry_ns: int
    multiplier_usd_per_contract: Decimal
    tick_usd: Decimal
    lot_contracts: Decimal

    def __post_init__(self) -> None:
        _dated(self.instrument_id, self.expiry_ns)
        _positive(
            self.instrument_id,
            multiplier_usd_per_contract=self.multiplier_usd_per_contract,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
        )


class QuantoPerpetual(msgspec.Struct, frozen=True, kw_only=True, tag="quanto_perpetual"):
    """Perpetual on one coin paid in another at a fixed rate, whatever that coin is worth.

    Profit = contracts · multiplier · (mark - entry) coins of the settlement.
    """

    instrument_id: str
    underlying: str
    settlement: str
    multiplier_coin_per_usd: Decimal
    tick_usd: Decimal
    lot_contracts: Decimal
    funding_interval_ns: int

    def __post_init__(self) -> None:
        _apart(self.instrument_id, self.underlying, self.settlement)
        _positive(
            self.instrument_id,
            multiplier_coin_per_usd=self.multiplier_coin_per_usd,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
            funding_interval_ns=self.funding_interval_ns,
        )


class QuantoFuture(msgspec.Struct, frozen=True, kw_only=True, tag="quanto_future"):
    """Dated future on one coin paid in another at a fixed rate."""

    instrument_id: str
    underlying: str
    settlement: str
    expiry_ns: int
    multiplier_coin_per_usd: Decimal
    tick_usd: Decimal
    lot_contracts: Decimal

    def __post_init__(self) -> None:
        _dated(self.instrument_id, self.expiry_ns)
        _apart(self.instrument_id, self.underlying, self.settlement)
        _positive(
            self.instrument_id,
            multiplier_coin_per_usd=self.multiplier_coin_per_usd,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
        )


class PowerPerpetual(msgspec.Struct, frozen=True, kw_only=True, tag="power_perpetual"):
    """Token of a power of a price: index = norm factor · price^exponent / scale dollars.

    Who holds it pays through the norm factor, which falls with the funding period; so it has no
    entry price. `settlement` is the asset its market quotes it in. One contract is one token.
    """

    instrument_id: str
    underlying: str
    settlement: str
    exponent_power: int
    scale_usd: Decimal
    funding_period_ns: int

    def __post_init__(self) -> None:
        if not 2 <= self.exponent_power <= 4:
            raise ValueError(
                f"{self.instrument_id}: exponent_power must be 2, 3 or 4, was {self.exponent_power}"
            )
        _positive(
            self.instrument_id,
            scale_usd=self.scale_usd,
            funding_period_ns=self.funding_period_ns,
        )


class Option(msgspec.Struct, frozen=True, kw_only=True, tag="option"):
    """European option, settled against an average of the index.

    `settlement` equal to `underlying` makes it coin-settled: prices and payoffs are in coin, the
    payoff is ``max(±(A - K), 0) / A`` with A the averaged index. Any other settlement makes it
    linear. The average runs over the last `averaging_ns` before expiry (Deribit: 30 minutes).
    """

    instrument_id: str
    underlying: str
    settlement: str
    expiry_ns: int
    strike_usd: Decimal
    right: Literal["call", "put"]
    multiplier_coin_per_contract: Decimal
    averaging_ns: int
    tick_ccy: Decimal
    lot_contracts: Decimal

    def __post_init__(self) -> None:
        _dated(self.instrument_id, self.expiry_ns)
        _positive(
            self.instrument_id,
            strike_usd=self.strike_usd,
            multiplier_coin_per_contract=self.multiplier_coin_per_contract,
            tick_ccy=self.tick_ccy,
            lot_contracts=self.lot_contracts,
        )
        if self.averaging_ns < 0:
            raise ValueError(
                f"{self.instrument_id}: averaging_ns must not be negative, was {self.averaging_ns}"
            )

    @property
    def is_coin_settled(self) -> bool:
        """Whether premium and payoff are counted in the underlying coin."""
        return self.settlement == self.underlying


class LoanSupply(msgspec.Struct, frozen=True, kw_only=True, tag="loan_supply"):
    """Collateral supplied to a lending market; one contract is one *scaled* unit of the asset.

    The present balance is contracts · liquidity index, so interest needs no new position.
    """

    instrument_id: str
    market: str
    asset: str
    asset_decimals: int

    def __post_init__(self) -> None:
        _positive(self.instrument_id, asset_decimals=self.asset_decimals)


class LoanDebt(msgspec.Struct, frozen=True, kw_only=True, tag="loan_debt"):
    """Debt owed to a lending market; hold it short: contracts are negative scaled units."""

    instrument_id: str
    market: str
    asset: str
    asset_decimals: int

    def __post_init__(self) -> None:
        _positive(self.instrument_id, asset_decimals=self.asset_decimals)


class ConstantProductShare(msgspec.Struct, frozen=True, kw_only=True, tag="constant_product"):
    """Share of an x·y = L² pool of coin and quote; one contract is one unit of L."""

    instrument_id: str
    underlying: str
    settlement: str


class ConcentratedShare(msgspec.Struct, frozen=True, kw_only=True, tag="concentrated"):
    """Share of a concentrated pool between two prices; one contract is one unit of L."""

    instrument_id: str
    underlying: str
    settlement: str
    price_lower_usd: Decimal
    price_upper_usd: Decimal

    def __post_init__(self) -> None:
        _positive(
            self.instrument_id,
            price_lower_usd=self.price_lower_usd,
            price_upper_usd=self.price_upper_usd,
        )
        if self.price_lower_usd >= self.price_upper_usd:
            raise ValueError(
                f"{self.instrument_id}: price_lower_usd {self.price_lower_usd} must lie below "
                f"price_upper_usd {self.price_upper_usd}"
            )


class StakedCoin(msgspec.Struct, frozen=True, kw_only=True, tag="staked_coin"):
    """Liquid staked token, worth base · rate · (1 - discount); one contract is one token."""

    instrument_id: str
    asset: str
    base: str


class VaultShare(msgspec.Struct, frozen=True, kw_only=True, tag="vault_share"):
    """Share of a vault, worth `rate` units of the vault's asset; one contract is one share."""

    instrument_id: str
    vault: str
    asset: str


# What is marked against an entry price and worth nothing before it moves away from it.
EntryContract: TypeAlias = (
    LinearPerpetual
    | InversePerpetual
    | LinearFuture
    | InverseFuture
    | QuantoPerpetual
    | QuantoFuture
)

Instrument: TypeAlias = (
    Spot
    | EntryContract
    | PowerPerpetual
    | Option
    | LoanSupply
    | LoanDebt
    | ConstantProductShare
    | ConcentratedShare
    | StakedCoin
    | VaultShare
)
