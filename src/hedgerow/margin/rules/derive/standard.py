"""Derive's standard manager: each underlying by itself, added up; short options by formula.

References
----------
derivexyz/v2-core, src/risk-managers/StandardManager.sol @ 7736900d39.
"""

from collections.abc import Sequence

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.derive.book import Expiry, OptionLeg
from hedgerow.margin.rules.derive.options import black76

__all__ = [
    "ExpiryMargins",
    "LegMargins",
    "Margins",
    "Market",
    "OptionParameters",
    "StandardParameters",
    "expiry_margins",
    "standard_margins",
]


class OptionParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What the standard manager asks of options; fractions of spot unless named."""

    short_most_frac: float
    short_least_frac: float
    call_maintenance_frac: float
    put_maintenance_frac: float
    put_maintenance_of_value_frac: float
    unpaired_initial_frac: float
    unpaired_maintenance_frac: float
    put_initial_of_maintenance_frac: float


class StandardParameters(OptionParameters, frozen=True, kw_only=True):
    """Parameters of the standard manager; requirements are fractions of spot unless named."""

    perp_initial_frac: float
    perp_maintenance_frac: float
    oracle_threshold_frac: float
    oracle_factor_frac: float
    depeg_threshold_frac: float
    depeg_factor_frac: float
    base_factor_frac: float
    base_initial_scale_frac: float


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One underlying: feeds and what is held of it."""

    spot_usd: float
    confidence_spot_frac: float
    perp_usd: float
    confidence_perp_frac: float
    perp_coin: float
    perp_unrealised_usd: float
    perp_unsettled_usd: float
    base_coin: float
    expiries: tuple[Expiry, ...]


class Margins(msgspec.Struct, frozen=True, kw_only=True):
    """Balances after the requirement is taken; negative is a shortfall. Value is mark-to-market."""

    initial_usd: float
    maintenance_usd: float
    value_usd: float


class LegMargins(msgspec.Struct, frozen=True, kw_only=True):
    """One leg by itself: its worth, and what is left of it; a long leg leaves nothing."""

    worth_usd: float
    initial_usd: float
    maintenance_usd: float


class ExpiryMargins(msgspec.Struct, frozen=True, kw_only=True):
    """One expiry, before doubts of its feeds: leg by leg, or what all can lose together.

    `most_loss_usd` is the least payoff, at `price_most_loss_usd`; what net short calls could lose
    beyond is added to it. All are negative or zero.
    """

    forward_usd: float
    legs: tuple[LegMargins, ...]
    most_loss_usd: float
    price_most_loss_usd: float
    net_short_calls_coin: float
    initial_usd: float
    maintenance_usd: float

    @property
    def value_usd(self) -> float:
        """Mark-to-market of all legs."""
        return sum(leg.worth_usd for leg in self.legs)


def standard_margins(
    markets: Sequence[Market],
    *,
    cash_usd: float,
    stable_usd: float,
    parameters: StandardParameters,
) -> Margins:
    """Give the margins of an account: cash and every market, without netting between them.

    Raises
    ------
    OutOfDomain
        If the stable coin's price or a spot is not positive.
    """
    if stable_usd <= 0.0:
        raise OutOfDomain(f"price of the stable coin must be positive, was {stable_usd}")
    initial = maintenance = value = cash_usd
    for market in markets:
        if market.spot_usd <= 0.0:
            raise OutOfDomain(f"spot must be positive, was {market.spot_usd}")
        parts = [
            _perp(market, parameters),
            _base(market, stable_usd, parameters),
            *(_options(market, expiry, parameters) for expiry in market.expiries),
        ]
        initial += sum(each.initial_usd for each in parts)
        initial -= _depeg_usd(market, stable_usd, parameters)
        maintenance += sum(each.maintenance_usd for each in parts)
        value += sum(each.value_usd for each in parts)
    return Margins(initial_usd=initial, maintenance_usd=maintenance, value_usd=value)


def _doubt_usd(
    confidence_frac: float, exposure_usd: float, parameters: StandardParameters
) -> float:
    """Give what an unsure feed adds to the initial requirement; a threshold of 0 is none."""
    if confidence_frac >= parameters.oracle_threshold_frac:
        return 0.0
    return (1.0 - confidence_frac) * parameters.oracle_factor_frac * exposure_usd


def _perp(market: Market, parameters: StandardParameters) -> Margins:
    size_usd = abs(market.perp_coin) * market.perp_usd
    profit_usd = market.perp_unrealised_usd + market.perp_unsettled_usd
    confidence = min(market.confidence_perp_frac, market.confidence_spot_frac)
    doubt_usd = _doubt_usd(confidence, abs(market.perp_coin) * market.spot_usd, parameters)
    return Margins(
        initial_usd=profit_usd - size_usd * parameters.perp_initial_frac - doubt_usd,
        maintenance_usd=profit_usd - size_usd * parameters.perp_maintenance_frac,
        value_usd=profit_usd,
    )


