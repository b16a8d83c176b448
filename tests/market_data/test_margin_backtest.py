"""The portfolio margin covers two-day losses of years it has not seen, as often as it says."""

import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_losses_beyond_the_requirement_are_no_more_than_one_in_a_hundred(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each twelfth window; all of them are counted by the program itself."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    from measure_margin_backtest import BOOKS, measure  # type: ignore[import-not-found]

    rows = measure(shared_data, every=12)
    assert len(rows) == 2 * len(BOOKS)
    for row in rows:
        assert row["windows_count"] >= 50
        assert row["p_value_frac"] > 0.01, row
        # Nor is it safe by asking for everything.
        assert row["requirement_mean_frac"] < 0.35, row
    sys.modules.pop("measure_margin_backtest")
