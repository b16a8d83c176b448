"""Surfaces of real chains: enough slices are taken, near their quotes, and none with arbitrage."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measure_surfaces import WHOLE, measure
from hedgerow.app.surface_tally import ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX

# Half a day of calm, of the crash and of what came after.
SAMPLE = tuple(
    (f"{day}T00:00:00", f"{day}T12:00:00") for day in ("2026-01-14", "2026-02-06", "2026-04-20")
)


@pytest.mark.parametrize(
    ("windows", "accepted_frac_min"),
    # Few slices make a rough share: the bar is that of the whole.
    [(SAMPLE, 0.85), pytest.param((WHOLE,), ACCEPTED_FRAC_MIN, marks=pytest.mark.slow)],
    ids=["a sample", "all"],
)
def test_surfaces_of_recorded_chains(
    shared_data: Path, windows: tuple[tuple[str, str], ...], accepted_frac_min: float
) -> None:
    tally = measure(shared_data, windows=windows)
    assert tally.chains >= 6
    assert tally.accepted_frac is not None
    assert tally.accepted_frac >= accepted_frac_min
    assert np.median(tally.errors_volpt) <= ERROR_VOLPT_MAX
    assert max(tally.errors_volpt) <= ERROR_VOLPT_MAX
    assert (tally.butterflies, tally.calendars) == (0, 0)
