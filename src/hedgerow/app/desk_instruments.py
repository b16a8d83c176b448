"""Instruments as a person lists them in a desk file, and the records they become.

Here stands what has no name that says its terms. The kinds are the tags of `hedgerow.instruments`.
"""

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field

from hedgerow.app.desk_fields import Count, DurationPositive, ExactPositive, Moment, Name, Part
from hedgerow.instruments import (
    ConcentratedShare,
    ConstantProductShare,
    Instrument,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    PowerPerpetual,
    QuantoFuture,
    QuantoPerpetual,
    VaultShare,
)

__all__ = ["ENTRY_KINDS", "INSTRUMENT_KINDS", "InstrumentPart", "instrument_of"]

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


class PowerPerpetualPart(Part):
    """Terms of a token of a power of a price; of Squeeth: 2, 10,000 and 17.5 days."""

    kind: Literal["power_perpetual"]
    id: Name
    underlying: Name
    settlement: Name
    exponent: Annotated[Count, Field(ge=2, le=4)]
    scale_usd: ExactPositive
    funding_period: DurationPositive


class LoanPart(Part):
    """A reserve of a lending market, supplied or borrowed."""

    kind: Literal["loan_supply", "loan_debt"]
    id: Name
    market: Name
    asset: Name
    asset_decimals: Annotated[Count, Field(gt=0, le=36)]


class ConstantProductPart(Part):
    """A share of a pool that quotes at every price."""

    kind: Literal["constant_product"]
    id: Name
    underlying: Name
    settlement: Name


class ConcentratedPart(Part):
    """A share of a pool between two prices."""

    kind: Literal["concentrated"]
    id: Name
    underlying: Name
    settlement: Name
    price_lower_usd: ExactPositive
    price_upper_usd: ExactPositive


class VaultSharePart(Part):
    """A share of a vault, whose worth is heard or assumed under the vault's name."""

    kind: Literal["vault_share"]
    id: Name
    vault: Name
    asset: Name


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


def instrument_of(part: _Part) -> Instrument:
    """Make the record of what was listed.

    Raises
    ------
    ValueError
        If the terms cannot be: a range that does not rise, a quanto paid in its own underlying.
    """
    match part:
        case LinearPerpetualPart():
            return LinearPerpetual(
                instrument_id=part.id,
                underlying=part.underlying,
                settlement=part.settlement,
                multiplier_coin_per_contract=part.multiplier_coin_per_contract,
                tick_usd=part.tick_usd,
                lot_contracts=part.lot_contracts,
                funding_interval_ns=part.funding_interval,
            )
        case QuantoPerpetualPart():
            return QuantoPerpetual(
                instrument_id=part.id,
                underlying=part.underlying,
                settlement=part.settlement,
                multiplier_coin_per_usd=part.multiplier_coin_per_usd,
                tick_usd=part.tick_usd,
                lot_contracts=part.lot_contracts,
                funding_interval_ns=part.funding_interval,
            )
        case QuantoFuturePart():
            return QuantoFuture(
                instrument_id=part.id,
                underlying=part.underlying,
                settlement=part.settlement,
                expiry_ns=part.expiry,
                multiplier_coin_per_usd=part.multiplier_coin_per_usd,
                tick_usd=part.tick_usd,
                lot_contracts=part.lot_contracts,
            )
        case PowerPerpetualPart():
            return PowerPerpetual(
                instrument_id=part.id,
                underlying=part.underlying,
                settlement=part.settlement,
                exponent_power=part.exponent,
                scale_usd=part.scale_usd,
                funding_period_ns=part.funding_period,
            )
        case LoanPart():
            kind = LoanSupply if part.kind == "loan_supply" else LoanDebt
            return kind(
                instrument_id=part.id,
                market=part.market,
                asset=part.asset,
                asset_decimals=part.asset_decimals,
            )
        case ConstantProductPart():
            return ConstantProductShare(
                instrument_id=part.id, underlying=part.underlying, settlement=part.settlement
            )
        case ConcentratedPart():
            return ConcentratedShare(
                instrument_id=part.id,
                underlying=part.underlying,
                settlement=part.settlement,
                price_lower_usd=part.price_lower_usd,
                price_upper_usd=part.price_upper_usd,
            )
        case VaultSharePart():
            return VaultShare(instrument_id=part.id, vault=part.vault, asset=part.asset)
