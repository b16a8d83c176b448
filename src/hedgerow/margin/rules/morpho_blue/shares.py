"""The market's debt, and what a share of it is worth."""

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down, mul_div_up

__all__ = ["Debt"]

# Added to both sides, so that an empty market has a price a share and nobody can move it far.
_VIRTUAL_ASSETS_RAW = 1
_VIRTUAL_SHARES_RAW = 10**6
_RAY = 10**27


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """All that is borrowed in a market: assets, and the shares that own them."""

    assets_raw: int
    shares_raw: int

    def __post_init__(self) -> None:
        if min(self.assets_raw, self.shares_raw) < 0:
            raise OutOfDomain(
                f"debt must not be negative, was {self.assets_raw} for {self.shares_raw} shares"
            )

    @property
    def index_ray(self) -> int:
        """What a million shares, which owe one unit at the start, owe now; rounded down.

        So many millions of shares times it differ from `assets_up_raw` by less than one unit and
        1e-27 of a million shares.
        """
        return mul_div_down(
            self.assets_raw + _VIRTUAL_ASSETS_RAW,
            _VIRTUAL_SHARES_RAW * _RAY,
            self.shares_raw + _VIRTUAL_SHARES_RAW,
        )

    def assets_up_raw(self, shares_raw: int) -> int:
        """Give what so many shares owe."""
        return mul_div_up(
            shares_raw, self.assets_raw + _VIRTUAL_ASSETS_RAW, self.shares_raw + _VIRTUAL_SHARES_RAW
        )

    def assets_down_raw(self, shares_raw: int) -> int:
        """Give what so many shares are certainly worth."""
        return mul_div_down(
            shares_raw, self.assets_raw + _VIRTUAL_ASSETS_RAW, self.shares_raw + _VIRTUAL_SHARES_RAW
        )

    def shares_up_raw(self, assets_raw: int) -> int:
        """Give the shares that must be repaid for so many assets."""
        return mul_div_up(
            assets_raw, self.shares_raw + _VIRTUAL_SHARES_RAW, self.assets_raw + _VIRTUAL_ASSETS_RAW
        )
