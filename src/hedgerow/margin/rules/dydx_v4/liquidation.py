"""At what prices a liquidated position is closed, and who pays the difference."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.margin.rules.dydx_v4.requirement import notional_raw, requirement_maintenance_raw
from hedgerow.units import mul_div_down

__all__ = [
    "Market",
    "Position",
    "Risk",
    "account_risk",
    "bankruptcy_price_raw",
    "fillable_price_raw_per_raw",
]

_ONE_PPM = 10**6


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual: its oracle price, what its quantum is, and its liquidity tier."""

    price_usd: Fraction
    atomic_resolution_power: int
    margin_initial_ppm: int
    maintenance_fraction_ppm: int


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual position; long is positive."""

    market: Market
    base_raw: int


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """Net collateral and maintenance requirement of an account or one position, in quote."""

    net_collateral_raw: int
    requirement_maintenance_raw: int


def account_risk(quote_raw: int, positions: Sequence[Position]) -> Risk:
    """Sum quote balance and positions; each position is rounded by itself."""
    each = [_position_risk(position.market, position.base_raw) for position in positions]
    return Risk(
        net_collateral_raw=quote_raw + sum(risk.net_collateral_raw for risk in each),
        requirement_maintenance_raw=sum(risk.requirement_maintenance_raw for risk in each),
    )


def bankruptcy_price_raw(
    quote_raw: int, positions: Sequence[Position], *, closed_index: int, delta_raw: int
) -> int:
    """Quote that leaves the account its share of nothing when a part of a position is closed.

    ``-ΔNNV - TNC · |ΔMMR| / TMMR``: received (positive) for a long that is sold, paid (negative)
    for a short that is bought back. Rounded towards plus infinity, so that closing at it never
    needs the insurance fund; Δ is the difference of two positions, each rounded by itself.

    Parameters
    ----------
    closed_index
        Which position is closed.
    delta_raw
        Change of the position in base quantums: against it, and at most all of it.

    Raises
    ------
    OutOfDomain
        If the delta does not shrink the position, or the account requires no maintenance.
    """
    position = _closed(positions, closed_index, delta_raw)
    before = _position_risk(position.market, position.base_raw)
    after = _position_risk(position.market, position.base_raw + delta_raw)
    account = account_risk(quote_raw, positions)
    positive(requirement_maintenance_raw=account.requirement_maintenance_raw)
    share_raw = mul_div_down(
        account.net_collateral_raw,
        before.requirement_maintenance_raw - after.requirement_maintenance_raw,
        account.requirement_maintenance_raw,
    )
    return before.net_collateral_raw - after.net_collateral_raw - share_raw


def fillable_price_raw_per_raw(
    quote_raw: int,
    positions: Sequence[Position],
    *,
    closed_index: int,
    delta_raw: int,
    bankruptcy_adjustment_ppm: int,
    spread_ppm: int,
) -> Fraction:
    """Worst price at which a liquidation order may be filled, quote quantums a base quantum.

    ``(PNNV - ABR · spread · PMMR) / size`` with
    ``ABR = clamp(adjustment · (1 - TNC / TMMR), 0, 1)``: the oracle's price for an account that
    just meets its requirement, worse the poorer it is. Exact.

    Parameters
    ----------
    closed_index, delta_raw
        As for `bankruptcy_price_raw`; the price does not depend on how much is closed.
    bankruptcy_adjustment_ppm
        How fast the spread opens: at 1,000,000 it is full where nothing is left.
    spread_ppm
        The full spread as a part of the position's maintenance requirement.

    Raises
    ------
    OutOfDomain
        If the delta does not shrink the position, the account requires no maintenance, or the price
        comes out negative.
    """
    not_negative(bankruptcy_adjustment_ppm=bankruptcy_adjustment_ppm, spread_ppm=spread_ppm)
    position = _closed(positions, closed_index, delta_raw)
    own = _position_risk(position.market, position.base_raw)
    account = account_risk(quote_raw, positions)
    positive(requirement_maintenance_raw=account.requirement_maintenance_raw)
    missing = 1 - Fraction(account.net_collateral_raw, account.requirement_maintenance_raw)
    rating = min(max(missing * bankruptcy_adjustment_ppm / _ONE_PPM, Fraction(0)), Fraction(1))
    spread = rating * spread_ppm * own.requirement_maintenance_raw / _ONE_PPM
    price = (own.net_collateral_raw - spread) / position.base_raw
    if price < 0:
        raise OutOfDomain(
            f"a spread of {spread_ppm} ppm of the requirement exceeds the position's value "
            f"{own.net_collateral_raw}: there is no price to fill at"
        )
    return price


def _position_risk(market: Market, base_raw: int) -> Risk:
    value_raw = notional_raw(
        base_raw,
        price_usd=market.price_usd,
        atomic_resolution_power=market.atomic_resolution_power,
    )
    return Risk(
        net_collateral_raw=value_raw,
        requirement_maintenance_raw=requirement_maintenance_raw(
            value_raw,
            base_ppm=market.margin_initial_ppm,
            fraction_ppm=market.maintenance_fraction_ppm,
        ),
    )


def _closed(positions: Sequence[Position], closed_index: int, delta_raw: int) -> Position:
    """Find the position and refuse a delta that does not shrink it."""
    if not 0 <= closed_index < len(positions):
        raise OutOfDomain(f"no position {closed_index} among {len(positions)}")
    position = positions[closed_index]
    if position.base_raw * delta_raw >= 0 or abs(delta_raw) > abs(position.base_raw):
        raise OutOfDomain(
            f"delta_raw must close at most all of the position {position.base_raw}, was {delta_raw}"
        )
    return position
