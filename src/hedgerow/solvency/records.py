"""What leaves the solvency room."""

from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from hedgerow.margin import Confidence
from hedgerow.solvency.directions import Direction

__all__ = ["SIDES", "Distance", "Frontier", "Root", "Side", "Stretch", "StretchState"]

# Which way a price goes that liquidates: longs by a fall, shorts by a rise.
Side: TypeAlias = Literal["fall", "rise"]
SIDES: Final[tuple[Side, Side]] = ("fall", "rise")

StretchState: TypeAlias = Literal["solvent", "breached", "unknown"]


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


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """Where headroom passes zero: the move on either side of it, by the venue's own numbers.

    Moves are counted as the direction counts them: a relative change, or days. There is headroom at
    `move_solvent_frac_or_days`, and less than none at `move_breached_frac_or_days`.
    """

    move_solvent_frac_or_days: float
    move_breached_frac_or_days: float

    @property
    def move(self) -> float:
        """The root, told by its last solvent move."""
        return self.move_solvent_frac_or_days


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """From one root, or end of the search, to the next: what an account is between them.

    `reason` says why where that is unknown.
    """

    state: StretchState
    move_low_frac_or_days: float
    move_high_frac_or_days: float
    reason: str = ""


class Frontier(msgspec.Struct, frozen=True, kw_only=True):
    """Where one account breaks and heals along one direction, by the rules of its venue.

    `stretches` cover the whole search from the lowest move to the highest without a gap; `roots`
    lie between those of them that are known, in the same order. `headroom_ccy` is of the present
    market and `currency` its unit. `requirements_count` says how often the engine was asked.
    """

    account_id: str
    rulebook: str
    confidence: Confidence
    time_ns: int
    currency: str
    direction: Direction
    headroom_ccy: Decimal
    roots: tuple[Root, ...]
    stretches: tuple[Stretch, ...]
    requirements_count: int

    @property
    def is_liquidatable(self) -> bool:
        """Whether the venue may act now."""
        return self.headroom_ccy < 0

    @property
    def down(self) -> float | None:
        """The nearest breach below the present market; None where there is none.

        None too where something unknown lies before it: see `is_down_known`.
        """
        end = self._end_of_home(is_up=False)
        found = (each.move for each in self.roots if each.move == end)
        return None if self.is_liquidatable else next(found, None)

    @property
    def up(self) -> float | None:
        """The nearest breach above the present market; as `down`."""
        end = self._end_of_home(is_up=True)
        found = (each.move for each in self.roots if each.move == end)
        return None if self.is_liquidatable else next(found, None)

    @property
    def is_down_known(self) -> bool:
        """Whether the account is known to be what it is now down to `down`, or to the end."""
        return not self._is_unknown_at(self._end_of_home(is_up=False), is_up=False)

    @property
    def is_up_known(self) -> bool:
        """As `is_down_known`, above the present market."""
        return not self._is_unknown_at(self._end_of_home(is_up=True), is_up=True)

    def safe_to(self, *, is_up: bool) -> float:
        """Give how far the account is known to be what it is now; zero where that is not known."""
        return self._end_of_home(is_up=is_up)

    @property
    def heals(self) -> tuple[float, ...]:
        """Where an account that is liquidatable now has headroom again, on either side."""
        if not self.is_liquidatable:
            return ()
        ends = {self._end_of_home(is_up=is_up) for is_up in (False, True)}
        return tuple(each.move for each in self.roots if each.move in ends)

    def _end_of_home(self, *, is_up: bool) -> float:
        """Give where the stretch that the present market lies in ends."""
        home = [
            each
            for each in self.stretches
            if each.move_low_frac_or_days <= 0.0 <= each.move_high_frac_or_days
            and each.state == ("breached" if self.is_liquidatable else "solvent")
        ]
        if not home:
            return 0.0
        return home[-1].move_high_frac_or_days if is_up else home[0].move_low_frac_or_days

    def _is_unknown_at(self, end_frac_or_days: float, *, is_up: bool) -> bool:
        """Say whether an unknown stretch begins where the present one ends."""
        return any(
            end_frac_or_days
            == (each.move_low_frac_or_days if is_up else each.move_high_frac_or_days)
            for each in self.unknown
        )

    @property
    def nearest(self) -> float | None:
        """The nearer of the two, on the direction's own scale; zero where it is breached now.

        Of a side that is not known there may be a nearer one.
        """
        if self.is_liquidatable:
            return 0.0
        sides = [side for side in (self.down, self.up) if side is not None]
        return min(sides, key=lambda move: abs(self.direction.coordinate(move)), default=None)

    @property
    def unknown(self) -> tuple[Stretch, ...]:
        """What the search could not answer for."""
        return tuple(each for each in self.stretches if each.state == "unknown")
