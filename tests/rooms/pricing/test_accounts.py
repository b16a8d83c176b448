"""What accounts gain is the sum of what they hold, however the sum is cut."""

import tracemalloc
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    EuropeanColumns,
    ScenarioGrid,
    account_profits,
    account_scenario_profits,
    accounts,
    scenario_profits,
)

GRID = ScenarioGrid.product(
    price_moves_frac=(-0.5, -0.16, 0.0, 0.04, 1.5),
    vol_moves_frac=(-0.25, 0.0, 0.5),
    elapsed_years=(0.0, 0.1),
    basis_shifts_frac_per_year=(-0.1, 0.0),
)


def desk(count: int) -> EuropeanColumns:
    rng = np.random.default_rng(7)
    spot = rng.uniform(1e3, 1e5, count)
    return EuropeanColumns(
        underlying_usd=spot,
        strike_usd=spot * rng.uniform(0.5, 2.0, count),
        vol_frac=rng.uniform(0.1, 2.0, count),
        expiry_years=rng.uniform(0.0, 2.0, count),
        is_call=rng.random(count) < 0.5,
        rate_frac_per_year=0.04,
    )


def held(accounts_count: int, count: int, density: float) -> sparse.csr_array:
    rng = np.random.default_rng(3)
    each = rng.random((accounts_count, count)) < density
    return sparse.csr_array(rng.normal(size=(accounts_count, count)) * each)


def test_accounts_are_sums_of_what_they_hold() -> None:
    quantities = held(5, 30, 0.2)
    profits = scenario_profits(desk(30), GRID)
    got = account_profits(quantities, profits)
    assert got.shape == (5, len(GRID))
    dense = quantities.toarray()
    for account in range(5):
        for cell in range(0, len(GRID), 7):
            parts = [
                mpmath.mpf(float(q)) * mpmath.mpf(float(p))
                for q, p in zip(dense[account], profits[cell], strict=True)
            ]
            size = float(sum(abs(part) for part in parts))
            assert abs(got[account, cell] - float(mpmath.fsum(parts))) <= 30 * 2.3e-16 * size


@pytest.mark.parametrize("count", [1, 511, 512, 1_300])
def test_without_the_table_it_is_the_same_to_the_last_bit(count: int) -> None:
    options, quantities = desk(count), held(23, count, min(1.0, 30.0 / count))
    for codes in (None, np.full(count, 3)):
        table = scenario_profits(
            options, GRID, is_coin_settled=None if codes is None else codes != 0
        )
        want = account_profits(quantities, table, settlement_code=codes)
        assert want.any()
        got = account_scenario_profits(options, GRID, quantities, settlement_code=codes)
        assert got.tobytes() == want.tobytes()


def test_where_blocks_begin_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    options = desk(1_700)
    dense = held(11, 1_700, 0.02).toarray()
    dense[3, 1:] = 1.5  # of everything but the first: four at a time straddle every block
    quantities = sparse.csr_array(dense)
    want = account_scenario_profits(options, GRID, quantities)
    # Cells seven at a time, and 512 instruments, in four blocks of which the last is not full.
    monkeypatch.setattr(accounts, "_CELLS_COUNT_MAX", 7)
    monkeypatch.setattr(accounts, "_WORK_COUNT", 7 * 512)
    assert len(GRID) % 7
    got = account_scenario_profits(options, GRID, quantities)
    assert got.tobytes() == want.tobytes()
    table = scenario_profits(options, GRID)
    assert account_profits(quantities, table).tobytes() == want.tobytes()


def test_holdings_in_any_order_are_added_up_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_WORK_COUNT", 1)  # 512 instruments at a time
    profits = scenario_profits(desk(1_300), GRID)
    quantities = sparse.csr_array(
        (np.array([1.0, 2.0, 3.0]), np.array([1_200, 5, 600]), np.array([0, 3])), shape=(1, 1_300)
    )
    want = 2.0 * profits[:, 5] + 3.0 * profits[:, 600] + profits[:, 1_200]
    np.testing.assert_allclose(account_profits(quantities, profits)[0], want, rtol=1e-12)


@pytest.mark.parametrize(
    ("held_counts", "threads_count", "want"),
    [
        ([2, 2, 2, 2], 2, [(0, 2), (2, 4)]),
        ([6, 1, 1, 0], 2, [(0, 1), (1, 4)]),
        ([0, 0, 8, 0], 4, [(0, 3), (3, 4)]),
        ([0, 0], 2, [(0, 2)]),
        ([], 2, []),
    ],
)
def test_threads_share_holdings_and_not_accounts(
    held_counts: list[int], threads_count: int, want: list[tuple[int, int]]
) -> None:
    ends = np.cumsum(np.array(held_counts, dtype=np.int64))
    assert accounts._by_holdings(ends, threads_count, 1) == want


