"""How early an alarm would have been, over recorded tracks of accounts that did break.

A `Track` enters: the health of one account hour by hour, unknown where it could not be priced, and
a signal that was on or off. Falls, leads, misses with their cause and false alarms leave. Nothing
here looks ahead: a lead counts from the first hour of the run of alarms that lasts into the fall.

A fall is the first hour of a health below one, or of a liquidation call, after a health above 1.05;
it takes another rise above that before the next one counts. An alarm is false if the account does
not fall while it lasts or within a day after it. One that is on for longer than a day is another
alarm every day: what always rings would never be false otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = ["AlarmRecord", "Fall", "MissCause", "Track", "alarm_record", "threshold_of_equal_rate"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
MissCause: TypeAlias = Literal["late", "gap", "acted", "unpriced"]

_ARMED_FRAC: Final = 1.05
_DAY_HOURS: Final = 24
_HOURS_PER_MONTH: Final = 730.5


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One account, a row an hour.

    Attributes
    ----------
    health_frac
        As it would have been computed then; not finite where it could not be.
    is_called
        Whether somebody liquidated a part of it in the hour.
    is_anchor
        Whether the account was read anew in the hour, so that it may have changed by itself.
    is_priced
        Whether every alarm that is compared could be computed in the hour: no other hour counts for
        or against any of them. None where that is whenever health is known.

    Raises
    ------
    OutOfDomain
        If columns differ in length or there is no row.
    """

    account_id: str
    health_frac: Floats
    is_called: Flags
    is_anchor: Flags
    is_priced: Flags | None = None

    def __post_init__(self) -> None:
        count = len(self.health_frac)
        columns = [self.is_called, self.is_anchor]
        columns += [] if self.is_priced is None else [self.is_priced]
        if not count or any(len(each) != count for each in columns):
            raise OutOfDomain(f"{self.account_id}: a track needs columns of one length, and a row")

    @property
    def is_known(self) -> Flags:
        """Hours in which the account was read or could be priced."""
        return np.isfinite(self.health_frac)

    @property
    def is_watched(self) -> Flags:
        """Hours in which alarms are judged."""
        return self.is_known if self.is_priced is None else self.is_known & self.is_priced

    @property
    def is_broken(self) -> Flags:
        """Hours of a health below one, or of a call, which proves one."""
        below = np.where(self.is_known, self.health_frac, np.inf) < 1.0
        return below | self.is_called


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """One fall: when, in hours from the track's start, how long the alarm had been on by then.

    `cause` is None where the lead is at least what was needed.
    """

    account_id: str
    hour_index: int
    health_before_frac: float | None
    lead_hours: int
    cause: MissCause | None


class AlarmRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an alarm did over all tracks; the rate is of hours watched, whole and not yet fallen."""

    falls: tuple[Fall, ...]
    in_time_count: int
    false_alarms_count: int
    watched_hours: int
    false_alarms_count_per_month: float | None


def alarm_record(
    tracks: Sequence[Track], is_on: Sequence[Flags], *, needed_hours: float
) -> AlarmRecord:
    """Judge an alarm that was on in some hours of each track.

    Parameters
    ----------
    needed_hours
        The lead that a rescue needs: the 99th percentile of its route.

    Raises
    ------
    OutOfDomain
        If signals do not fit their tracks.
    """
    falls: list[Fall] = []
    false_count = watched = 0
    for track, on in zip(tracks, is_on, strict=True):
        if len(on) != len(track.health_frac):
            raise OutOfDomain(f"{track.account_id}: a signal has a value for every hour")
        # An alarm that cannot be computed is none: that is what its lack costs.
        signal = np.asarray(on, dtype=np.bool_) & track.is_watched
        found = [_fall(track, signal, hour, needed_hours) for hour in _fall_hours(track)]
        falls += found
        whole = track.is_watched & ~track.is_broken
        watched += int(whole.sum())
        false_count += _false_alarms(signal & whole, track.is_broken)
    return AlarmRecord(
        falls=tuple(falls),
        in_time_count=sum(each.cause is None for each in falls),
        false_alarms_count=false_count,
        watched_hours=watched,
        false_alarms_count_per_month=false_count / (watched / _HOURS_PER_MONTH)
        if watched
        else None,
    )


def threshold_of_equal_rate(
    tracks: Sequence[Track], thresholds_frac: Sequence[float], *, false_alarms_count_max: int
) -> float | None:
    """Give the highest health at which a fixed alarm is no more often false than so many times.

    None where every threshold is.
    """
    good = [
        threshold
        for threshold in sorted(thresholds_frac)
        if alarm_record(
            tracks, [_below(track, threshold) for track in tracks], needed_hours=0.0
        ).false_alarms_count
        <= false_alarms_count_max
    ]
    return good[-1] if good else None


def _below(track: Track, threshold_frac: float) -> Flags:
    return np.where(track.is_known, track.health_frac, np.inf) < threshold_frac


def _fall_hours(track: Track) -> list[int]:
    found, armed = [], False
    for hour, (health, broken) in enumerate(zip(track.health_frac, track.is_broken, strict=True)):
        if broken:
            if armed:
                found.append(hour)
            armed = False
        elif np.isfinite(health) and health > _ARMED_FRAC:
            armed = True
    return found


def _fall(track: Track, signal: Flags, hour_index: int, needed_hours: float) -> Fall:
    lead = 0
    while lead < hour_index and signal[hour_index - 1 - lead]:
        lead += 1
    before = float(track.health_frac[hour_index - 1]) if track.is_known[hour_index - 1] else None
    cause: MissCause | None = None
    if lead < needed_hours or lead == 0:
        if lead > 0:
            cause = "late"
        elif not track.is_watched[hour_index - 1]:
            cause = "unpriced"
        else:
            cause = "acted" if track.is_anchor[hour_index] else "gap"
    return Fall(
        account_id=track.account_id,
        hour_index=hour_index,
        health_before_frac=before,
        lead_hours=lead,
        cause=cause,
    )


def _false_alarms(signal: Flags, broken: Flags) -> int:
    """Count the alarms, of a day at most each, after which nothing broke within a day."""
    edges = np.diff(np.concatenate([[0], signal.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist()
    return sum(
        not broken[day : min(day + _DAY_HOURS, end) + _DAY_HOURS].any()
        for start, end in zip(starts, ends, strict=True)
        for day in range(start, end, _DAY_HOURS)
    )
