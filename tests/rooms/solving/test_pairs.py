"""Changes of two decisions that are foretold: the same plans as where every one is judged."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from hedgerow.solving import Band, Decisions, Impact, Ladders, Part, Programme, Tickets, Uses, lots
from hedgerow.solving.lots import in_fewer, in_lots
from hedgerow.solving.pairs import Foreteller
from hedgerow.solving.programme import Tiers
from tests.rooms.solving.drawn import changes, drawn, powers

Floats = NDArray[np.float64]


def _shared(seed: int, count: int) -> Programme:
    """Draw legs that share books, a scan, bands and tickets; some are fixed, some without lots."""
    rng = np.random.default_rng(seed)
    books, levels = count // 3, 3
    book_index = np.repeat(np.arange(books), 2 * levels)
    width = rng.integers(1, 6, len(book_index)).astype(np.float64) / 2.0
    if seed % 2:
        width[levels - 1 :: levels] = np.inf
    slope = rng.normal(size=(8, count)) * (rng.random((8, count)) < 0.4)
    parts: list[Part] = [
        Ladders(
            book_index=book_index,
            is_up=np.tile(np.repeat([True, False], levels), books),
            width_amount=width,
            price_usd_per_amount=np.sort(rng.uniform(0.1, 2, (2 * books, levels)), axis=1).ravel(),
            decision_book_index=rng.integers(0, books, count - 2),
            own_usd_per_amount=rng.choice([0.0, 0.1, 0.2], (2, count - 2)),
        ),
        Uses(
            ("s", "t", "u"),
            slope,
            np.maximum(-slope, 0.5 * slope),
            rng.uniform(-1, 3, 8),
            np.array([1.0, 2.0, 5.0]),
            used_figure=rng.uniform(0, 0.2, (8, count)) if seed % 3 == 0 else None,
            of_index=np.repeat([0, 1, 2], [4, 3, 1]),
        ),
        Band.of(
            ("a", "b", "c"),
            4.0 * rng.normal(size=3),
            rng.normal(size=(3, count)),
            low_figure=np.array([-0.5, -np.inf, -0.2]),
            high_figure=np.array([0.5, 0.3, np.inf]),
            penalty_usd_per_figure=np.array([4.0, np.inf, np.inf]),
        ),
        Tickets(rng.choice([0.0, 0.1], count), int(rng.integers(3, 8)) if seed % 5 else None),
    ]
    ends = rng.integers(0, 6, (2, count)) * (rng.random((2, count)) > 0.2)
    lot = rng.choice([0.0, 0.25, 0.5, 1.0], count, p=[0.1, 0.3, 0.3, 0.3])
    names = tuple(f"leg {i}" for i in range(count))
    return Programme(Decisions(names, -1.0 * ends[0], 1.0 * ends[1], lot), parts)


def _starts(programme: Programme, seed: int) -> list[Floats]:
    rng, of = np.random.default_rng(seed), programme.decisions
    return [share * rng.uniform(of.low_amount, of.high_amount) for share in (0.0, 0.3, 1.0)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_plans_are_those_of_judging_every_change(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, with parts that can be foretold and with one that cannot (a power)."""
    for programme in (drawn(seed, is_soft=seed % 2 == 0), _shared(seed, 18), powers(seed)):
        starts = _starts(programme, seed)
        every = [in_fewer(programme, in_lots(programme, start)).tobytes() for start in starts]
        monkeypatch.setattr(lots, "_FIGURES_COUNT_MAX", -1)
        foretold = [in_fewer(programme, in_lots(programme, start)).tobytes() for start in starts]
        monkeypatch.undo()
        assert foretold == every


