"""Hunting liquidations: the collection's rows, a trade walked through, and what makes one safe."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import (
    HuntTerms,
    LiquidationLadder,
    hunt_map,
    hunting_profit_usd,
    ladder_of,
    safe_size_coin,
)
from tests.golden.read import numbers

GOLDEN = numbers("hunting")
NOW, LEVEL = float(GOLDEN["p0"]), float(GOLDEN["trigger"])


def terms(**changed: Any) -> HuntTerms:
    given: dict[str, Any] = {
        "depth_coin_per_usd": float(GOLDEN["depth"]),
        "fee_frac": float(GOLDEN["fee"]),
        "recovery_frac": 0.0,
    }
    return HuntTerms(**given | changed)


@pytest.mark.parametrize("row", range(len(GOLDEN["rows"])))
def test_profit_of_one_level(row: int) -> None:
    want = GOLDEN["rows"][row]
    asked, forced = terms(recovery_frac=float(want["rho"])), float(want["W"])
    found = hunting_profit_usd(asked, price_now_usd=NOW, level_usd=LEVEL, forced_coin=forced)
    assert found == pytest.approx(float(want["profit"]), abs=1e-6)
    down = hunt_map(ladder_of("fall", NOW, [LEVEL], [forced], [False]), asked)
    up = hunt_map(ladder_of("rise", NOW, [2 * NOW - LEVEL], [forced], [False]), asked)
    assert down.profit_usd.tolist() == pytest.approx([float(want["profit"])], abs=1e-6)
    assert up.profit_usd.tolist() == pytest.approx([float(want["profit"])], abs=1e-6)
    assert down.sold_coin.tolist() == [600.0]
    assert down.capital_usd.tolist() == [36e6]
    assert down.pays.tolist() == [float(want["profit"]) > 0]


def test_what_else_the_attacker_gains() -> None:
    # H (1 - ρ)(Q + W)/D = 30 · 0.75 · 800 / 0.5 and 5 % of 200 · 58,800, of which the half.
    with_all = terms(recovery_frac=0.25, elsewhere_coin=30.0, bonus_frac=0.05, bonus_share_frac=0.5)
    found = hunting_profit_usd(with_all, price_now_usd=NOW, level_usd=LEVEL, forced_coin=200.0)
    assert found == pytest.approx(-28_800.0 + 36_000.0 + 294_000.0, abs=1e-6)
    mapped = hunt_map(ladder_of("fall", NOW, [LEVEL], [200.0], [False]), with_all)
    assert mapped.profit_usd[0] == pytest.approx(found, abs=1e-6)


def test_the_safe_size_by_hand() -> None:
    # [ρ Q + 2 φ p D] / (1 - ρ): 24 without recovery, (150 + 24) / 0.75 = 232 with a quarter.
    at = {"price_now_usd": NOW, "level_usd": LEVEL}
    assert safe_size_coin(terms(), **at) == pytest.approx(24.0)
    assert safe_size_coin(terms(recovery_frac=0.25), **at) == pytest.approx(232.0)
    assert safe_size_coin(terms(elsewhere_coin=1e6), **at) == 0.0


@given(
    depth=st.floats(0.1, 100.0),
    fee=st.floats(0.0, 0.01),
    recovery=st.floats(0.0, 0.9),
    level=st.floats(30_000.0, 59_900.0),
)
def test_at_the_safe_size_hunting_gains_nothing(
    depth: float, fee: float, recovery: float, level: float
) -> None:
    asked = terms(depth_coin_per_usd=depth, fee_frac=fee, recovery_frac=recovery)
    size = safe_size_coin(asked, price_now_usd=NOW, level_usd=level)
    sold = depth * (NOW - level)
    scale = sold * NOW * (fee + 1e-9) + sold**2 / depth
    at = [
        hunting_profit_usd(asked, price_now_usd=NOW, level_usd=level, forced_coin=size * part)
        for part in (0.9, 1.0, 1.1)
    ]
    assert at[1] == pytest.approx(0.0, abs=1e-9 * scale)
    assert at[0] <= at[1] + 1e-9 * scale
    assert at[2] >= at[1] - 1e-9 * scale


@given(
    depth=st.floats(0.1, 100.0),
    deeper=st.floats(1.0, 50.0),
    recovery=st.floats(0.0, 0.9),
    forced=st.floats(0.0, 1e4),
    elsewhere=st.floats(0.0, 1e3),
)
def test_depth_never_makes_one_level_pay_more(
    depth: float, deeper: float, recovery: float, forced: float, elsewhere: float
) -> None:
    def profit(each: float) -> float:
        asked = terms(depth_coin_per_usd=each, recovery_frac=recovery, elsewhere_coin=elsewhere)
        return hunting_profit_usd(asked, price_now_usd=NOW, level_usd=LEVEL, forced_coin=forced)

    assert profit(depth * deeper) <= profit(depth) + 1e-6 * abs(profit(depth)) + 1e-6


def _walked(ladder: LiquidationLadder, asked: HuntTerms, at: int, parts: int = 20_000) -> float:
    """Walk through the trade: sell in small parts until a level fires, then buy back in parts."""
    d, away = asked.depth_coin_per_usd, ladder.away_usd
    sold, got, fired = 0.0, 0.0, 0
    part = d * float(away[at]) / parts
    moved = 0.0
    while fired <= at:
        got += part * (ladder.price_now_usd - moved - 0.5 * part / d)
        sold, moved = sold + part, moved + part / d
        while fired < len(away) and away[fired] <= moved + 1e-9:
            moved += float(ladder.size_coin[fired]) / d
            fired += 1
    moved *= 1.0 - asked.recovery_frac
    paid = sold * (ladder.price_now_usd - moved + 0.5 * sold / d)
    return got - paid - 2.0 * asked.fee_frac * sold * ladder.price_now_usd


@pytest.mark.parametrize("recovery", [0.0, 0.2])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_the_map_is_the_trade_walked_through(at: int, recovery: float) -> None:
    ladder = ladder_of(
        "fall", 100.0, [98.0, 97.0, 95.0, 94.8], [30.0, 50.0, 40.0, 500.0], [False] * 4
    )
    asked = HuntTerms(depth_coin_per_usd=200.0, fee_frac=0.0005, recovery_frac=recovery)
    found = hunt_map(ladder, asked)
    assert found.profit_usd[at] == pytest.approx(_walked(ladder, asked, at), abs=0.5)
    # The last comes with the one before, which moves the price by 0.2 dollars.
    assert found.sold_coin[3] == found.sold_coin[2]
    assert found.forced_coin.tolist() == [30.0, 80.0, 620.0, 620.0]
    assert found.rest_usd[3] == pytest.approx(100.0 - (found.sold_coin[3] + 620.0) / 200.0)


def test_our_part_of_a_hunt() -> None:
    ladder = ladder_of("fall", 100.0, [98.0, 95.0, 95.0], [30.0, 50.0, 20.0], [True, False, True])
    asked = HuntTerms(depth_coin_per_usd=200.0, fee_frac=0.0005, recovery_frac=0.25)
    found = hunt_map(ladder, asked)
    assert found.own_forced_coin.tolist() == [30.0, 50.0]
    # Alone and nearest: (0.25 · 400 + 2 · 0.0005 · 100 · 200) / 0.75 = 160.
    assert found.safe_own_coin[0] == pytest.approx(160.0)


@given(
    sizes=st.lists(st.floats(1.0, 400.0), min_size=3, max_size=3),
    recovery=st.floats(0.0, 0.5),
    others=st.floats(0.5, 100.0),
)
def test_at_the_safe_own_size_stopping_there_gains_nothing(
    sizes: list[float], recovery: float, others: float
) -> None:
    asked = HuntTerms(depth_coin_per_usd=200.0, fee_frac=0.001, recovery_frac=recovery)
    levels, own = [98.0, 96.0, 93.0], [False, False, True]
    ladder = ladder_of("fall", 100.0, [*levels, 93.0], [*sizes, others], [*own, False])
    safe = float(hunt_map(ladder, asked).safe_own_coin[2])
    if safe == 0.0:
        nobody = ladder_of("fall", 100.0, [*levels[:2], 93.0], [*sizes[:2], others], [False] * 3)
        assert hunt_map(nobody, asked).profit_usd[2] >= -1e-6
        return
    again = ladder_of("fall", 100.0, [*levels, 93.0], [*sizes[:2], safe, others], [*own, False])
    assert hunt_map(again, asked).profit_usd[2] == pytest.approx(0.0, abs=1e-6 * (1.0 + safe))


def test_what_ours_would_bring_on_is_counted() -> None:
    # Twenty coins of others 15 dollars beyond: 7.5 of ours bring them on, and 24 together pay.
    ladder = ladder_of("fall", NOW, [LEVEL, LEVEL - 15.0], [10.0, 20.0], [True, False])
    found = hunt_map(ladder, terms())
    # 600 · 30 / 0.5 - 2 · 0.0004 · 600 · 60,000 = 36,000 - 28,800.
    assert found.profit_usd[0] == pytest.approx(7_200.0)
    assert found.safe_own_coin[0] == pytest.approx(7.5, rel=1e-4)
    # With thirty beyond they pay as soon as they are brought on; with one they need the rest of 24.
    for others, safe in ((30.0, 7.5), (1.0, 23.0), (16.5, 7.5), (16.4, 7.6)):
        beyond = ladder_of("fall", NOW, [LEVEL, LEVEL - 15.0], [10.0, others], [True, False])
        assert hunt_map(beyond, terms()).safe_own_coin[0] == pytest.approx(safe, rel=1e-4)


@given(
    sizes=st.lists(st.floats(1.0, 60.0), min_size=4, max_size=4),
    gaps=st.lists(st.floats(0.05, 2.0), min_size=4, max_size=4),
    at=st.integers(0, 3),
    recovery=st.floats(0.0, 0.5),
    share=st.floats(0.0, 1.0),
)
def test_up_to_the_safe_own_size_no_push_to_the_level_pays(
    sizes: list[float], gaps: list[float], at: int, recovery: float, share: float
) -> None:
    asked = HuntTerms(depth_coin_per_usd=20.0, fee_frac=0.005, recovery_frac=recovery)
    levels = 100.0 - np.cumsum([1.0, *gaps[1:]])

    def gain(own_coin: float) -> float:
        mine = np.array([*sizes])
        mine[at] = own_coin
        own = np.where(np.arange(4) == at, mine, 0.0)
        return float(
            hunt_map(LiquidationLadder("fall", 100.0, levels, mine, own), asked).profit_usd[at]
        )

    made = LiquidationLadder(
        "fall", 100.0, levels, np.array(sizes), np.where(np.arange(4) == at, np.array(sizes), 0.0)
    )
    safe = float(hunt_map(made, asked).safe_own_coin[at])
    if safe > 1e-6:
        assert gain(max(share * safe, 1e-9)) <= 1e-6
    # With a little more it pays, or gains at least nothing where that is all that is missing.
    assert gain(safe * 1.001 + 1e-3) >= -1e-6


@given(
    sizes=st.lists(st.floats(1.0, 400.0), min_size=5, max_size=5),
    depth=st.floats(20.0, 2000.0),
    deeper=st.floats(1.0, 20.0),
)
def test_depth_never_makes_a_hunt_need_less(
    sizes: list[float], depth: float, deeper: float
) -> None:
    ladder = ladder_of("fall", 100.0, [98.0, 97.5, 96.0, 95.0, 90.0], sizes, [False] * 5)
    few, many = (
        hunt_map(ladder, HuntTerms(depth_coin_per_usd=each, fee_frac=0.0, recovery_frac=0.0))
        for each in (depth, depth * deeper)
    )
    assert (many.capital_usd >= few.capital_usd * (1.0 - 1e-9)).all()
    assert (many.forced_coin <= few.forced_coin * (1.0 + 1e-9)).all()


def test_a_little_is_a_gain_and_nothing_is_none() -> None:
    # Without fees and recovery the gain is 0.5 dollars away times what is forced.
    free = HuntTerms(depth_coin_per_usd=1.0, fee_frac=0.0, recovery_frac=0.0, bonus_share_frac=1.0)
    found = hunt_map(ladder_of("fall", 100.0, [99.5], [0.01], [False]), free)
    assert found.profit_usd.tolist() == pytest.approx([0.005])
    assert found.pays.tolist() == [True]


def test_nobody_to_hunt() -> None:
    found = hunt_map(ladder_of("fall", 100.0, [], [], []), terms())
    assert found.profit_usd.shape == (0,)


REFUSED: list[dict[str, Any]] = [
    {"depth_coin_per_usd": 0.0},
    {"fee_frac": -0.1},
    {"recovery_frac": 1.0},
    {"elsewhere_coin": -1.0},
    {"bonus_share_frac": 1.5},
    {"bonus_frac": float("nan")},
]


@pytest.mark.parametrize("changed", REFUSED, ids=lambda changed: next(iter(changed)))
def test_terms_that_cannot_be_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(OutOfDomain):
        terms(**changed)


def test_prices_and_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(OutOfDomain, match="prices"):
        hunting_profit_usd(terms(), price_now_usd=0.0, level_usd=1.0, forced_coin=1.0)
    for forced in (-1.0, float("inf"), float("nan")):
        with pytest.raises(OutOfDomain, match="forced_coin"):
            hunting_profit_usd(terms(), price_now_usd=1.0, level_usd=1.0, forced_coin=forced)
    for level in (0.0, float("inf")):
        with pytest.raises(OutOfDomain, match="prices"):
            hunting_profit_usd(terms(), price_now_usd=1.0, level_usd=level, forced_coin=1.0)
    with pytest.raises(OutOfDomain, match="needs no push"):
        safe_size_coin(terms(), price_now_usd=1.0, level_usd=1.0)


def test_columns_of_a_map_are_locked() -> None:
    found = hunt_map(ladder_of("fall", 100.0, [95.0], [1.0], [True]), terms())
    with pytest.raises(ValueError, match="read-only"):
        found.profit_usd[0] = 1.0
    assert isinstance(found.pays, np.ndarray)
