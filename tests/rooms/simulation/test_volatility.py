from math import exp, log, sqrt

import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.simulation.volatility import RealisedVol
from hedgerow.units import HOUR_NS, MINUTE_NS, YEAR_NS


def alternating(vol_frac: float, step_ns: int, count: int) -> list[tuple[int, float]]:
    """Returns of exactly one standard deviation, up and down in turn."""
    step = vol_frac * sqrt(step_ns / YEAR_NS)
    return [(i * step_ns, 100.0 * exp(step * (i % 2))) for i in range(count)]


@pytest.mark.parametrize("minutes", [15, 20, 60])
def test_it_finds_the_vol_of_a_path_that_has_one(minutes: int) -> None:
    vol = RealisedVol(0.2)
    for time_ns, price in alternating(0.8, minutes * MINUTE_NS, 400):
        vol.feed(time_ns, price)
    assert vol.vol_frac == pytest.approx(0.8, rel=1e-3)


def test_after_six_hours_half_of_the_start_is_forgotten() -> None:
    vol = RealisedVol(0.5)
    vol.feed(0, 100.0)
    vol.feed(6 * HOUR_NS, 101.0)
    seen = log(1.01) ** 2 * YEAR_NS / (6 * HOUR_NS)
    assert vol.vol_frac == pytest.approx(sqrt(0.5 * 0.25 + 0.5 * seen), rel=1e-12)


def test_prices_sooner_than_the_sample_are_ignored() -> None:
    vol = RealisedVol(0.5)
    vol.feed(0, 100.0)
    vol.feed(14 * MINUTE_NS, 150.0)
    assert vol.vol_frac == 0.5
    vol.feed(15 * MINUTE_NS, 100.0)
    assert vol.vol_frac < 0.5


def test_a_prior_must_be_positive() -> None:
    with pytest.raises(OutOfDomain, match="positive"):
        RealisedVol(0.0)
