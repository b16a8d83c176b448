"""What the tables of probabilities say where paths cannot tell, and of any of several accounts."""

import dataclasses

import numpy as np
import pytest
from rich.console import Console

from hedgerow.errors import Failure
from hedgerow.market import Dynamics, Factor, FactorMoves
from hedgerow.reporting.likelihoods import Likelihoods, any_of, likelihood_tables, probability
from hedgerow.solvency import HORIZONS_YEARS, Boundary, path_hits, pooled

BTC = Factor(kind="spot", name="BTC")
DYNAMICS = Dynamics(
    factors=(FactorMoves(factor=BTC, vol_frac=0.8),), correlation_frac=np.eye(1), degrees_count=4.0
)
NEAR = dataclasses.replace(
    Boundary.fixed("near", BTC, low_log=-0.05, high_log=None),
    is_low_open=np.ones((1, 2), dtype=np.bool_),
)
FAR = Boundary.fixed("far", BTC, low_log=-0.1, high_log=None)


def found(*unknown: str) -> Likelihoods:
    """One account has no barrier but an open end, nearer than the barrier of the other."""
    hits = path_hits(
        DYNAMICS, [NEAR, FAR, pooled([NEAR, FAR], "any")], paths_count=4_000, seed=7,
        joined_index=[2],
    )  # fmt: skip
    return Likelihoods(
        horizons_years=HORIZONS_YEARS,
        nodes=("desk/v/near", "desk/v/far"),
        hits=hits,
        costs_known=(False, False),
        wanted={},
        unknown={
            f"desk/v/{name}": Failure(subject=name, reason="unsupported", message="no probability")
            for name in unknown
        },
    )


def screen(made: Likelihoods) -> str:
    console = Console(width=200, record=True, file=None)
    with console.capture() as captured:
        console.print(likelihood_tables(made, "Assumed: nothing."))
    return captured.get()


def test_any_of_them_is_no_less_than_one_of_them_and_counts_what_left() -> None:
    made = found()
    assert made.hits is not None
    hits, either = made.hits, any_of(made)
    assert (either.frac >= hits.hit_frac[1]).all()
    # Whoever meets the farther barrier has left by the nearer end: all that is known is the sum.
    assert (hits.hit_frac[2] == 0.0).all()
    assert either.upper_frac == pytest.approx(hits.left_frac[0], rel=1e-12)
    assert either.upper_frac[-1] > 0.5
    row = next(line for line in screen(made).splitlines() if line.startswith("any of them"))
    assert row.count("unknown") >= 2


def test_the_row_of_any_names_how_many_were_walked_where_some_were_not() -> None:
    shown = screen(found("lost"))
    assert "any of the two walked" in shown
    assert "any of them" not in shown


@pytest.mark.parametrize(
    ("paths_count", "least"), [(100, "< 3.0 %"), (2_000, "< 0.15 %"), (20_000, "< 0.015 %")]
)
def test_what_no_path_met_is_below_three_in_their_number(paths_count: int, least: str) -> None:
    """The rule of three: ln 20 in n is 3.0 in n."""
    text = probability(0.0, 0.0, paths_count)
    low = float(text.split()[1]) / 100
    assert low == pytest.approx(np.log(20) / paths_count, rel=0.04)
    assert text == least


def test_a_bound_of_few_paths_covers_the_truth_that_many_find() -> None:
    """At 4 degrees a day's fall of 20 % is rare: a thousand paths cannot say how rare."""
    held = Boundary.fixed("a", BTC, low_log=float(np.log(0.8)), high_log=None)
    many = path_hits(
        DYNAMICS, [held], paths_count=200_000, seed=1, horizons_years=HORIZONS_YEARS[:3],
    )  # fmt: skip
    truth = many.hit_frac[0, 1]
    for seed in range(5):
        few = path_hits(
            DYNAMICS, [held], paths_count=1_000, seed=seed, horizons_years=HORIZONS_YEARS[:3]
        )
        text = probability(few.hit_frac[0, 1], few.hit_error_frac[0, 1], 1_000)
        assert text.startswith(("<", "~"))
        if text.startswith("<"):
            assert float(text.split()[1]) / 100 > truth


def test_marks_are_told_only_where_they_are() -> None:
    shown = screen(found())
    assert "fewer than 4,000 paths can tell" in shown
    assert "~" in probability(0.002, 0.0009, 4_000)
    assert "~" not in probability(0.02, 0.0022, 4_000)
