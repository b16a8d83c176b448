"""Instruments as a person lists them in a desk file, and the records they become.

Here stands what has no name that says its terms. The kinds are the tags of `hedgerow.instruments`.
Each part's `record` is what it becomes; ValueError where the terms cannot be: a range that
does not rise, a quanto paid in its own underlying.
"""

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field

from hedgerow.app.desk_fields import Count, DurationPositive, ExactPositive, Moment, Name, Part
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    PowerPerpetual,
    QuantoFuture,
    QuantoPerpetual,
    VaultShare,
)

__all__ = ["ENTRY_KINDS", "INSTRUMENT_KINDS", "InstrumentPart"]

# Marked against an entry price, which a position in them must give.
ENTRY_KINDS = frozenset({"linear_perpetual", "quanto_perpetual", "quanto_future"})


class LinearPerpetualPart(Part):
    """Terms of a linear perpetual."""

    kind: Literal["linear_perpetual"]
    id: Name
    underlying: Name
    settlement: Name
    multiplier_coin_per_contract: ExactPositive
    tick_usd: ExactPositive
    lot_contracts: ExactPositive
    funding_interval: DurationPositive

    def record(self) -> LinearPerpetual:
        """Give the record of it."""
        return LinearPerpetual(
            instrument_id=self.id,
            underlying=self.underlying,
            settlement=self.settlement,
            multiplier_coin_per_contract=self.multiplier_coin_per_contract,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
            funding_interval_ns=self.funding_interval,
        )


class QuantoPerpetualPart(Part):
    """Terms of a perpetual on one coin that pays in another at a fixed rate."""

    kind: Literal["quanto_perpetual"]
    id: Name
    underlying: Name
    settlement: Name
    multiplier_coin_per_usd: ExactPositive
    tick_usd: ExactPositive
    lot_contracts: ExactPositive
    funding_interval: DurationPositive

    def record(self) -> QuantoPerpetual:
        """Give the record of it."""
        return QuantoPerpetual(
            instrument_id=self.id,
            underlying=self.underlying,
            settlement=self.settlement,
            multiplier_coin_per_usd=self.multiplier_coin_per_usd,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
            funding_interval_ns=self.funding_interval,
        )


class QuantoFuturePart(Part):
    """Terms of a dated future on one coin that pays in another at a fixed rate."""

    kind: Literal["quanto_future"]
    id: Name
    underlying: Name
    settlement: Name
    expiry: Moment
    multiplier_coin_per_usd: ExactPositive
    tick_usd: ExactPositive
    lot_contracts: ExactPositive

    def record(self) -> QuantoFuture:
        """Give the record of it."""
        return QuantoFuture(
            instrument_id=self.id,
            underlying=self.underlying,
            settlement=self.settlement,
            expiry_ns=self.expiry,
            multiplier_coin_per_usd=self.multiplier_coin_per_usd,
            tick_usd=self.tick_usd,
            lot_contracts=self.lot_contracts,
        )


class PowerPerpetualPart(Part):
    """Terms of a token of a power of a price; of Squeeth: 2, 10,000 and 17.5 days."""

    kind: Literal["power_perpetual"]
    id: Name
    underlying: Name
    settlement: Name
    exponent: Annotated[Count, Field(ge=2, le=4)]
    scale_usd: ExactPositive
    funding_period: DurationPositive

    def record(self) -> PowerPerpetual:
        """Give the record of it."""
        return PowerPerpetual(
            instrument_id=self.id,
            underlying=self.underlying,
            settlement=self.settlement,
            exponent_power=self.exponent,
            scale_usd=self.scale_usd,
            funding_period_ns=self.funding_period,
        )


class LoanPart(Part):
    """A reserve of a lending market, supplied or borrowed."""

    kind: Literal["loan_supply", "loan_debt"]
    id: Name
    market: Name
    asset: Name
    asset_decimals: Annotated[Count, Field(gt=0, le=36)]

    def record(self) -> LoanSupply | LoanDebt:
        """Give the record of it."""
        kind = LoanSupply if self.kind == "loan_supply" else LoanDebt
        return kind(
            instrument_id=self.id,
            market=self.market,
            asset=self.asset,
            asset_decimals=self.asset_decimals,
        )


class ConstantProductPart(Part):
    """A share of a pool that quotes at every price."""

    kind: Literal["constant_product"]
    id: Name
    underlying: Name
    settlement: Name

    def record(self) -> ConstantProductShare:
        """Give the record of it."""
        return ConstantProductShare(
            instrument_id=self.id, underlying=self.underlying, settlement=self.settlement
        )


class ConcentratedPart(Part):
    """A share of a pool between two prices."""

    kind: Literal["concentrated"]
    id: Name
    underlying: Name
    settlement: Name
    price_lower_usd: ExactPositive
    price_upper_usd: ExactPositive

    def record(self) -> ConcentratedShare:
        """Give the record of it."""
        return ConcentratedShare(
            instrument_id=self.id,
            underlying=self.underlying,
            settlement=self.settlement,
            price_lower_usd=self.price_lower_usd,
            price_upper_usd=self.price_upper_usd,
        )


class VaultSharePart(Part):
    """A share of a vault, whose worth is heard or assumed under the vault's name."""

    kind: Literal["vault_share"]
    id: Name
    vault: Name
    asset: Name

    def record(self) -> VaultShare:
        """Give the record of it."""
        return VaultShare(instrument_id=self.id, vault=self.vault, asset=self.asset)


_Part: TypeAlias = (
    LinearPerpetualPart
    | QuantoPerpetualPart
    | QuantoFuturePart
    | PowerPerpetualPart
    | LoanPart
    | ConstantProductPart
    | ConcentratedPart
    | VaultSharePart
)
InstrumentPart: TypeAlias = Annotated[_Part, Field(discriminator="kind")]

INSTRUMENT_KINDS = frozenset(
    kind for part in get_args(_Part) for kind in get_args(part.model_fields["kind"].annotation)
)
