"""What a search of the solvency room is told, and what leaves it."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from hedgerow.margin import Confidence
from hedgerow.units import percent

__all__ = [
    "SIDES",
    "Direction",
    "DirectionKind",
    "Distance",
    "Frontier",
    "Root",
    "Side",
    "Stretch",
    "StretchState",
]

# Which way a price goes that liquidates: longs by a fall, shorts by a rise.
Side: TypeAlias = Literal["fall", "rise"]
SIDES: Final[tuple[Side, Side]] = ("fall", "rise")

StretchState: TypeAlias = Literal["solvent", "breached", "unknown"]

DirectionKind: TypeAlias = Literal["spot", "mark", "vol", "basis", "peg", "funding", "time"]

# As far as a search goes unless told: prices to a twentieth and to five times.
_RANGE: Final[Mapping[DirectionKind, tuple[float, float]]] = {
    "spot": (-0.95, 4.0),
    "mark": (-0.95, 4.0),
    "vol": (-0.9, 4.0),
    "basis": (-0.5, 1.0),
    "peg": (-0.9, 0.5),
    "funding": (0.0, 365.0),
    "time": (0.0, 365.0),
}
_REACH_LOG_MAX: Final = 100.0


class Direction(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the market may go.

    Attributes
    ----------
    kind
        ``spot``: coins, with all that hangs on them. ``mark``: single futures and perpetuals, all
        else frozen. ``vol``: all vols by a factor. ``basis``: forwards, futures and perpetuals of
        coins against their spot. ``peg``: dollar coins against the dollar, staked tokens against
        their base. ``funding``: days of the rates last settled, prices frozen. ``time``: days in
        which options decay and loans grow, prices frozen.
    beta_frac
        What moves, by name, and how far for each move of the direction; empty for ``vol`` and
        ``time``. For ``funding`` the rate an interval by instrument, where it is not to be the one
        last settled.
    low_frac_or_days, high_frac_or_days
        Where a search ends: relative moves, or days; None for what is usual.
    """

    kind: DirectionKind
    beta_frac: Mapping[str, float] = {}
    low_frac_or_days: float | None = None
    high_frac_or_days: float | None = None

    def __post_init__(self) -> None:
        wanted = self.kind in ("spot", "mark", "basis", "peg")
        if wanted and not self.beta_frac:
            raise ValueError(f"a direction along {self.kind} names what moves, and names nothing")
        if self.kind in ("vol", "time") and self.beta_frac:
            raise ValueError(f"a direction along {self.kind} moves all at once; it names {self}")
        if not all(math.isfinite(beta) for beta in self.beta_frac.values()):
            raise ValueError(f"betas must be finite, were {dict(self.beta_frac)}")
        low, high = self.span
        if not (self.floor <= low <= 0.0 <= high < math.inf and low < high):
            raise ValueError(
                f"a search along {self.kind} goes from {self.floor:g} or more over 0 to something "
                f"finite, was {low:g} to {high:g}"
            )
        if wanted:
            self._check_reach()

    def _check_reach(self) -> None:
        """Refuse betas that move nothing, or a price beyond what a number can hold."""
        if not any(self.beta_frac.values()):
            raise ValueError(f"a direction along {self.kind} moves something; every beta was 0")
        farthest_log = max(abs(self.coordinate(move)) for move in self.span)
        for name, beta in self.beta_frac.items():
            if abs(beta) * farthest_log > _REACH_LOG_MAX:
                raise ValueError(
                    f"betas must leave prices that can be: one of {beta:g} takes {name} by a "
                    f"factor of e^{abs(beta) * farthest_log:.0f}, where the search ends"
                )

    @property
    def span(self) -> tuple[float, float]:
        """Where a search begins and ends."""
        usual_low, usual_high = _RANGE[self.kind]
        low, high = self.low_frac_or_days, self.high_frac_or_days
        return usual_low if low is None else low, usual_high if high is None else high

    @property
    def is_days(self) -> bool:
        """Whether moves are days; else they are relative."""
        return self.kind in ("funding", "time")

    @property
    def floor(self) -> float:
        """The least that a move can be."""
        return 0.0 if self.is_days else -0.999999

    @property
    def title(self) -> str:
        """What a person calls it."""
        if not self.beta_frac:
            return self.kind
        if self.kind == "funding":
            rates = ", ".join(
                f"{percent(rate, 4)} of {name}" for name, rate in self.beta_frac.items()
            )
            return f"funding, an interval {rates}"
        names = ", ".join(
            name if beta == 1.0 else f"{name} x {beta:.4g}" for name, beta in self.beta_frac.items()
        )
        return f"{self.kind} of {names}"

    def coordinate(self, move_frac_or_days: float) -> float:
        """Give where a move lies on a scale on which equal steps count alike: logs, or roots."""
        return math.sqrt(move_frac_or_days) if self.is_days else math.log1p(move_frac_or_days)

    def move_at(self, coordinate: float) -> float:
        """Give the move at a place on that scale."""
        return coordinate * coordinate if self.is_days else math.expm1(coordinate)


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
