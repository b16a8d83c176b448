"""One account along a line of markets: its headroom wherever somebody asks.

Many places at once are `margin.require_across`'s to answer (the venue's model where it has one, its
engine where not or where the model is within its bound of zero), one place is the engine's.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, Rulebook, require, require_across
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account

__all__ = ["Line", "Moved", "Sample", "guessed"]

Moved: TypeAlias = Callable[[float], Outcome[tuple[Account, Shock]]]

_HAIR_FRAC: Final = 1e-15  # some bits of a double


@dataclass(frozen=True, slots=True)
class Sample:
    """Headroom at a coordinate; a failure where there is no answer."""

    at_coordinate: float
    room_ccy: float
    failure: Failure | None = None


@dataclass(slots=True, eq=False)
class Line:
    """One account along one line, and what was asked about it.

    `moved` gives account and shock at a coordinate; one of the two is the same everywhere.
    """

    account: Account
    instruments: Mapping[str, Instrument]
    snapshot: Snapshot
    rulebook: Rulebook
    moved: Moved
    requirements_count: int = 0
    asked_ccy: dict[float, Decimal] = field(default_factory=dict)

    def report(self, at: float) -> Outcome[MarginReport]:
        """Ask the engine at a coordinate."""
        moved = self.moved(at)
        if isinstance(moved, Failure):
            return moved
        account, shock = moved
        self.requirements_count += 1
        return require(account, self.instruments, self.snapshot.shocked(shock), self.rulebook)

    def room_ccy(self, at: float) -> Outcome[Decimal]:
        """Give the headroom by the engine at a coordinate."""
        found = self.asked_ccy.get(at)
        if found is not None:
            return found
        report = self.report(at)
        if isinstance(report, Failure):
            return report
        self.asked_ccy[at] = report.headroom_ccy
        return report.headroom_ccy

    def samples(self, places_coordinate: Sequence[float]) -> list[Sample]:
        """Give headroom at many coordinates, with a sign that is the engine's.

        By the model where it is clear of its bound, else by the engine.
        """
        moved = [self.moved(at) for at in places_coordinate]
        answered = iter(self._across([each for each in moved if not isinstance(each, Failure)]))
        found = []
        for at, each in zip(places_coordinate, moved, strict=True):
            room, is_sure, failure = (
                (math.nan, True, each) if isinstance(each, Failure) else next(answered)
            )
            if failure is None and not is_sure:
                exact = self.room_ccy(at)
                room = math.nan if isinstance(exact, Failure) else float(exact)
                failure = exact if isinstance(exact, Failure) else None
            found.append(Sample(at, room, failure))
        return found

    def _across(
        self, moved: Sequence[tuple[Account, Shock]]
    ) -> list[tuple[float, bool, Failure | None]]:
        """Give of each move the headroom, whether its sign is sure, and why there is none."""
        rulebooks = {self.rulebook.name: self.rulebook}
        accounts, shocks = [self.account], [shock for _, shock in moved]
        if any(account is not self.account for account, _ in moved):
            accounts, shocks = [account for account, _ in moved], shocks[:1]
        held = [msgspec.structs.replace(each, rulebook=self.rulebook.name) for each in accounts]
        across = require_across(held, self.instruments, self.snapshot, shocks, rulebooks)
        self.requirements_count += int(across.is_exact.sum())
        failures: list[Failure | None] = [None] * len(moved)
        for each in across.unanswered:
            failures[max(each.account_index, each.shock_index)] = each.failure
        rooms = across.equity_ccy - across.requirement_maintenance_ccy
        # Of two large floats a small difference has no sign of its own.
        unsure = 2.0 * across.bound_ccy + _HAIR_FRAC * np.abs(across.equity_ccy)
        is_sure = np.abs(rooms) >= unsure
        return list(zip(rooms.ravel().tolist(), is_sure.ravel().tolist(), failures, strict=True))


def guessed(samples: Sequence[Sample], left_index: int) -> tuple[float, float]:
    """Guess the root between a sample and the next, which differ in sign, and the slope there.

    By the cubic through them and their neighbours, as far as these have answers.

    Returns
    -------
    tuple of float
        A coordinate between the two, and what headroom gains per coordinate there.
    """
    chosen = [
        samples[at]
        for at in range(max(0, left_index - 1), min(len(samples), left_index + 3))
        if samples[at].failure is None
    ]
    # From the left end on, in widths of the bracket.
    begins, width = (
        samples[left_index].at_coordinate,
        samples[left_index + 1].at_coordinate - samples[left_index].at_coordinate,
    )
    at = [(each.at_coordinate - begins) / width for each in chosen]
    gaps = [each.room_ccy for each in chosen]
    for order in range(1, len(at)):  # divided differences, Newton's form
        for k in range(len(at) - 1, order - 1, -1):
            gaps[k] = (gaps[k] - gaps[k - 1]) / (at[k] - at[k - order])

    def room(place: float) -> tuple[float, float]:
        value, slope = gaps[-1], 0.0
        for k in range(len(at) - 2, -1, -1):
            slope = slope * (place - at[k]) + value
            value = value * (place - at[k]) + gaps[k]
        return value, slope

    low, high, is_safe_low = 0.0, 1.0, samples[left_index].room_ccy >= 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (room(middle)[0] >= 0.0) is is_safe_low:
            low = middle
        else:
            high = middle
    return begins + low * width, room(low)[1] / width