@pytest.mark.parametrize("seed", range(10))
def test_the_best_change_is_among_those_foretold(seed: int) -> None:
    """Of every change of two, by brute force and the programme's own arithmetic."""
    programme, tiers = _shared(seed, 14), Tiers(lots.HELD_FRAC, 10)
    of, foreteller = programme.decisions, Foreteller.of(programme)
    assert foreteller is not None
    lot, moves = of.lot_amount, changes(14)
    moves = moves[(np.count_nonzero(moves, axis=1) == 2) & np.all((moves == 0) | (lot > 0), axis=1)]
    for start in _starts(programme, seed):
        at = np.where(lot > 0, np.trunc(start / np.where(lot > 0, lot, 1.0)) * lot, start)
        plans = at + moves * lot
        plans = plans[np.all((plans >= of.low_amount) & (plans <= of.high_amount), axis=1)]
        excess = tiers.of(programme.excess_frac(plans))
        usd = programme.usd(plans)
        first = np.lexsort((usd, excess))[0]
        now = at[np.newaxis, :]
        was = tiers.of(programme.excess_frac(now))[0], programme.usd(now)[0]
        move, is_up = np.repeat(np.flatnonzero(lot > 0), 2), np.tile([True, False], sum(lot > 0))
        then = at[move] + np.where(is_up, 1.0, -1.0) * lot[move]
        is_inside = (then >= of.low_amount[move]) & (then <= of.high_amount[move])
        found = foreteller.promising(at, move[is_inside], is_up[is_inside], lot, tiers)
        given = np.tile(at, (len(found.left_index), 1))
        rows = np.arange(len(given))
        given[rows, found.left_index] += found.left_count * lot[found.left_index]
        given[rows, found.right_index] += found.right_count * lot[found.right_index]
        is_better = (excess[first], usd[first]) < (was[0], was[1] - 1e-9)
        is_there = bool(np.any(np.all(np.isclose(given, plans[first], atol=1e-12), axis=1)))
        assert is_there or not is_better
        assert len(given) < len(plans) / 4


def _fewer(*more: Part, high: float = 0.0, plan: tuple[float, ...] = (0.0,) * 3) -> set[str]:
    """Of three legs two lots are to be sold (bought where it is below): which two may be best."""
    ones = np.ones((1, 3))
    level = Band.of(
        ("x",),
        np.array([2.0 + high - sum(plan)]),
        ones,
        low_figure=None if high >= 0.0 else np.array([4.0 + high]),
        high_figure=np.array([high]) if high >= 0.0 else None,
    )
    decisions = Decisions(tuple("abc"), np.full(3, -9.0), np.full(3, 9.0), np.ones(3))
    foreteller = Foreteller.of(Programme(decisions, [level, *more]))
    assert foreteller is not None
    move, is_up = np.repeat(np.arange(3), 2), np.tile([True, False], 3)
    found = foreteller.promising(np.array(plan), move, is_up, np.ones(3), Tiers(1e-9, 10))
    count = 1.0 if high < 0.0 else -1.0
    assert set(found.left_count.tolist()) == set(found.right_count.tolist()) == {count}
    pairs = zip(found.left_index.tolist(), found.right_index.tolist(), strict=True)
    return {"abc"[left] + "abc"[right] for left, right in pairs}


def _books(book: list[int], levels: list[tuple[int, float, float]]) -> Ladders:
    """Books of which only bids stand: which one, how wide, at how much."""
    index, width, price = zip(*levels, strict=True)
    return Ladders(
        book_index=np.array(index),
        is_up=np.zeros(len(index), dtype=np.bool_),
        width_amount=np.array(width),
        price_usd_per_amount=np.array(price),
        decision_book_index=np.array(book),
    )


def test_what_legs_cost_of_their_own_is_foretold_by_the_way_they_go() -> None:
    """Bought at 1, 2 and 3, sold at 5, 1 and 2: b and c are the cheapest to sell, a and b to buy.

    Used at all they cost 5, 1 and 2; with a in use already it is a and b, for 1.
    """
    fees = np.array([[1.0, 2.0, 3.0], [5.0, 1.0, 2.0]])
    free = Ladders(
        book_index=np.repeat(np.arange(3), 2),
        is_up=np.tile([True, False], 3),
        width_amount=np.full(6, np.inf),
        price_usd_per_amount=np.zeros(6),
        decision_book_index=np.arange(3),
        own_usd_per_amount=fees,
    )
    assert _fewer(free) == {"bc"}
    assert _fewer(free, high=-4.0) == {"ab"}
    assert _fewer(Tickets(fees[1])) == {"bc"}
    assert _fewer(Tickets(fees[1]), plan=(-1.0, 0.0, 0.0)) == {"ab"}


def test_how_many_legs_may_be_used_is_foretold() -> None:
    """Two are in use and no more than two may be: with the third the count is beyond by one."""
    assert _fewer(Tickets(np.zeros(3), 2), plan=(-1.0, -1.0, 0.0)) == {"ab"}
    assert _fewer(Tickets(np.zeros(3), 3), plan=(-1.0, -1.0, 0.0)) == {"ab", "ac", "bc"}


@pytest.mark.parametrize(
    ("price", "best"),
    [
        # Of the book that a and b share one lot costs 1 and the next 2: both 3, one and c 1 more
        # than c costs.
        (1.5, {"ac", "bc"}),
        (2.0, {"ab", "ac", "bc"}),
        (2.5, {"ab"}),
    ],
)
def test_levels_of_a_shared_book_are_foretold(price: float, best: set[str]) -> None:
    ladders = _books([0, 0, 1], [(0, 1.0, 1.0), (0, 5.0, 2.0), (1, 5.0, price)])
    assert _fewer(ladders) == best


