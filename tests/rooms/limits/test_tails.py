"""Chances with regimes and jumps: their limits, and paths of the same market."""

from math import exp, inf, log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.limits import (
    FirstPassage,
    Tails,
    distance_at,
    first_passage_frac,
    horizon_at,
    regime_vols_frac,
    tailed_passage_frac,
)
from hedgerow.market import Dynamics, Factor, FactorMoves
from hedgerow.solvency import Boundary, Distance, mixed_hits, regimes
from hedgerow.units import DAY_NS, HOUR_NS
from tests.draws import draws

HOUR, DAY = 1 / 8760, 1 / 365
TAILS = Tails(
    vol_deviation_log=0.75,
    regimes_count=7,
    reach_frac=1.12,
    jumps_count_per_year=8.0,
    up_frac=0.3,
    size_up_log=0.03,
    size_down_log=0.08,
    vol_told_frac=0.5,
)
# A market that has neither regimes nor, in a million years, more than one jump.
PLAIN = Tails(
    vol_deviation_log=0.0,
    regimes_count=1,
    reach_frac=1.0,
    jumps_count_per_year=1e-6,
    up_frac=0.3,
    size_up_log=0.03,
    size_down_log=0.08,
    vol_told_frac=0.5,
)
CHANCE = FirstPassage(vol_frac={"BTC": 0.5, "WILD": 17.0}, tails=TAILS, degrees_count=4.0)


def away(down: float | None, up: float | None = None) -> Distance:
    return Distance(
        account_id="a",
        time_ns=0,
        down_frac=down,
        up_frac=up,
        searched_down_frac=-0.7,
        searched_up_frac=2.0,
    )


@pytest.mark.parametrize("move", [-0.6, -0.1, -0.001, 0.002, 0.1, 1.5])
@pytest.mark.parametrize("years", [HOUR / 60, DAY, 30 * DAY, 3.0])
def test_without_regimes_and_jumps_it_is_the_plain_closed_form(move: float, years: float) -> None:
    found = tailed_passage_frac(PLAIN, inf, move, 0.5, years)
    assert found == pytest.approx(first_passage_frac(move, 0.5, years), abs=1e-6)


def test_it_agrees_with_paths_of_the_same_market() -> None:
    """Half a vol of 50 %, jumps in step with it; four errors of 14,000 paths, and Student's."""
    vol, btc = 0.25, Factor(kind="spot", name="BTC")
    moves = FactorMoves(
        factor=btc,
        vol_frac=TAILS.between_jumps_frac(vol),
        jump_loading_frac=TAILS.loading_frac(vol),
    )
    paths = regimes(
        Dynamics(
            factors=(moves,), correlation_frac=np.eye(1), degrees_count=4.0, jumps=TAILS.jumps
        ),
        deviation_log=TAILS.vol_deviation_log,
        regimes_count=TAILS.regimes_count,
    )
    sides, times = (-0.02, -0.05, 0.03), (HOUR, 8 * HOUR, DAY)
    hits = mixed_hits(
        paths,
        [
            Boundary.fixed(
                str(side),
                btc,
                low_log=log1p(side) if side < 0 else None,
                high_log=log1p(side) if side > 0 else None,
            )
            for side in sides
        ],
        paths_count=14_000,
        seed=5,
        horizons_years=times,
    )
    for n, side in enumerate(sides):
        for h, years in enumerate(times):
            walked, error = float(hits.hit_frac[n, h]), float(hits.hit_error_frac[n, h])
            found = tailed_passage_frac(TAILS, 4.0, side, vol, years)
            assert found == pytest.approx(walked, abs=4.0 * error + 0.15 * walked + 2e-5)


def test_a_far_barrier_is_reached_by_one_jump() -> None:
    """Of 8 jumps a year 70 % fall, and of those e^-(ln 2 / 0.08) go by half in one."""
    one = 8.0 * HOUR * 0.7 * exp(log1p(-0.5) / 0.08)
    assert tailed_passage_frac(TAILS, inf, -0.5, 0.5, HOUR) == pytest.approx(one, abs=2e-8)
    assert tailed_passage_frac(TAILS, 4.0, -0.5, 0.5, HOUR) >= one


