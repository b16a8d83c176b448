"""Variance on a date: it jumps where it is due, and is refused where there is no room."""

from dataclasses import replace

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import Smile, Surface, Svi, VarianceEvent
from hedgerow.units import DAY_NS

NOW_NS = 1_770_000_000_000_000_000
YEAR_NS = 365 * DAY_NS


def at(years: float) -> int:
    return NOW_NS + round(years * YEAR_NS)


def smile(years: float, a: float, b: float = 0.0, rho: float = 0.0, s: float = 0.1) -> Smile:
    return Smile(
        subject=f"X {years}",
        time_ns=NOW_NS,
        expiry_ns=at(years),
        expiry_years=years,
        forward_usd=100.0,
        forward_source="venue",
        forward_venue_usd=100.0,
        model="svi",
        svi=Svi(*(np.array(each) for each in (a, b, rho, 0.0, s))),
        error_median_volpt=0.0,
        error_max_volpt=0.0,
        error_mark_volpt=0.0,
        quotes_count=9,
        density_g_min_frac=1.0,
        repair="none",
    )


def surface(*smiles: Smile) -> Surface:
    return Surface(underlying="X", time_ns=NOW_NS, smiles=smiles, rejected=())


TWO = surface(smile(0.1, 0.02), smile(0.2, 0.05))


def event(years: float, variance: float) -> VarianceEvent:
    return VarianceEvent(time_ns=at(years), variance_frac=variance)


def variance(of: Surface, *years: float) -> np.ndarray:
    return of.variance_frac(np.zeros(len(years)), np.array(years))


def test_variance_jumps_at_the_event_and_is_linear_beside_it() -> None:
    # Without the event 0.02 grows to 0.04; a quarter of the way that is 0.025, half way 0.03.
    with_event = replace(TWO, events=(event(0.15, 0.01),))
    np.testing.assert_allclose(
        variance(with_event, 0.1, 0.125, 0.15 - 1e-9, 0.15, 0.175, 0.2),
        [0.02, 0.025, 0.03, 0.04, 0.045, 0.05],
        atol=1e-9,
    )


def test_an_event_before_the_first_expiry() -> None:
    # 0.015 is left: in proportion to time up to the event, and its 0.005 on top from then on.
    with_event = replace(TWO, events=(event(0.05, 0.005),))
    np.testing.assert_allclose(
        variance(with_event, 0.04, 0.05 - 1e-9, 0.05, 0.08, 0.1, 0.15, 0.2),
        [0.006, 0.0075, 0.0125, 0.017, 0.02, 0.035, 0.05],
        atol=1e-9,
    )
    assert with_event.vol_frac(np.zeros(1), np.array([0.04]))[0] == pytest.approx(0.15**0.5)


def test_an_event_after_the_last_expiry() -> None:
    with_event = replace(TWO, events=(event(0.3, 0.02),))
    np.testing.assert_allclose(
        variance(with_event, 0.2, 0.29, 0.3, 0.4), [0.05, 0.0725, 0.095, 0.12], atol=1e-12
    )


def test_several_events_add_up_and_one_at_an_expiry_counts_in_it() -> None:
    with_events = replace(TWO, events=(event(0.2, 0.008), event(0.15, 0.01)))
    # 0.032 without both: 0.02 + 0.012 over the second half.
    np.testing.assert_allclose(
        variance(with_events, 0.15, 0.2 - 1e-9, 0.2), [0.036, 0.042, 0.05], atol=1e-9
    )


def test_what_has_happened_adds_nothing() -> None:
    past = replace(TWO, events=(event(-0.01, 0.5), event(0.0, 0.5)))
    times = (0.05, 0.1, 0.15, 0.3)
    np.testing.assert_array_equal(variance(past, *times), variance(TWO, *times))


def test_variance_falls_nowhere_with_events() -> None:
    curved = surface(smile(0.1, 0.01, 0.05, -0.3), smile(0.2, 0.03, 0.08, -0.3))
    with_events = replace(curved, events=(event(0.05, 0.002), event(0.12, 0.004)))
    times = np.linspace(1e-3, 0.4, 800)
    w = with_events.variance_frac(np.linspace(-2, 2, 9)[:, None], times[None])
    assert (np.diff(w, axis=1) > 0).all()
    jump = np.diff(with_events.variance_frac(np.array([-1.0, 0.0, 1.0])[:, None],
                                             np.array([[0.12 - 1e-12, 0.12]])))  # fmt: skip
    np.testing.assert_allclose(jump, 0.004, atol=1e-9)


def test_events_without_room_are_refused() -> None:
    with pytest.raises(OutOfDomain, match=r"X 0\.1: its events add 0\.025 to a total variance"):
        replace(TWO, events=(event(0.05, 0.025),))
    with pytest.raises(OutOfDomain, match=r"X 0\.2: .* less variance than X 0\.1, a calendar"):
        replace(TWO, events=(event(0.15, 0.031),))
    replace(TWO, events=(event(0.15, 0.0299),))
    for amount in (0.0, -0.01, float("nan"), float("inf")):
        with pytest.raises(OutOfDomain, match="must be positive and finite"):
            event(0.15, amount)


def test_an_event_that_leaves_a_butterfly_before_it_is_refused() -> None:
    """Steep wings need their level: taken out of it, the smile before the event has none."""
    steep = surface(smile(0.1, 0.002), smile(0.2, 0.045, 0.35, -0.5, 0.05))
    replace(steep, events=(event(0.15, 0.002),))
    with pytest.raises(OutOfDomain, match=r"just before the event at .* butterfly"):
        replace(steep, events=(event(0.19, 0.04),))