def test_holdings_in_any_order_are_added_up() -> None:
    profits = scenario_profits(desk(3), GRID)
    # Unsorted, and instrument 2 twice.
    quantities = sparse.csr_array(
        (np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2]), np.array([0, 3, 3])), shape=(2, 3)
    )
    got = account_profits(quantities, profits)
    np.testing.assert_allclose(got[0], 2.0 * profits[:, 0] + 4.0 * profits[:, 2], rtol=1e-14)
    assert not got[1].any()


def test_integers_and_a_table_by_columns_will_do() -> None:
    profits = scenario_profits(desk(6), GRID)
    whole = sparse.csr_array(np.array([[0, 1, -2, 0, 3, 0]]))
    want = account_profits(whole.astype(np.float64), profits)
    assert account_profits(whole, np.asfortranarray(profits)).tobytes() == want.tobytes()


def test_another_kind_of_table_is_understood() -> None:
    profits = scenario_profits(desk(6), GRID)
    quantities = held(6, 6, 0.5)  # square, so that no shape could tell rows from columns
    want = account_profits(quantities, profits)
    got = account_profits(sparse.csc_array(quantities), profits)  # type: ignore[arg-type]
    assert got.tobytes() == want.tobytes()


@pytest.mark.parametrize("instrument", [-1, 3])
def test_a_table_that_points_outside_is_refused(instrument: int) -> None:
    quantities = sparse.csr_array(np.array([[0.0, 1.0, 0.0]]))
    quantities.indices[0] = instrument
    with pytest.raises(OutOfDomain, match="quantities_coin is not a sound sparse table"):
        account_profits(quantities, np.zeros((2, 3)))
    with pytest.raises(OutOfDomain, match="quantities_coin is not a sound sparse table"):
        account_scenario_profits(desk(3), GRID, quantities, settlement_code=np.array([1, 1, 0]))


def test_nothing_to_add_is_nothing() -> None:
    empty = ScenarioGrid.product(price_moves_frac=())
    options, quantities = desk(4), held(2, 4, 0.5)
    assert account_scenario_profits(options, empty, quantities).shape == (2, 0)
    nobody = sparse.csr_array((0, 4))
    assert account_scenario_profits(options, GRID, nobody).shape == (0, len(GRID))
    assert not account_scenario_profits(options, GRID, sparse.csr_array((3, 4))).any()
    assert not account_scenario_profits(desk(0), GRID, sparse.csr_array((3, 0))).any()


@pytest.mark.parametrize("threads_count", [1, 3])
def test_memory_does_not_grow_with_the_table(threads_count: int) -> None:
    grid = ScenarioGrid.product(
        price_moves_frac=np.linspace(-0.5, 0.5, 40), vol_moves_frac=np.linspace(-0.3, 0.3, 10)
    )
    options, quantities = desk(12_000), held(20, 12_000, 0.01)
    out = np.empty((20, len(grid)))
    account_scenario_profits(desk(600), grid, held(2, 600, 0.1))  # compiled before it is counted
    tracemalloc.start()
    account_scenario_profits(options, grid, quantities, threads_count=threads_count, out=out)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    table_bytes = len(grid) * len(options) * 8
    stated_bytes = (4 + threads_count) * 2**20 + 24 * quantities.nnz
    assert peak_bytes < 1.1 * stated_bytes
    assert table_bytes > 4 * stated_bytes
    # The work table itself is seen by the tracer, so the figure is not empty.
    assert peak_bytes > 4 * 2**20


def test_coin_and_dollars_are_not_added_up() -> None:
    options = desk(4)
    codes = np.array([1, 1, 0, 0])
    apart = sparse.csr_array(np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]]))
    got = account_scenario_profits(options, GRID, apart, settlement_code=codes)
    table = scenario_profits(options, GRID, is_coin_settled=codes != 0)
    np.testing.assert_array_equal(got[1], 2.0 * table[:, 3])
    np.testing.assert_array_equal(got, account_profits(apart, table, settlement_code=codes))
    mixed = sparse.csr_array(np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, -1.0]]))
    said = "account 1 holds instruments of settlement_code 1 beside 0"
    with pytest.raises(OutOfDomain, match=said):
        account_scenario_profits(options, GRID, mixed, settlement_code=codes)
    with pytest.raises(OutOfDomain, match=said):
        account_profits(mixed, table, settlement_code=codes)