def test_the_end_of_a_shared_book_is_foretold() -> None:
    """One lot is bid for in the book of a and b: another costs nothing and breaks the bound."""
    assert _fewer(_books([0, 0, 1], [(0, 1.0, 0.0), (1, 5.0, 4.0)])) == {"ac", "bc"}


def test_what_legs_use_up_is_foretold_over_its_scale() -> None:
    """A sale of a takes two of one thing, of b two of another, and there is one of each.

    Beyond by one over a scale of ten is less than over one. Of two rows of one name the worst
    counts: 1.5 of the first by a and 1.5 of the second by b are no more than either alone.
    """
    taken = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    none, one = np.zeros((2, 3)), np.ones(2)
    assert _fewer(Uses(("s", "t"), none, taken, one, np.array([10.0, 1.0]))) == {"ac"}
    assert _fewer(Uses(("s", "t"), none, none, one, one, used_figure=taken * [[1], [2]])) == {"ac"}
    rows = np.array([[1.5, 0.0, 1.25], [0.0, 1.5, 0.0]])
    apart = Uses(("s", "t"), none, rows, one, one)
    assert _fewer(apart) == {"bc"}
    worst = Uses(("s",), none, rows, one, np.ones(1), of_index=np.zeros(2, dtype=np.int64))
    assert _fewer(worst) == {"ab", "bc"}


def test_hard_bands_are_foretold_over_their_scale_and_soft_ones_at_their_price() -> None:
    """Each sale takes what else is summed to 1 below its floor: a in one sum, b in another."""
    slope, floor, scale = np.eye(3)[:2], np.zeros(2), np.array([10.0, 1.0])
    hard = Band.of(("s", "t"), floor, slope, low_figure=floor, scale_figure=scale)
    assert _fewer(hard) == {"ac"}
    soft = Band.of(("s", "t"), floor, slope, low_figure=floor, penalty_usd_per_figure=scale)
    assert _fewer(soft) == {"bc"}


def test_a_power_is_not_foretold() -> None:
    costs = np.ones(2)
    decisions = Decisions(("a", "b"), -costs, costs, costs)
    parts: list[Part] = [Ladders.flat(costs, costs), Impact(costs, 1.5)]
    assert Foreteller.of(Programme(decisions, parts[:1])) is not None
    assert Foreteller.of(Programme(decisions, parts)) is None


def test_memory_does_not_grow_with_pairs_times_decisions() -> None:
    """Of 200 legs every change of two is 80,000 plans of 200 figures: 128 MB, and none is built."""
    count = 200
    bound = np.full(count, 2.0)
    names = tuple(f"leg {i}" for i in range(count))
    hedge = Band.of(
        ("x",),
        np.array([40.5]),
        np.linspace(0.5, 1.5, count)[np.newaxis, :],
        high_figure=np.ones(1),
    )
    programme = Programme(
        Decisions(names, -bound, bound, np.ones(count)),
        [Ladders.flat(bound, np.linspace(1.0, 2.0, count)), hedge],
    )
    tracemalloc.start()
    plan = in_lots(programme, np.zeros(count))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert programme.excess_frac(plan[np.newaxis, :])[0] == 0.0
    assert peak < 64e6


def test_what_is_fixed_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine hundred decisions at zero beside three that move: three are tried."""
    count = 903
    bound = np.zeros(count)
    bound[[10, 400, 900]] = 2.0
    names = tuple(f"leg {i}" for i in range(count))
    level = Band.of(("x",), np.array([5.0]), np.ones((1, count)), high_figure=np.array([0.5]))
    programme = Programme(
        Decisions(names, -bound, bound, np.ones(count)), [Ladders.flat(bound, bound), level]
    )
    monkeypatch.setattr(lots, "_FIGURES_COUNT_MAX", 10**12)
    plan = in_lots(programme, np.zeros(count))
    assert plan[[10, 400, 900]].sum() == -5.0
    assert np.count_nonzero(plan) == 3


def test_legs_are_joined_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    programmes = [(_shared(seed, 14), seed) for seed in range(4)]
    starts = [in_lots(each, _starts(each, seed)[2]) for each, seed in programmes]
    at_once = [in_fewer(p, start) for (p, _), start in zip(programmes, starts, strict=True)]
    monkeypatch.setattr(lots, "_BATCH", 7)
    some = [in_fewer(p, start) for (p, _), start in zip(programmes, starts, strict=True)]
    assert [each.tolist() for each in some] == [each.tolist() for each in at_once]
