"""Deleveraging: who is closed first, what it costs, and what is left of a hedge."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.hyperliquid.liquidation import (
    Profit,
    deleveraging_index_frac,
    deleveraging_order,
)
from hedgerow.solvency import (
    Winners,
    closed_coin,
    gini_frac,
    haircuts_pro_rata,
    haircuts_queued,
    hedge_left,
    left_to_absorb_coin,
    queue,
    queue_rank,
    queue_scores,
)
from tests.golden.read import cases
from tests.rooms.solvency.reaction.route_book import generator


def winners(
    entry: list[float], size: list[float], value: list[float], *, is_long: bool = True
) -> Winners:
    return Winners(is_long, 110.0, np.array(entry), np.array(size), np.array(value))


THREE = winners([100.0, 90.0, 105.0], [10.0, 20.0, 30.0], [1_000.0, 1_100.0, 330.0])


def test_profit_by_leverage_by_hand() -> None:
    # 10 % at 1.1, 22.2 % at 2, 4.76 % at 10.
    assert queue_scores(THREE, "profit_by_leverage") == pytest.approx(
        [0.1 * 1.1, 20 / 90 * 2.0, 5 / 105 * 10.0]
    )
    assert queue(THREE, "profit_by_leverage").tolist() == [2, 1, 0]


def test_who_loses_stands_behind_and_leverage_spares_them() -> None:
    # A loss of 8.33 % at 2 and at 11: over leverage, the higher leverage loses less and is nearer.
    behind = winners([120.0, 120.0, 100.0], [10.0, 10.0, 1.0], [550.0, 100.0, 11_000.0])
    assert queue_scores(behind, "profit_by_leverage") == pytest.approx(
        [-1 / 12 / 2.0, -1 / 12 / 11.0, 0.1 * 0.01]
    )
    assert queue(behind, "profit_by_leverage").tolist() == [2, 1, 0]


INDEX_CASES = cases("hyperliquid/protocol_cases", "adl_ranking_longs")


@pytest.mark.parametrize("sample", INDEX_CASES, ids=lambda one: one["id"])
def test_the_index_of_the_venue(sample: dict[str, Any]) -> None:
    rows = sample["given"]["accounts"]
    mark = float(rows[0]["mark"])
    made = Winners(
        True,
        mark,
        np.array([float(row["entry"]) for row in rows]),
        np.array([float(row["notional"]) / mark for row in rows]),
        np.array([float(row["account_value"]) for row in rows]),
    )
    want = sample["then"]["index"]
    assert queue_scores(made, "mark_over_entry") == pytest.approx(
        [float(want[row["id"]]) for row in rows],
        rel=1e-12,
    )
    order = [rows[i]["id"] for i in queue(made, "mark_over_entry")]
    assert order == sample["then"]["order"]


ROWS = st.lists(
    st.tuples(st.floats(50.0, 200.0), st.floats(0.1, 100.0), st.floats(10.0, 1e5)),
    min_size=1,
    max_size=12,
)


@given(rows=ROWS, is_long=st.booleans())
def test_columns_rank_as_the_rule_of_the_margin_room(
    rows: list[tuple[float, float, float]], is_long: bool
) -> None:
    made = winners(*[list(column) for column in zip(*rows, strict=True)], is_long=is_long)
    profits = {
        str(i): Profit(
            price_mark_usd=Fraction(110),
            price_entry_usd=Fraction(entry),
            notional_usd=Fraction(size) * 110,
            account_value_usd=Fraction(value),
            is_long=is_long,
        )
        for i, (entry, size, value) in enumerate(rows)
    }
    index = {name: float(deleveraging_index_frac(each)) for name, each in profits.items()}
    found = queue_scores(made, "mark_over_entry")
    assert found == pytest.approx(list(index.values()), rel=1e-12)
    if len({round(each, 9) for each in index.values()}) == len(rows):
        assert [str(i) for i in queue(made, "mark_over_entry")] == list(deleveraging_order(profits))


def test_our_own_rank() -> None:
    found = queue_rank(THREE, "profit_by_leverage", 0)
    assert (found.rank_index, found.accounts_count) == (2, 3)
    assert (found.before_coin, found.size_coin) == (50.0, 10.0)


def test_ours_is_first_among_its_equals() -> None:
    alike = winners([100.0, 100.0, 90.0], [10.0, 10.0, 20.0], [1_000.0, 1_000.0, 1_100.0])
    for row in (0, 1):
        found = queue_rank(alike, "profit_by_leverage", row)
        assert (found.rank_index, found.before_coin) == (1, 20.0)


def test_the_head_of_the_queue_is_closed_first() -> None:
    assert closed_coin(THREE, "profit_by_leverage", 35.0).tolist() == [0.0, 5.0, 30.0]
    assert closed_coin(THREE, "profit_by_leverage", 1e9).tolist() == [10.0, 20.0, 30.0]


def test_pro_rata_of_the_sheet() -> None:
    # Methods sheet 21: 500, 300 and 200 with 150 give 75, 45 and 30.
    found = haircuts_pro_rata(np.array([500.0, 300.0, 200.0]), 150.0)
    assert found.haircut_usd == pytest.approx((75.0, 45.0, 30.0))
    assert (found.uncovered_usd, found.overshoot_frac) == pytest.approx((0.0, 1.0))


def test_who_loses_pays_nothing_and_nobody_more_than_all() -> None:
    found = haircuts_pro_rata(np.array([500.0, -300.0]), 600.0)
    assert found.haircut_usd == (500.0, 0.0)
    assert found.uncovered_usd == 100.0
    nobody = haircuts_pro_rata(np.array([-1.0]), 600.0)
    assert (nobody.haircut_usd, nobody.uncovered_usd) == ((0.0,), 600.0)
    assert haircuts_pro_rata(np.array([1.0]), 0.0).overshoot_frac is None


@given(profits=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=10), deficit=st.floats(0.0, 1e7))
def test_haircuts_and_what_is_uncovered_are_the_deficit(
    profits: list[float], deficit: float
) -> None:
    found = haircuts_pro_rata(np.array(profits), deficit)
    assert sum(found.haircut_usd) + found.uncovered_usd == pytest.approx(deficit, rel=1e-9)
    for lost, profit in zip(found.haircut_usd, profits, strict=True):
        assert 0.0 <= lost <= max(profit, 0.0) * (1.0 + 1e-12)


@given(rows=ROWS, absorb=st.floats(0.0, 2_000.0), gap=st.floats(0.0, 50.0))
def test_the_queue_pays_the_deficit_too(
    rows: list[tuple[float, float, float]], absorb: float, gap: float
) -> None:
    made = winners(*[list(column) for column in zip(*rows, strict=True)])
    found = haircuts_queued(made, "profit_by_leverage", absorb, gap)
    held = float(made.size_coin.sum())
    assert sum(found.haircut_usd) == pytest.approx(min(absorb, held) * gap, rel=1e-9, abs=1e-9)
    assert sum(found.haircut_usd) + found.uncovered_usd == pytest.approx(absorb * gap, abs=1e-6)


def test_inequality_by_hand() -> None:
    assert gini_frac(np.array([1.0, 1.0, 1.0])) == pytest.approx(0.0)
    assert gini_frac(np.array([0.0, 0.0, 0.0, 8.0])) == pytest.approx(0.75)
    # Mean absolute difference over twice the mean: (|1-3| twice over four pairs) 1 / (2 · 2).
    assert gini_frac(np.array([1.0, 3.0])) == pytest.approx(0.25)
    assert gini_frac(np.zeros(3)) == 0.0


def test_a_fund_pays_first() -> None:
    coins, gap = np.array([10.0, 10.0, 10.0, 0.0]), np.array([5.0, 1.0, 0.0, 5.0])
    # 20 dollars pay for four coins at five each, for all ten at one, and for any number at nothing.
    assert left_to_absorb_coin(coins, gap, 20.0).tolist() == [6.0, 0.0, 0.0, 0.0]
    assert left_to_absorb_coin(coins, gap, 0.0).tolist() == [10.0, 10.0, 0.0, 0.0]


def test_what_is_left_of_a_hedge_by_hand() -> None:
    rank = queue_rank(THREE, "profit_by_leverage", 0)  # ten coins behind fifty
    found = hedge_left(
        rank, np.array([0.0, 50.0, 54.0, 100.0]), other_leg_coin=-10.0, level_frac=0.75
    )
    assert (found.taken_frac, found.whole_frac, found.draws_count) == (0.5, 0.25, 4)
    assert found.delta_left_coin == -(4.0 + 10.0) / 4
    assert found.delta_left_coin_max == -4.0
    assert found.taken_error_frac == pytest.approx((0.25 / 4) ** 0.5)
    assert found.whole_error_frac == pytest.approx((0.1875 / 4) ** 0.5)
    whole = hedge_left(rank, np.array([100.0]), other_leg_coin=3.0)
    assert whole.delta_left_coin == 3.0


@pytest.mark.parametrize(
    ("other", "taken", "left"),
    [
        # Ten of ours in the queue against the other leg; so many are taken; what is open then.
        (-20.0, 0.0, -10.0),
        (-20.0, 4.0, -14.0),
        (-20.0, 10.0, -20.0),
        (-6.0, 0.0, 4.0),
        (-6.0, 4.0, 0.0),
        (-6.0, 9.0, -5.0),
        (6.0, 1.0, -3.0),
    ],
)
def test_legs_of_two_sizes_leave_what_is_open(other: float, taken: float, left: float) -> None:
    rank = queue_rank(THREE, "profit_by_leverage", 0)  # ten coins behind fifty
    found = hedge_left(rank, np.array([50.0 + taken]), other_leg_coin=other)
    assert (found.delta_left_coin, found.delta_left_coin_max) == (left, left)
    # The largest by size, whichever way it points: of 4 and -6 the second.
    both = hedge_left(rank, np.array([0.0, 60.0]), other_leg_coin=-6.0)
    assert (both.delta_left_coin, both.delta_left_coin_max) == (-1.0, -6.0)


def test_errors_are_the_spread_of_repetitions() -> None:
    rank = queue_rank(THREE, "profit_by_leverage", 1)  # twenty coins behind thirty
    rng = generator(71)
    found = [hedge_left(rank, rng.exponential(30.0, 400), other_leg_coin=20.0) for _ in range(300)]
    # P(more than thirty) = 1/e, P(fifty or more) = exp(-5/3).
    means = np.array([(each.taken_frac, each.whole_frac, each.delta_left_coin) for each in found])
    assert means[:, 0].mean() == pytest.approx(np.exp(-1.0), abs=0.005)
    assert means[:, 1].mean() == pytest.approx(np.exp(-5.0 / 3.0), abs=0.005)
    # Legs of one size: E[min(X - 30, 20)⁺] = 30 (exp(-1) - exp(-5/3)).
    assert means[:, 2].mean() == pytest.approx(30.0 * (np.exp(-1.0) - np.exp(-5.0 / 3.0)), abs=0.1)
    stated = np.mean([each.delta_left_error_coin for each in found])
    assert means[:, 2].std() == pytest.approx(stated, rel=0.15)


@given(before=st.integers(0, 2), more=st.floats(0.0, 100.0), seed=st.integers(0, 50))
def test_more_to_absorb_never_leaves_more_of_a_hedge(before: int, more: float, seed: int) -> None:
    rank = queue_rank(THREE, "profit_by_leverage", before)
    draws = generator(seed).exponential(30.0, 50)
    few = hedge_left(rank, draws, other_leg_coin=5.0)
    many = hedge_left(rank, draws + more, other_leg_coin=5.0)
    assert many.taken_frac >= few.taken_frac
    assert many.delta_left_coin >= few.delta_left_coin - 1e-12


def test_what_cannot_be_is_refused() -> None:
    rank = queue_rank(THREE, "profit_by_leverage", 0)
    for refused in (
        lambda: winners([0.0], [1.0], [1.0]),
        lambda: winners([1.0], [1.0], [-1.0]),
        lambda: winners([1.0, 2.0], [1.0], [1.0]),
        lambda: queue_rank(THREE, "profit_by_leverage", 3),
        lambda: closed_coin(THREE, "profit_by_leverage", -1.0),
        lambda: haircuts_queued(THREE, "profit_by_leverage", 1.0, -1.0),
        lambda: haircuts_pro_rata(np.array([float("nan")]), 1.0),
        lambda: haircuts_pro_rata(np.array([1.0]), -1.0),
        lambda: gini_frac(np.array([])),
        lambda: gini_frac(np.array([-1.0])),
        lambda: left_to_absorb_coin(np.array([1.0]), np.array([1.0, 2.0]), 1.0),
        lambda: left_to_absorb_coin(np.array([1.0]), np.array([1.0]), -1.0),
        lambda: hedge_left(rank, np.array([]), other_leg_coin=1.0),
        lambda: hedge_left(rank, np.array([-1.0]), other_leg_coin=1.0),
        lambda: hedge_left(rank, np.array([1.0]), other_leg_coin=1.0, level_frac=1.0),
        lambda: hedge_left(rank, np.array([1.0]), other_leg_coin=0.0),
    ):
        with pytest.raises(OutOfDomain):
            refused()


def test_the_edges_of_a_queue() -> None:
    rank = queue_rank(THREE, "profit_by_leverage", 0)
    with pytest.raises(OutOfDomain):
        hedge_left(rank, np.array([1.0]), other_leg_coin=1.0, level_frac=0.0)
    assert haircuts_queued(THREE, "profit_by_leverage", 0.0, 0.0).overshoot_frac is None
    small = haircuts_pro_rata(np.array([0.001, 0.001]), 0.001)
    assert small.haircut_usd == pytest.approx((0.0005, 0.0005))
    assert (small.uncovered_usd, small.gini_frac) == pytest.approx((0.0, 0.0))
    assert haircuts_pro_rata(np.array([]), 5.0).uncovered_usd == 5.0
