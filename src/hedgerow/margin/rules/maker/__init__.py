"""Maker vaults (liquidation 2.0): when one is unsafe, how it is auctioned, what a bidder gets.

`vault` says what goes to auction, `curves` how the price falls, `auction` what a bidder pays and
who gets the rest. Amounts of collateral and normalised debt are wad, prices and rates ray,
amounts of DAI rad.

References
----------
Rules: makerdao/dss, src/{vat,dog,clip,abaci}.sol @ fa4f6630af.
"""

from hedgerow.margin.rules.maker.auction import Taken, incentive_rad, take
from hedgerow.margin.rules.maker.curves import (
    exponential_price_ray,
    linear_price_ray,
    stairstep_price_ray,
)
from hedgerow.margin.rules.maker.vault import Kick, bark, is_unsafe, start_price_ray

__all__ = [
    "Kick",
    "Taken",
    "bark",
    "exponential_price_ray",
    "incentive_rad",
    "is_unsafe",
    "linear_price_ray",
    "stairstep_price_ray",
    "start_price_ray",
    "take",
]