def _base(market: Market, stable_usd: float, parameters: StandardParameters) -> Margins:
    """The coin itself. Its value is converted by the stable coin's price, its margin is not."""
    worth_usd = market.base_coin * market.spot_usd
    maintenance_usd = worth_usd * parameters.base_factor_frac
    initial_usd = maintenance_usd * parameters.base_initial_scale_frac
    if initial_usd != 0.0:
        initial_usd -= _doubt_usd(market.confidence_spot_frac, worth_usd, parameters)
    return Margins(
        initial_usd=initial_usd, maintenance_usd=maintenance_usd, value_usd=worth_usd / stable_usd
    )


def _depeg_usd(market: Market, stable_usd: float, parameters: StandardParameters) -> float:
    lack = parameters.depeg_threshold_frac - stable_usd
    if lack <= 0.0:
        return 0.0
    exposed_coin = abs(market.perp_coin) + sum(map(_shorts_coin, market.expiries))
    return lack * parameters.depeg_factor_frac * exposed_coin * market.spot_usd


def _shorts_coin(expiry: Expiry) -> float:
    return -sum(leg.quantity_coin for leg in expiry.legs if leg.quantity_coin < 0.0)


def _options(market: Market, expiry: Expiry, parameters: StandardParameters) -> Margins:
    margins = expiry_margins(expiry, market.spot_usd, parameters)
    confidence = min(
        market.confidence_spot_frac, expiry.confidence_forward_frac, expiry.confidence_vol_frac
    )
    doubt_usd = _doubt_usd(confidence, _shorts_coin(expiry) * market.spot_usd, parameters)
    return Margins(
        initial_usd=margins.initial_usd - doubt_usd,
        maintenance_usd=margins.maintenance_usd,
        value_usd=margins.value_usd,
    )


def expiry_margins(expiry: Expiry, spot_usd: float, parameters: OptionParameters) -> ExpiryMargins:
    """One expiry: leg by leg, or its greatest loss at any strike where that is less."""
    forward_usd = expiry.forward_fixed_usd + expiry.forward_variable_usd
    legs = tuple(_leg(leg, expiry, forward_usd, spot_usd, parameters) for leg in expiry.legs)
    most_usd, price_usd = _most_loss_usd(expiry.legs)
    short_calls_coin = min(sum(leg.quantity_coin for leg in expiry.legs if leg.is_call), 0.0)
    unpaired_usd = forward_usd * short_calls_coin
    return ExpiryMargins(
        forward_usd=forward_usd,
        legs=legs,
        most_loss_usd=most_usd,
        price_most_loss_usd=price_usd,
        net_short_calls_coin=short_calls_coin,
        initial_usd=max(
            sum(leg.initial_usd for leg in legs),
            most_usd + parameters.unpaired_initial_frac * unpaired_usd,
        ),
        maintenance_usd=max(
            sum(leg.maintenance_usd for leg in legs),
            most_usd + parameters.unpaired_maintenance_frac * unpaired_usd,
        ),
    )


def _leg(
    leg: OptionLeg,
    expiry: Expiry,
    forward_usd: float,
    spot_usd: float,
    parameters: OptionParameters,
) -> LegMargins:
    prices = black76(forward_usd, leg.strike_usd, leg.vol_frac, expiry.life_s)
    worth_usd = leg.quantity_coin * float(prices.call_usd if leg.is_call else prices.put_usd)
    if leg.quantity_coin >= 0.0:
        return LegMargins(worth_usd=worth_usd, initial_usd=0.0, maintenance_usd=0.0)
    initial_usd, maintenance_usd = _short(leg, worth_usd, spot_usd, parameters)
    return LegMargins(worth_usd=worth_usd, initial_usd=initial_usd, maintenance_usd=maintenance_usd)


def _short(
    leg: OptionLeg, worth_usd: float, spot_usd: float, parameters: OptionParameters
) -> tuple[float, float]:
    """Give initial and maintenance of one short leg, both negative as its worth is."""
    sign = 1.0 if leg.is_call else -1.0
    out_frac = max(sign * (leg.strike_usd - spot_usd), 0.0) / spot_usd
    required_frac = max(parameters.short_most_frac - out_frac, parameters.short_least_frac)
    size_usd = leg.quantity_coin * spot_usd
    initial_usd = worth_usd + required_frac * size_usd
    if leg.is_call:
        return initial_usd, worth_usd + parameters.call_maintenance_frac * size_usd
    maintenance_usd = worth_usd + min(
        parameters.put_maintenance_frac * size_usd,
        parameters.put_maintenance_of_value_frac * worth_usd,
    )
    return (
        min(initial_usd, parameters.put_initial_of_maintenance_frac * maintenance_usd),
        maintenance_usd,
    )


def _most_loss_usd(legs: Sequence[OptionLeg]) -> tuple[float, float]:
    """Give the least payoff at zero and at every strike, not above zero, and the price it is at."""
    prices_usd = sorted({0.0, *(leg.strike_usd for leg in legs)})
    least, price = min(
        (sum(_payoff_usd(leg, price) for leg in legs), price) for price in prices_usd
    )
    return min(0.0, least), price


def _payoff_usd(leg: OptionLeg, price_usd: float) -> float:
    sign = 1.0 if leg.is_call else -1.0
    return leg.quantity_coin * max(sign * (price_usd - leg.strike_usd), 0.0)
