"""First passage and its inverses: a collection's figures, the density, and back again.

The seven-day figures are of the collection's sheet of methods, section 16.2, computed there
independently: leverage without other equity, maintenance of half a per cent, vol 60 %, no drift.
"""

from math import exp, inf, log1p, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.limits import FirstPassage, distance_at, first_passage_frac, horizon_at
from hedgerow.solvency import Distance
from hedgerow.units import DAY_NS, SECOND_NS, YEAR_NS

MAINTENANCE = 0.005
WEEK = 7 / 365
VOLS = FirstPassage(vol_frac={"BTC": 0.6, "ETH": 0.8})


def away(down: float | None, up: float | None) -> Distance:
    return Distance(
        account_id="a",
        time_ns=0,
        down_frac=down,
        up_frac=up,
        searched_down_frac=-0.7,
        searched_up_frac=2.0,
    )


def breaks(distance: Distance, horizon_ns: int) -> float:
    found = VOLS(["BTC"], distance, horizon_ns)
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize(
    ("leverage", "long", "short"),
    [
        (5, 0.0096507, 0.0300201),
        (10, 0.2387349, 0.2646636),
        (20, 0.5908774, 0.5849542),
    ],
)
def test_a_week_at_leverage(leverage: int, long: float, short: float) -> None:
    falls_to = (1 - 1 / leverage) / (1 - MAINTENANCE) - 1
    rises_to = (1 + 1 / leverage) / (1 + MAINTENANCE) - 1
    assert first_passage_frac(falls_to, 0.6, WEEK) == pytest.approx(long, abs=5e-8)
    assert first_passage_frac(rises_to, 0.6, WEEK) == pytest.approx(short, abs=5e-8)


@pytest.mark.parametrize("move", [-0.5, -0.1, -0.01, 0.01, 0.1, 1.0])
@pytest.mark.parametrize("years", [1 / 365, 1.0])
def test_it_is_the_integral_of_its_density(move: float, years: float) -> None:
    x, vol = log1p(move), 0.6
    drift = -vol * vol / 2

    def density(t: float) -> float:
        if t == 0.0:
            return 0.0
        scale = abs(x) / (vol * sqrt(2 * pi * t**3))
        return scale * exp(-((x - drift * t) ** 2) / (2 * vol * vol * t))

    whole, error = quad(density, 0.0, years, limit=500, epsabs=1e-11)
    assert first_passage_frac(move, vol, years) == pytest.approx(whole, abs=1e-8 + error)


def test_both_sides_are_bounded_by_their_sum() -> None:
    """Survival between 90 and 112 of 100, of the same section: 0.6214011."""
    chance = breaks(away(-0.1, 0.12), round(WEEK * YEAR_NS))
    assert 1 - 0.6214011 <= chance < 1 - 0.6214011 + 0.05


def test_edges() -> None:
    assert first_passage_frac(0.0, 0.6, 1.0) == 1.0
    assert first_passage_frac(-0.1, 0.0, 1.0) == 0.0
    assert first_passage_frac(-0.1, 0.6, 0.0) == 0.0
    for bad in (
        (-1.0, 0.6, 1.0),
        (inf, 0.6, 1.0),
        (-0.1, inf, 1.0),
        (-0.1, 0.6, inf),
        (-0.1, -0.6, 1.0),
        (-0.1, 0.6, -1.0),
    ):
        with pytest.raises(OutOfDomain, match="were"):
            first_passage_frac(*bad)


def test_what_does_not_break_is_taken_to_break_where_the_search_ends() -> None:
    none, edge = VOLS(["BTC"], away(None, None), YEAR_NS), VOLS(["BTC"], away(-0.7, 2.0), YEAR_NS)
    assert none == edge
    assert isinstance(none, float)
    assert none > 0.0


def test_the_largest_vol_of_its_coins_and_no_answer_without_one() -> None:
    alone = VOLS(["ETH"], away(-0.1, None), DAY_NS)
    assert VOLS(["BTC", "ETH"], away(-0.1, None), DAY_NS) == alone
    unknown = VOLS(["BTC", "SOL"], away(-0.1, None), DAY_NS)
    assert isinstance(unknown, Failure)
    assert (unknown.reason, unknown.subject) == ("missing_data", "a")
    assert "SOL" in unknown.message


@given(st.floats(1e-4, 0.5), st.integers(SECOND_NS, 30 * DAY_NS))
def test_a_distance_is_just_enough(chance: float, horizon_ns: int) -> None:
    found = distance_at(VOLS, ["BTC"], chance, horizon_ns)
    if found is None:
        assert breaks(away(-0.7, 0.7), horizon_ns) > chance
        return
    assert isinstance(found, float)
    assert breaks(away(-found, found), horizon_ns) <= chance
    nearer = found * (1 - 1e-6)
    assert breaks(away(-nearer, nearer), horizon_ns) > chance


@given(st.floats(1e-3, 0.5), st.floats(0.02, 0.6))
def test_a_wait_is_the_longest(chance: float, distance: float) -> None:
    wait_ns = horizon_at(VOLS, ["BTC"], away(-distance, None), chance)
    assert isinstance(wait_ns, int)
    assert breaks(away(-distance, None), wait_ns) <= chance
    if wait_ns < 3_653 * DAY_NS:
        later = wait_ns + 2 * SECOND_NS
        assert breaks(away(-distance, None), later) > chance


def test_who_is_liquidatable_cannot_wait_and_who_hangs_on_nothing_can() -> None:
    assert horizon_at(VOLS, ["BTC"], away(0.0, 0.0), 0.01) == 0
    assert horizon_at(VOLS, [], away(None, None), 0.01) == 3_653 * DAY_NS
    assert isinstance(horizon_at(VOLS, ["SOL"], away(-0.1, None), 0.01), Failure)
    assert isinstance(distance_at(VOLS, ["SOL"], 0.01, DAY_NS), Failure)
