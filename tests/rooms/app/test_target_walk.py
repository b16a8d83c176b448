"""``hedge vol-target --marks``: what holding to the target through those hours came to."""

from math import exp, sqrt
from pathlib import Path

import pytest

from tests.rooms.app.test_holding_structures import TARGET, asked, marks, payload


def test_a_target_held_to_through_the_marks_has_the_vol_that_was_wanted(tmp_path: Path) -> None:
    """At hours of one size the weight stands still: 0.2 times the root mean square of both moves.

    Where they double, the fast average has forgotten after 300 hours, to 2^-12.5 of the square.
    """
    marks(tmp_path, 600)
    told = payload(asked(tmp_path, *TARGET, "--marks", ".", "--json"))["walked"]
    assert told["hours_count"] == 599 - 240
    up, down = exp(0.01) - 1.0, 1.0 - exp(-0.01)
    # Of 359 hours 180 fall: the first one after the warm-up does.
    mean = (180 * down**2 + 179 * up**2) / 359
    assert told["vol_frac"] == pytest.approx(0.2 * sqrt(mean) / 0.01, rel=1e-9)
    assert told["traded_frac_per_year"] == pytest.approx(0.0, abs=1e-9)
    assert told["size_max_frac"] == pytest.approx(0.2 / (0.01 * sqrt(8_760.0)), rel=1e-9)
    marks(tmp_path, 600, wild_from=300)
    words = (*TARGET, "--marks", ".", "--band", "0.000001")
    wild = payload(asked(tmp_path, *words, "--json"))["walked"]
    assert wild["size_max_frac"] == told["size_max_frac"]
    assert wild["size_min_frac"] == pytest.approx(0.5 * told["size_max_frac"], rel=2e-4)
    fell = wild["size_max_frac"] - wild["size_min_frac"]
    assert wild["traded_frac_per_year"] == pytest.approx(fell * 8_760.0 / 359, rel=1e-3)
    short = payload(asked(tmp_path, *words, "--short", "--json"))["walked"]
    assert short == wild
    assert "Vol in the past" in asked(tmp_path, *words).out
    # Within a wide band nothing is traded, however wild it gets.
    still = payload(asked(tmp_path, *TARGET, "--marks", ".", "--band", "100%", "--json"))["walked"]
    assert still["traded_frac_per_year"] == 0.0