@draws(60)
@given(
    st.floats(-0.69, 1.9), st.floats(1.05, 3.0), st.floats(1e-7, 1.0), st.sampled_from([4.0, inf])
)
def test_farther_is_rarer_and_longer_is_likelier(
    move: float, more: float, years: float, degrees: float
) -> None:
    found = tailed_passage_frac(TAILS, degrees, move, 0.5, years)
    assert 0.0 <= found <= 1.0
    assert tailed_passage_frac(TAILS, degrees, move / more, 0.5, years) >= found - 1e-7
    assert tailed_passage_frac(TAILS, degrees, move, 0.5, years * more) >= found - 1e-7


def test_rare_moves_are_not_as_rare_as_by_one_vol() -> None:
    """Five deviations of a day."""
    plain = FirstPassage(vol_frac={"BTC": 0.5})
    rare, tailed = (each(["BTC"], away(-0.12), DAY_NS) for each in (plain, CHANCE))
    assert isinstance(rare, float)
    assert isinstance(tailed, float)
    assert rare < 1e-5
    assert tailed > 1e-3


@pytest.mark.slow
def test_the_inverses_go_by_the_tails() -> None:
    far = distance_at(CHANCE, ["BTC"], 0.01, DAY_NS)
    assert isinstance(far, float)
    there = CHANCE(["BTC"], away(-far, far), DAY_NS)
    assert isinstance(there, float)
    assert 0.0099 < there <= 0.01
    wait_ns = horizon_at(CHANCE, ["BTC"], away(-far, far), 0.01)
    assert isinstance(wait_ns, int)
    assert wait_ns == pytest.approx(DAY_NS, abs=HOUR_NS // 60)


def test_regimes_and_jumps_have_the_variance_that_was_told_together() -> None:
    """Jumps of an exponential size have twice its square, each year eight of them."""
    vols = regime_vols_frac(TAILS, 0.6)
    up, down = (size * 0.6 / TAILS.vol_told_frac for size in (TAILS.size_up_log,
                                                              TAILS.size_down_log))  # fmt: skip
    jumping = 8.0 * 2.0 * (0.3 * up**2 + 0.7 * down**2)
    assert np.mean(vols**2) / 1.12**2 + jumping == pytest.approx(0.36, rel=1e-9)
    assert not vols.flags.writeable
    for none in (-0.1, float("nan"), inf):
        with pytest.raises(OutOfDomain):
            regime_vols_frac(TAILS, none)


def test_edges() -> None:
    for years in (0.0, 1.0):
        assert tailed_passage_frac(TAILS, 4.0, 0.0, 0.5, years) == 1.0
    assert tailed_passage_frac(TAILS, 4.0, -0.1, 0.5, 0.0) == 0.0
    assert tailed_passage_frac(TAILS, 4.0, -0.1, 0.0, 1.0) == 0.0
    assert CHANCE([], away(None), DAY_NS) == 0.0
    for bad in ((-1.0, 0.6, 1.0), (inf, 0.6, 1.0), (-0.1, inf, 1.0), (-0.1, 0.6, -1.0)):
        with pytest.raises(OutOfDomain, match="were"):
            tailed_passage_frac(TAILS, 4.0, *bad)


def test_a_vol_whose_jumps_have_no_mean_has_no_answer_anywhere() -> None:
    for found in (
        CHANCE(["WILD"], away(-0.1), DAY_NS),
        CHANCE(["WILD"], away(0.0, 0.0), 0),
        distance_at(CHANCE, ["WILD"], 0.01, DAY_NS),
        horizon_at(CHANCE, ["WILD"], away(-0.1), 0.01),
    ):
        assert isinstance(found, Failure)
        assert found.reason == "unsupported"


def test_a_model_says_what_it_takes_prices_to_do() -> None:
    assert CHANCE.said.startswith("the vol in 7 equally likely regimes")
    assert FirstPassage(vol_frac={}).said == "one constant vol"
