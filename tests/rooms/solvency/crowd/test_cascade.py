"""Cascades: the collection's ladder, a fixed point by hand, and the smallest shock that runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import (
    LiquidationLadder,
    book_impact,
    cascade,
    critical_shocks,
    ladder_of,
    linear_impact,
    reproduction_numbers,
    shock_to_reach_usd,
)
from tests.golden.read import numbers

GOLDEN = numbers("cascade")
LEVELS = [float(level) for level, _ in GOLDEN["ladder"]]
SIZES = [float(size) for _, size in GOLDEN["ladder"]]


def golden_ladder() -> LiquidationLadder:
    nobody = [False] * len(LEVELS)
    return ladder_of("fall", float(GOLDEN["p0"]), LEVELS, SIZES, nobody)


def mirrored(ladder: LiquidationLadder) -> LiquidationLadder:
    return LiquidationLadder(
        "rise",
        ladder.price_now_usd,
        2.0 * ladder.price_now_usd - ladder.level_usd,
        ladder.size_coin,
        ladder.own_coin,
    )


@pytest.mark.parametrize("depth", list(GOLDEN["linear_depth"]))
def test_where_the_price_comes_to_rest(depth: str) -> None:
    price, forced = GOLDEN["linear_depth"][depth]
    shock = float(GOLDEN["shock"])
    found = cascade(golden_ladder(), shock, linear_impact(float(depth)))
    assert found.price_usd == pytest.approx(float(price), abs=1e-12)
    assert found.forced_coin == float(forced)
    # (p0 - p*) / (p0 |s|), methods sheet 17.
    want = (100.0 - float(price)) / 5.5
    assert found.amplification_frac == pytest.approx(want, rel=1e-12)
    up = cascade(mirrored(golden_ladder()), -shock, linear_impact(float(depth)))
    assert up.price_usd == pytest.approx(200.0 - float(price), abs=1e-12)


def test_the_phase_changes_between_depths() -> None:
    """By hand: a level needs its distance less what fired before over the depth.

    At 400 the six need 5, 5.75, 7.375, 8.625, 12.375 and 14.875 per cent: no chain. At 200 the last
    needs 9.75 by itself as the one before: two of 3,000. At 100 the second comes with the first,
    and from the third on (8 - 2.5) all do.
    """
    ladder = golden_ladder()
    assert shock_to_reach_usd(ladder, linear_impact(400.0)) == pytest.approx(
        [5.0, 5.75, 7.375, 8.625, 12.375, 14.875]
    )
    assert critical_shocks(ladder, linear_impact(400.0)) is None
    half = critical_shocks(ladder, linear_impact(200.0))
    assert half is not None
    assert half[0] == half[1]
    assert (half[0].shock_frac, half[0].levels_count, half[0].forced_coin) == (-0.0975, 2, 3000.0)
    assert half[0].jump_frac == pytest.approx(0.15)
    thin = critical_shocks(ladder, linear_impact(100.0))
    assert thin is not None
    assert (thin[0].shock_frac, thin[0].levels_count, thin[0].jump_frac) == (-0.05, 2, 0.025)
    assert (thin[1].shock_frac, thin[1].levels_count) == (-0.055, 4)
    assert thin[1].forced_coin == 3800.0


def test_reproduction_numbers_by_hand() -> None:
    # 100 coins over 100 a dollar move one dollar, and the next level is one dollar away; the last
    # has none after it.
    found = reproduction_numbers(golden_ladder(), linear_impact(100.0))
    assert found[:5] == pytest.approx((1 / 1, 1.5 / 2, 3 / 2, 5 / 5, 10 / 5))
    assert found[5] is None


def test_our_own_part_is_followed() -> None:
    ladder = ladder_of("fall", 100.0, [94.0, 95.0, 95.0], [5.0, 2.0, 6.0], [False, True, False])
    assert ladder.level_usd.tolist() == [95.0, 94.0]
    assert ladder.size_coin.tolist() == [8.0, 5.0]
    assert ladder.own_share_frac.tolist() == [0.25, 0.0]
    assert ladder.before_coin.tolist() == [0.0, 8.0]
    found = cascade(ladder, -0.05, linear_impact(100.0))
    assert (found.own_forced_coin, found.forced_coin, found.waves_count) == (2.0, 8.0, 1)


def test_levels_near_each_other_fire_together() -> None:
    levels, sizes = [95.0, 94.6, 94.4, 90.0], [1.0, 2.0, 4.0, 8.0]
    ladder = ladder_of("fall", 100.0, levels, sizes, [False] * 4, cluster_frac=0.005)
    # 94.4 is more than half a dollar from 95, the nearest of its cluster, and begins the next.
    assert ladder.level_usd.tolist() == [95.0, 94.4, 90.0]
    assert ladder.size_coin.tolist() == [3.0, 4.0, 8.0]


def test_what_is_broken_already_is_counted_apart() -> None:
    ladder = ladder_of("rise", 100.0, [99.0, 100.0, 105.0], [1.0, 2.0, 4.0], [False] * 3)
    assert ladder.broken_coin == 3.0
    assert ladder.level_usd.tolist() == [105.0]


def test_a_recorded_book_is_used_up_in_the_end() -> None:
    impact = book_impact([0.0, 1.0, 3.0], [10.0, 20.0, 30.0])
    assert [impact(q) for q in (0.0, 10.0, 10.1, 30.0, 60.0)] == [0.0, 0.0, 1.0, 1.0, 3.0]
    assert impact(60.1) == float("inf")
    ladder = ladder_of("fall", 100.0, [97.0, 95.0], [40.0, 30.0], [False, True])
    # 40 coins take 3 dollars from 97: 94 fires 30 more, and 70 are more than the book holds.
    found = cascade(ladder, -0.03, impact)
    assert (found.price_usd, found.amplification_frac) == (None, None)
    assert (found.forced_coin, found.own_forced_coin, found.levels_count) == (70.0, 30.0, 2)
    assert reproduction_numbers(ladder, impact) == (1.5, None)


def test_a_book_that_goes_below_nothing_is_used_up() -> None:
    ladder = ladder_of("fall", 100.0, [95.0], [100.0], [False])
    assert cascade(ladder, -0.05, linear_impact(1.0)).price_usd is None


def test_nobody_near_is_no_cascade() -> None:
    empty = ladder_of("fall", 100.0, [], [], [])
    found = cascade(empty, -0.1, linear_impact(1.0))
    assert (found.price_usd, found.forced_coin, found.waves_count) == (90.0, 0.0, 0)
    assert reproduction_numbers(empty, linear_impact(1.0)) == ()
    assert critical_shocks(empty, linear_impact(1.0)) is None
    assert cascade(empty, 0.0, linear_impact(1.0)).amplification_frac is None


@given(
    steps=st.lists(st.floats(0.1, 5.0), min_size=1, max_size=8),
    sizes=st.lists(st.floats(1.0, 500.0), min_size=8, max_size=8),
    depth=st.floats(10.0, 1000.0),
    shock=st.floats(0.001, 0.5),
)
def test_the_resting_price_is_the_nearest_fixed_point(
    steps: list[float], sizes: list[float], depth: float, shock: float
) -> None:
    """Every fixed point tried: how many levels fire, of which the price reaches just so many."""
    away = np.cumsum(steps)
    ladder = ladder_of("fall", 100.0, 100.0 - away, sizes[: len(away)], [False] * len(away))
    total = [0.0, *np.cumsum(ladder.size_coin)]
    moved = [100.0 * shock + coin / depth for coin in total]
    fixed = [
        n for n in range(len(total)) if int(np.sum(ladder.away_usd <= moved[n] * (1 + 1e-12))) == n
    ]
    found = cascade(ladder, -shock, linear_impact(depth))
    assert found.levels_count == fixed[0]
    needed = shock_to_reach_usd(ladder, linear_impact(depth))
    assert found.levels_count == int(np.sum(needed <= 100.0 * shock * (1 + 1e-9)))


@given(
    steps=st.lists(st.floats(0.1, 5.0), min_size=1, max_size=8),
    depth=st.floats(10.0, 1000.0),
    deeper=st.floats(1.0, 10.0),
    shock=st.floats(0.001, 0.5),
    more=st.floats(0.0, 0.2),
)
def test_depth_dampens_and_shock_drives(
    steps: list[float], depth: float, deeper: float, shock: float, more: float
) -> None:
    away = np.cumsum(steps)
    ladder = ladder_of("fall", 100.0, 100.0 - away, [40.0] * len(away), [False] * len(away))
    base = cascade(ladder, -shock, linear_impact(depth)).levels_count
    assert cascade(ladder, -shock, linear_impact(depth * deeper)).levels_count <= base
    assert cascade(ladder, -shock - more, linear_impact(depth)).levels_count >= base


@pytest.mark.parametrize(
    ("side", "levels", "sizes", "own"),
    [
        ("fall", [101.0], [1.0], [0.0]),
        ("rise", [99.0], [1.0], [0.0]),
        ("fall", [95.0, 96.0], [1.0, 1.0], [0.0, 0.0]),
        ("fall", [95.0], [0.0], [0.0]),
        ("fall", [95.0], [1.0], [2.0]),
        ("fall", [95.0], [1.0, 2.0], [0.0]),
        ("fall", [float("nan")], [1.0], [0.0]),
        ("rise", [float("inf")], [1.0], [0.0]),
        ("fall", [-5.0], [1.0], [0.0]),
    ],
)
def test_a_ladder_that_cannot_be_is_refused(
    side: str, levels: list[float], sizes: list[float], own: list[float]
) -> None:
    with pytest.raises(OutOfDomain):
        LiquidationLadder(
            "fall" if side == "fall" else "rise",
            100.0, np.array(levels), np.array(sizes), np.array(own),
        )  # fmt: skip


@pytest.mark.parametrize("shock", [0.01, -1.0, float("nan")])
def test_a_shock_the_other_way_is_refused(shock: float) -> None:
    with pytest.raises(OutOfDomain, match="is none for a ladder"):
        cascade(golden_ladder(), shock, linear_impact(1.0))


@pytest.mark.parametrize("depth", [0.0, -1.0, float("inf"), float("nan")])
def test_a_book_without_depth_is_refused(depth: float) -> None:
    with pytest.raises(OutOfDomain, match="depth"):
        linear_impact(depth)


@pytest.mark.parametrize(
    ("away", "sizes"),
    [([], []), ([1.0, 0.5], [1.0, 1.0]), ([-1.0], [1.0]), ([1.0], [0.0]), ([1.0], [1.0, 2.0])],
)
def test_a_book_that_cannot_be_is_refused(away: list[float], sizes: list[float]) -> None:
    with pytest.raises(OutOfDomain):
        book_impact(away, sizes)


def test_the_edge_of_a_cluster_belongs_to_it() -> None:
    ladder = ladder_of("fall", 100.0, [99.0, 98.0, 97.0], [1.0] * 3, [False] * 3, cluster_frac=0.01)
    assert ladder.level_usd.tolist() == [99.0, 97.0]


def test_a_chain_that_uses_a_falling_book_up_has_no_jump() -> None:
    """Two levels of 60 coins a dollar apart: 120 coins at one a dollar are more than the price."""
    down = ladder_of("fall", 100.0, [95.0, 94.0], [60.0, 60.0], [False, False])
    fall = critical_shocks(down, linear_impact(1.0))
    assert fall is not None
    assert (fall[0].levels_count, fall[0].jump_frac) == (2, None)
    rise = critical_shocks(mirrored(down), linear_impact(1.0))
    assert rise is not None
    assert (rise[0].shock_frac, rise[0].jump_frac) == (0.05, 1.2)


def test_the_first_coin_of_a_book_moves_the_price() -> None:
    impact = book_impact([2.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert [impact(q) for q in (0.0, 0.001, 2.0, 2.5)] == [0.0, 2.0, 2.0, 3.0]


def test_levels_that_rounding_alone_sets_apart_are_a_chain() -> None:
    # A tenth and two tenths away, and a tenth of help: 0.2 - 0.1 against 0.1 by floats.
    ladder = LiquidationLadder(
        "fall", 1.0, np.array([0.9, 0.8]), np.array([0.1, 1.0]), np.array([0.0, 0.0])
    )
    found = critical_shocks(ladder, linear_impact(1.0))
    assert found is not None
    assert found[0].levels_count == 2


@pytest.mark.parametrize(
    ("levels", "sizes"),
    [([95.0, 94.9], [10.0, -3.0]), ([105.0, 95.0], [-5.0, 1.0]), ([201.0, -1.0], [1.0, 1.0])],
)
def test_no_account_hides_in_a_sum(levels: list[float], sizes: list[float]) -> None:
    for at in (levels, [200.0 - level for level in levels]):
        with pytest.raises(OutOfDomain, match="positive, of every account"):
            ladder_of("fall", 100.0, at, sizes, [False, False], cluster_frac=0.01)


@pytest.mark.parametrize(("broken", "own"), [(-1.0, 0.0), (1.0, 2.0), (float("nan"), 0.0)])
def test_what_is_left_out_of_a_ladder_can_be(broken: float, own: float) -> None:
    nothing = np.array([])
    with pytest.raises(OutOfDomain, match="what is broken"):
        LiquidationLadder("fall", 100.0, nothing, nothing, nothing, broken, own)


def test_columns_of_a_ladder_are_locked() -> None:
    with pytest.raises(ValueError, match="read-only"):
        golden_ladder().size_coin[0] = 1.0


@pytest.mark.parametrize(
    ("level", "size", "cluster"),
    [(float("nan"), 1.0, 0.0), (95.0, float("inf"), 0.0), (95.0, 1.0, float("inf")),
     (95.0, 1.0, -0.1)],
)  # fmt: skip
def test_accounts_that_cannot_be_are_refused(level: float, size: float, cluster: float) -> None:
    with pytest.raises(OutOfDomain):
        ladder_of("fall", 100.0, [level], [size], [False], cluster_frac=cluster)
