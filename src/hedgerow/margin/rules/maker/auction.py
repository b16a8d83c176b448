"""What a bidder pays and gets, when an auction must start anew, and what its keeper is paid."""

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down

__all__ = ["Taken", "incentive_rad", "take"]

_WAD = 10**18


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What one bid moves, and how the auction stands after it.

    Attributes
    ----------
    bought_wad, paid_rad
        Collateral to the bidder, DAI from it.
    tab_left_rad
        DAI that was not raised. Once the lot is gone nobody will pay it.
    lot_left_wad
        Collateral still for sale.
    returned_wad
        Collateral that goes back to the vault's owner, as all DAI is raised.
    is_over
        Whether the auction has ended.
    """

    bought_wad: int
    paid_rad: int
    tab_left_rad: int
    lot_left_wad: int
    returned_wad: int
    is_over: bool


def take(
    amount_wad: int, *, tab_rad: int, lot_wad: int, price_ray: int, chost_rad: int
) -> Taken | None:
    """Buy up to an amount of collateral at the auction's price.

    Nobody pays more than the tab. A purchase that would leave some of the lot and less than
    `chost_rad` of the tab is cut so that exactly that stays; None where the protocol refuses, as
    the tab is no more than that: then all or nothing may be bought.

    Raises
    ------
    OutOfDomain
        If an amount, tab, lot or price is negative.
    """
    if min(amount_wad, tab_rad, lot_wad, price_ray, chost_rad) < 0:
        raise OutOfDomain(
            "amount, tab, lot, price and smallest tab must not be negative, were "
            f"{amount_wad}, {tab_rad}, {lot_wad}, {price_ray}, {chost_rad}"
        )
    bought = min(lot_wad, amount_wad)
    owed = bought * price_ray
    if owed > tab_rad:
        owed = tab_rad
        bought = owed // price_ray
    elif owed < tab_rad and bought < lot_wad and tab_rad - owed < chost_rad:
        if tab_rad <= chost_rad:
            return None
        owed = tab_rad - chost_rad
        bought = owed // price_ray
    tab_left, lot_left = tab_rad - owed, lot_wad - bought
    is_raised = tab_left == 0
    return Taken(
        bought_wad=bought,
        paid_rad=owed,
        tab_left_rad=tab_left,
        lot_left_wad=0 if is_raised else lot_left,
        returned_wad=lot_left if is_raised else 0,
        is_over=is_raised or lot_left == 0,
    )


def incentive_rad(tip_rad: int, chip_wad: int, tab_rad: int) -> int:
    """Give what the keeper who begins an auction is paid: a fee, and a part of the tab.

    One who resets it is paid the same, if tab and lot (at the feed) are worth the smallest tab.
    """
    return tip_rad + mul_div_down(tab_rad, chip_wad, _WAD)