def test_two_coins_are_not_one() -> None:
    options = desk(3)
    codes = np.array([1, 2, 0], dtype=np.int8)
    # Long a call paid in bitcoin, short the like paid in ether: no hedge, whatever it adds up to.
    hedged = sparse.csr_array(np.array([[0.0, 0.0, 1.0], [1.0, -1.0, 0.0]]))
    with pytest.raises(OutOfDomain, match=r"account 1 holds .* settlement_code 1 beside 2"):
        account_scenario_profits(options, GRID, hedged, settlement_code=codes)
    # What stands in the table with a quantity of nothing is not held.
    hedged.data[2] = 0.0
    assert account_scenario_profits(options, GRID, hedged, settlement_code=codes)[1].any()


def test_small_integers_do_not_hide_a_second_currency() -> None:
    # 64 and 64 are -128 in eight bits, 4 times 64 is nothing.
    many = sparse.csr_array(np.array([[64, 64, 64, 64, 64]], dtype=np.int8))
    with pytest.raises(OutOfDomain, match=r"account 0 holds .* settlement_code 1 beside 0"):
        account_scenario_profits(desk(5), GRID, many, settlement_code=np.array([1, 1, 1, 1, 0]))


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (np.array([True, False, True]), "settlement_code must be a whole number"),
        (np.array([1.0, 0.0, 1.0]), "settlement_code must be a whole number"),
        (
            np.ma.masked_array([1, 0, 1], mask=[False, True, False]),
            "settlement_code must be a whole number",
        ),
        (np.array([1, 0]), r"settlement_code has shape \(2,\), expected \(3,\)"),
    ],
)
def test_a_settlement_is_a_code_for_each(codes: Any, said: str) -> None:
    quantities = held(2, 3, 1.0)
    with pytest.raises(OutOfDomain, match=said):
        account_scenario_profits(desk(3), GRID, quantities, settlement_code=codes)
    with pytest.raises(OutOfDomain, match=said):
        account_profits(quantities, np.zeros((2, 3)), settlement_code=codes)


def test_an_unknown_profit_is_no_sum() -> None:
    profits = np.ones((4, 3))
    profits[2, 1] = np.nan
    quantities = sparse.csr_array(np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 2.0]]))
    with pytest.raises(OutOfDomain, match="account 1 gains nan in cell 2"):
        account_profits(quantities, profits)
    # Nobody holds it: nothing is unknown.
    assert account_profits(sparse.csr_array(np.array([[1.0, 0.0, 1.0]])), profits).sum() == 8.0
    profits[2, 1] = np.inf
    with pytest.raises(OutOfDomain, match="account 1 gains inf in cell 2"):
        account_profits(quantities, profits)


def test_a_buffer_may_not_lie_on_the_holdings() -> None:
    options = desk(3)
    one = ScenarioGrid.product(price_moves_frac=(0.1, 0.2, 0.3))
    quantities = sparse.csr_array(np.array([[1.0, 2.0, 3.0]]))
    with pytest.raises(OutOfDomain, match="out lies in the memory of an input"):
        account_scenario_profits(options, one, quantities, out=quantities.data.reshape(1, 3))


def test_what_does_not_fit_is_refused() -> None:
    options, quantities = desk(3), held(2, 3, 1.0)
    with pytest.raises(
        OutOfDomain, match=r"quantities know 4 instruments, profits have shape \(2, 3\)"
    ):
        account_profits(sparse.csr_array((1, 4)), np.empty((2, 3)))
    with pytest.raises(OutOfDomain, match="quantities know 4 instruments, not 3"):
        account_scenario_profits(options, GRID, sparse.csr_array((1, 4)))
    with pytest.raises(OutOfDomain, match="out must be float64 of shape"):
        account_scenario_profits(options, GRID, quantities, out=np.empty((3, len(GRID))))
    with pytest.raises(OutOfDomain, match="in one piece"):
        account_scenario_profits(options, GRID, quantities, out=np.empty((len(GRID), 2)).T)
    bad = sparse.csr_array(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, float("nan")]]))
    with pytest.raises(OutOfDomain, match="account 1 holds nan of instrument 2"):
        account_profits(bad, np.zeros((2, 3)))
    with pytest.raises(OutOfDomain, match="account 1 holds nan of instrument 2"):
        account_scenario_profits(options, GRID, bad)


def test_a_basis_that_would_overflow_is_refused() -> None:
    wide = ScenarioGrid.product(price_moves_frac=(0.0,), basis_shifts_frac_per_year=(200.0,))
    with pytest.raises(OutOfDomain, match="times the years left must be within ±100"):
        account_scenario_profits(desk(3), wide, held(2, 3, 1.0))


def test_a_buffer_is_written() -> None:
    options, quantities = desk(3), held(2, 3, 1.0)
    room = np.full((2, len(GRID)), np.nan)
    assert account_scenario_profits(options, GRID, quantities, out=room) is room
    np.testing.assert_array_equal(room, account_scenario_profits(options, GRID, quantities))
