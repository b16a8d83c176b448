"""Variance that falls on a known date: an announcement that everybody waits for.

Total variance jumps there by what the event adds, the same at every strike, and grows evenly
between. Expiries after the event have its variance in their vols, those before have not; spread
over the time between them it would be charged to days on which nothing happens.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.market.svi import Floats, Svi, butterfly_points, calendar_gap, density_of, slopes
from hedgerow.units import format_ns, years_between

__all__ = ["VarianceEvent", "check_events", "event_variance", "without_events"]


class VarianceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A date and the variance that falls on it, in units of σ²T.

    A move of 3 % expected on the day adds 0.03² = 0.0009.
    """

    time_ns: int
    variance_frac: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.variance_frac) and self.variance_frac > 0):
            raise OutOfDomain(
                f"event at {format_ns(self.time_ns)}: variance_frac must be positive and finite, "
                f"was {self.variance_frac}"
            )


def event_variance(
    events: Sequence[VarianceEvent], time_ns: int, expiry_years: Floats | float
) -> Floats:
    """Give the variance of the events after a time and up to an expiry, its own moment included."""
    T = np.asarray(expiry_years, dtype=np.float64)
    total = np.zeros(T.shape)
    for event in events:
        at = years_between(time_ns, event.time_ns)
        if at > 0:
            total = total + np.where(at <= T, event.variance_frac, 0.0)
    return total


def without_events(svi: Svi, variance_frac: float) -> Svi:
    """Give a slice less the variance of its events: one and the same at every strike."""
    return Svi(svi.a - variance_frac, svi.b, svi.rho, svi.m, svi.s)


def check_events(
    slices: Sequence[tuple[str, float, Svi]], time_ns: int, events: Sequence[VarianceEvent]
) -> None:
    """Refuse events that the slices of a surface have no room for.

    Parameters
    ----------
    slices
        Name, time to expiry in years and parameters of one slice each, earliest first.
    time_ns
        Of the surface; what lies before has happened and adds nothing.

    Raises
    ------
    OutOfDomain
        If an expiry has less variance than its events, what is left without them falls from one
        expiry to the next, or the smile just before an event has a butterfly.
    """
    rows = []
    for name, years, svi in slices:
        taken = float(event_variance(events, time_ns, years))
        bare = Svi(*(np.atleast_1d(each) for each in without_events(svi, taken)))
        least = float((bare.a + bare.b * bare.s * np.sqrt(1.0 - bare.rho**2))[0])
        if taken and not least > 0:
            raise OutOfDomain(
                f"{name}: its events add {taken:.6g} to a total variance whose least is "
                f"{least + taken:.6g}; lower them"
            )
        rows.append((name, years, bare))
    for (before, _, earlier), (name, _, later) in pairwise(rows):
        if calendar_gap(earlier, later)[0] < 0:
            raise OutOfDomain(
                f"{name}: without its events it has less variance than {before}, a calendar "
                "arbitrage; lower the events between them"
            )
    for event in events:
        at = years_between(time_ns, event.time_ns)
        if at > 0 and rows:
            _check_before(event, at, rows, float(event_variance(events, time_ns, at)))


def _check_before(
    event: VarianceEvent, at: float, rows: Sequence[tuple[str, float, Svi]], taken: float
) -> None:
    """Look at the smile an instant before an event, where least has been added to it."""
    times = [years for _, years, _ in rows]
    upper = int(np.searchsorted(times, at))
    if upper == len(times):
        return
    later, part = rows[upper][2], at / times[0]
    k = butterfly_points(later)
    shape = slopes(later, k)
    if upper == 0:
        mixed = [part * each for each in shape]
    else:
        earlier = rows[upper - 1][2]
        k = np.concatenate([k, butterfly_points(earlier)], axis=-1)
        part = (at - times[upper - 1]) / (times[upper] - times[upper - 1])
        mixed = [
            (1.0 - part) * low + part * high
            for low, high in zip(slopes(earlier, k), slopes(later, k), strict=True)
        ]
    g = density_of(k, mixed[0] + taken - event.variance_frac, mixed[1], mixed[2])
    if not g.min() >= 0:
        raise OutOfDomain(
            f"just before the event at {format_ns(event.time_ns)} the smile would have a "
            f"butterfly, g = {g.min():.3g} at ln(K/F) = {k.ravel()[int(np.argmin(g))]:.3f}; "
            "lower its variance"
        )
