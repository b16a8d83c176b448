"""When a vault is unsafe, and how much of it an auction takes."""

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down

__all__ = ["Kick", "bark", "is_unsafe", "start_price_ray"]

_WAD = 10**18
_RAY = 10**27


class Kick(msgspec.Struct, frozen=True, kw_only=True):
    """An auction that begins, and what it leaves in the vault.

    Attributes
    ----------
    tab_rad
        DAI to raise: the debt taken, with the penalty.
    lot_wad
        Collateral to sell.
    debt_left_wad, collateral_left_wad
        Normalised debt and collateral that stay.
    """

    tab_rad: int
    lot_wad: int
    debt_left_wad: int
    collateral_left_wad: int


def is_unsafe(*, collateral_wad: int, spot_ray: int, debt_wad: int, rate_ray: int) -> bool:
    """Whether a vault may be liquidated: its collateral at `spot_ray` is less than its debt.

    Parameters
    ----------
    spot_ray
        Price over liquidation ratio; at zero the price is unknown, and nothing is liquidated.
    debt_wad, rate_ray
        Normalised debt, and what a unit of it has grown to.
    """
    return spot_ray > 0 and collateral_wad * spot_ray < debt_wad * rate_ray


def start_price_ray(feed_ray: int, buf_ray: int) -> int:
    """Give the first price of an auction: the feed times a buffer, rounded down."""
    return mul_div_down(feed_ray, buf_ray, _RAY)


def bark(
    *,
    collateral_wad: int,
    debt_wad: int,
    rate_ray: int,
    chop_wad: int,
    room_rad: int,
    dust_rad: int,
) -> Kick | None:
    """Take an unsafe vault to auction: all of it, or as much as the limits have room for.

    If what stays were less than `dust_rad`, all is taken and the limits are exceeded. None where
    the protocol refuses: no room, a part that would itself be dust, or no collateral to sell.

    Parameters
    ----------
    collateral_wad, debt_wad
        The vault: `ink`, and normalised debt `art`.
    rate_ray
        What a unit of normalised debt has grown to.
    chop_wad
        One plus the penalty.
    room_rad
        DAI that further auctions may raise: the least of global and per-collateral space.

    Raises
    ------
    OutOfDomain
        If rate, penalty or debt are not positive, or collateral or dust are negative.
    """
    if min(rate_ray, chop_wad, debt_wad) <= 0:
        raise OutOfDomain(
            f"rate, penalty and debt must be positive, were {rate_ray}, {chop_wad}, {debt_wad}"
        )
    if min(collateral_wad, dust_rad) < 0:
        raise OutOfDomain(
            f"collateral and dust must not be negative, were {collateral_wad}, {dust_rad}"
        )
    if room_rad <= 0:
        return None
    taken = min(debt_wad, room_rad * _WAD // rate_ray // chop_wad)
    if taken < debt_wad:
        if (debt_wad - taken) * rate_ray < dust_rad:
            taken = debt_wad
        elif taken * rate_ray < dust_rad:
            return None
    lot_wad = mul_div_down(collateral_wad, taken, debt_wad)
    tab_rad = mul_div_down(taken * rate_ray, chop_wad, _WAD)
    if lot_wad == 0 or tab_rad == 0:
        return None
    return Kick(
        tab_rad=tab_rad,
        lot_wad=lot_wad,
        debt_left_wad=debt_wad - taken,
        collateral_left_wad=collateral_wad - lot_wad,
    )
