"""Surfaces of real chains: enough slices are taken, near their quotes, and none with arbitrage."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measure_surfaces import ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX, measure


@pytest.mark.parametrize(
    "every", [60, pytest.param(1, marks=pytest.mark.slow)], ids=["a sample", "all"]
)
def test_surfaces_of_recorded_chains(shared_data: Path, every: int) -> None:
    tally = measure(shared_data, every)
    assert tally.snapshots > 10
    assert tally.accepted / (tally.accepted + tally.rejected.total()) >= ACCEPTED_FRAC_MIN
    assert np.median(tally.medians) <= ERROR_VOLPT_MAX
    assert max(tally.medians) <= ERROR_VOLPT_MAX
    assert (tally.butterflies, tally.calendars) == (0, 0)
