"""What leaves the solvency room."""

import msgspec

__all__ = ["Distance"]


class Distance(msgspec.Struct, frozen=True, kw_only=True):
    """Relative moves of the joint spot at which an account becomes liquidatable.

    Every coin moves by the same factor, forwards and oracle answers with it; vols and dollar coins
    stand still. `down_frac` is negative, `up_frac` positive; None means that no breach lies within
    the range searched, which is stated beside it. Both are zero when the account is liquidatable
    now.
    """

    account_id: str
    time_ns: int
    down_frac: float | None
    up_frac: float | None
    searched_down_frac: float
    searched_up_frac: float

    @property
    def nearest_frac(self) -> float | None:
        """Size of the smaller move, or None when neither side breaks within the range."""
        sides = [abs(side) for side in (self.down_frac, self.up_frac) if side is not None]
        return min(sides) if sides else None
