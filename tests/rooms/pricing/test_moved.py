"""What is no option gains in a cell what its own column function says at the moved price."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import (
    EuropeanColumns,
    Floats,
    MovedContracts,
    ScenarioGrid,
    account_profits,
    account_scenario_profits,
    accounts,
    concentrated_shares,
    constant_product_shares,
    inverse_perpetuals,
    linear_perpetuals,
    moved_profits,
    power_perpetuals_at_premium,
    quanto_contracts,
    scenario_profits,
)

GRID = ScenarioGrid.product(
    price_moves_frac=(-0.6, -0.01, 0.0, 0.04, 1.5),
    vol_moves_frac=(-0.25, 0.0, 0.5),
    vol_shifts_frac=(0.0, 0.1),
    elapsed_years=(0.0, 1 / 365, 0.5),
    basis_shifts_frac_per_year=(0.0, -0.2),
)
COUNT = 6
rng = np.random.default_rng(3)
PRICE = rng.uniform(1e3, 1e5, COUNT)
ENTRY = PRICE * rng.uniform(0.7, 1.3, COUNT)
YEARS = np.array([0.0, 1 / 365, 0.3, 0.5, 1.0, 2.0])
CARRY = rng.uniform(-0.1, 0.2, COUNT)
NORM = rng.uniform(0.4, 1.0, COUNT)
LOWER, UPPER = PRICE * np.linspace(0.3, 1.02, COUNT), PRICE * np.linspace(0.8, 3.0, COUNT)
# Marks above the index, but for the last: there no variance is priced.
POWER_MARK = NORM / 1e4 * PRICE**2 * np.array([1.02, 1.05, 1.1, 1.3, 1.6, 0.97])


def forwards(cell: int) -> Floats:
    left = np.maximum(YEARS - GRID.elapsed_years[cell], 0.0)
    carry = CARRY + GRID.basis_shift_frac_per_year[cell]
    return np.asarray(PRICE * (1.0 + GRID.price_move_frac[cell]) * np.exp(carry * left))


def linear(cell: int) -> Floats:
    found = linear_perpetuals(
        quantity_coin=1.0, price_entry_usd=PRICE * np.exp(CARRY * YEARS),
        price_mark_usd=forwards(cell),
    )  # fmt: skip
    return found.value_usd


def inverse(cell: int) -> Floats:
    found = inverse_perpetuals(
        quantity_usd=1.0, price_entry_usd=PRICE * np.exp(CARRY * YEARS),
        price_mark_usd=forwards(cell),
    )  # fmt: skip
    return found.value_coin


def quanto(cell: int) -> Floats:
    def at(factor: float) -> Floats:
        return quanto_contracts(
            quantity_contracts=1.0, multiplier_coin_per_usd=1.0, price_entry_usd=ENTRY,
            price_mark_usd=PRICE * factor, price_settlement_usd=2_500.0 * factor,
        ).value_usd  # fmt: skip

    return at(1.0 + GRID.price_move_frac[cell]) - at(1.0)


def power(cell: int) -> Floats:
    def at(factor: float, **moved: Any) -> Floats:
        return power_perpetuals_at_premium(
            quantity_contracts=1.0, price_usd=PRICE * factor, norm_factor_frac=NORM,
            price_recorded_usd=PRICE, price_mark_recorded_usd=POWER_MARK, **moved,
        ).value_usd  # fmt: skip

    moved = at(
        1.0 + GRID.price_move_frac[cell],
        vol_factor_frac=1.0 + GRID.vol_move_frac[cell],
        vol_shift_frac=GRID.vol_shift_frac[cell],
        elapsed_years=GRID.elapsed_years[cell],
    )
    return moved - at(1.0)


def concentrated(cell: int) -> Floats:
    def at(factor: float) -> Floats:
        return concentrated_shares(
            liquidity_contracts=1.0, price_usd=PRICE * factor, price_lower_usd=LOWER,
            price_upper_usd=UPPER,
        ).value_usd  # fmt: skip

    return at(1.0 + GRID.price_move_frac[cell]) - at(1.0)


def whole_pool(cell: int) -> Floats:
    def at(factor: float) -> Floats:
        return constant_product_shares(liquidity_contracts=1.0, price_usd=PRICE * factor).value_usd

    return at(1.0 + GRID.price_move_frac[cell]) - at(1.0)


def power_contracts() -> MovedContracts:
    funding = np.log(POWER_MARK / (NORM / 1e4 * PRICE**2)) / (17.5 / 365)
    return MovedContracts.power(
        price_usd=PRICE,
        norm_factor_frac=NORM,
        vol_frac=np.sqrt(np.maximum(funding, 0.0)),
        rate_frac_per_year=np.minimum(funding, 0.0),
    )


KINDS: dict[str, tuple[MovedContracts, Callable[[int], Floats]]] = {
    "linear": (
        MovedContracts.linear(price_usd=PRICE, expiry_years=YEARS, carry_frac_per_year=CARRY),
        linear,
    ),
    "inverse": (
        MovedContracts.inverse(price_usd=PRICE, expiry_years=YEARS, carry_frac_per_year=CARRY),
        inverse,
    ),
    "quanto": (
        MovedContracts.quanto(
            price_mark_usd=PRICE, price_entry_usd=ENTRY, price_settlement_usd=2_500.0
        ),
        quanto,
    ),
    "power": (power_contracts(), power),
    "concentrated": (
        MovedContracts.pool(price_usd=PRICE, price_lower_usd=LOWER, price_upper_usd=UPPER),
        concentrated,
    ),
    "whole pool": (MovedContracts.pool(price_usd=PRICE), whole_pool),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_cell_is_what_its_column_function_says(kind: str) -> None:
    contracts, want = KINDS[kind]
    got = moved_profits(contracts, GRID)
    assert got.shape == (len(GRID), COUNT)
    still = (GRID.price_move_frac == 0.0) & (GRID.vol_move_frac == 0.0)
    still &= (GRID.vol_shift_frac == 0.0) & (GRID.elapsed_years == 0.0)
    still &= GRID.basis_shift_frac_per_year == 0.0
    assert still.any()
    assert not got[still].any()
    for cell in range(len(GRID)):
        expected = want(cell)
        # Relative to what a unit is worth: the two differences round at that size.
        size = {
            "linear": PRICE * 4.0,
            "inverse": 4.0 / PRICE,
            "quanto": PRICE * 2_500.0 * 6.0,
            "power": POWER_MARK * 12.0,
            "concentrated": np.sqrt(UPPER) * 4.0,
            "whole pool": np.sqrt(PRICE) * 6.0,
        }[kind]
        assert (np.abs(got[cell] - expected) <= 1e-13 * size).all(), cell


def options(count: int) -> EuropeanColumns:
    made = np.random.default_rng(9)
    return EuropeanColumns(
        underlying_usd=np.full(count, 6e4),
        strike_usd=made.uniform(4e4, 8e4, count),
        vol_frac=made.uniform(0.3, 1.2, count),
        expiry_years=made.uniform(0.0, 1.0, count),
        is_call=made.random(count) < 0.5,
    )


def mixed(count: int) -> tuple[EuropeanColumns, list[MovedContracts], Any, Any]:
    """A book of everything, and accounts that hold of it: in dollars, and in one coin."""
    made = np.random.default_rng(10)
    many = made.uniform(1e3, 1e5, 700)
    others = [
        MovedContracts.linear(price_usd=many, expiry_years=made.uniform(0.0, 1.0, 700)),
        MovedContracts.inverse(price_usd=many),
        *(contracts for contracts, _ in KINDS.values()),
    ]
    lengths = [count, *map(len, others)]
    in_coin = [False, False, True, False, True, False, False, False, False]
    codes = np.repeat(np.where(in_coin, 4, 0), lengths)
    codes[: count // 2] = 4  # half of the options are paid in that coin
    codes[count : count + 300] = 4  # and some linear contracts are quantos
    dense = made.normal(size=(12, sum(lengths))) * (made.random((12, sum(lengths))) < 0.1)
    dense[::2, codes != 0] = 0.0
    dense[1::2, codes == 0] = 0.0
    return options(count), others, sparse.csr_array(dense), codes


@pytest.mark.parametrize("count", [0, 3, 512, 700])
def test_one_call_gives_a_mixed_book(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    held_options, others, held, codes = mixed(count)
    table = np.concatenate(
        [
            scenario_profits(held_options, GRID, is_coin_settled=codes[:count] != 0),
            *(moved_profits(contracts, GRID) for contracts in others),
        ],
        axis=1,
    )
    want = account_profits(held, table, settlement_code=codes)
    assert want.any(axis=1).all()
    got = account_scenario_profits(held_options, GRID, held, others=others, settlement_code=codes)
    assert got.tobytes() == want.tobytes()
    # However it is cut, and whoever computes it.
    monkeypatch.setattr(accounts, "CELLS_COUNT_MIN", 1)
    monkeypatch.setattr(accounts, "_SUMS_COUNT_MIN", 1)
    monkeypatch.setattr(accounts, "_CELLS_COUNT_MAX", 7)
    monkeypatch.setattr(accounts, "_WORK_COUNT", 7 * 512)
    for threads_count in (1, 2, 5):
        room = np.full_like(want, np.nan)
        again = account_scenario_profits(
            held_options, GRID, held, others=others, settlement_code=codes,
            threads_count=threads_count, out=room,
        )  # fmt: skip
        assert again is room
        assert room.tobytes() == want.tobytes()


def test_a_hedged_account_by_hand() -> None:
    """Short an inverse perpetual of all it holds: in dollars nothing is left of any move."""
    coins, entry, mark = 2.0, 50_000.0, 60_000.0
    spot = MovedContracts.linear(price_usd=mark)
    grid = ScenarioGrid.product(price_moves_frac=(-0.3, 0.0, 0.5))
    none = options(0)
    # Two coins, and a short of 100,000 dollars entered at 50,000: N/E = 2 coins in dollars.
    held = sparse.csr_array(np.array([[coins, -100_000.0 / entry]]))
    got = account_scenario_profits(none, grid, held, others=[spot, spot])
    assert got[0] == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    # In coin it gains what the column function says.
    inverse_one = MovedContracts.inverse(price_usd=mark)
    short = sparse.csr_array(np.array([[-100_000.0]]))
    got = account_scenario_profits(
        none, grid, short, others=[inverse_one], settlement_code=np.array([1])
    )
    want = [-100_000.0 * (1 / mark - 1 / (mark * (1 + move))) for move in (-0.3, 0.0, 0.5)]
    assert got[0] == pytest.approx(want, rel=1e-13)


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("inverse", 0, "instrument 2 gains in coin, its settlement_code was 0"),
        ("power", 3, "instrument 2 gains in usd, its settlement_code was 3"),
        ("quanto", 1, "instrument 2 gains in usd, its settlement_code was 1"),
        ("concentrated", 1, "instrument 2 gains in usd"),
        ("whole pool", 1, "instrument 2 gains in usd"),
    ],
)
def test_a_contract_has_a_code_in_which_it_gains(kind: str, code: int, said: str) -> None:
    codes = np.full(2 + COUNT, code)
    with pytest.raises(OutOfDomain, match=said):
        account_scenario_profits(
            options(2), GRID, sparse.csr_array((1, 2 + COUNT)), others=[KINDS[kind][0]],
            settlement_code=codes,
        )  # fmt: skip


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutOfDomain, match=r"price_usd must be .* row 1 was 0.0"):
        MovedContracts.linear(price_usd=np.array([1.0, 0.0]))
    with pytest.raises(OutOfDomain, match="carry_frac_per_year times expiry_years"):
        MovedContracts.inverse(price_usd=1.0, expiry_years=100.0, carry_frac_per_year=2.0)
    with pytest.raises(OutOfDomain, match="both given, or neither"):
        MovedContracts.pool(price_usd=1.0, price_lower_usd=0.5)
    with pytest.raises(OutOfDomain, match="price_lower_usd must lie below price_upper_usd, row 0"):
        MovedContracts.pool(price_usd=1.0, price_lower_usd=2.0, price_upper_usd=2.0)
    with pytest.raises(OutOfDomain, match="quantities know 5 instruments, not 8"):
        account_scenario_profits(
            options(2), GRID, sparse.csr_array((1, 5)), others=[KINDS["linear"][0]]
        )
    far = ScenarioGrid.product(price_moves_frac=(0.0,), vol_shifts_frac=(900.0,))
    with pytest.raises(OutOfDomain, match="the funding of a power perpetual"):
        moved_profits(KINDS["power"][0], far)
    wide = ScenarioGrid.product(price_moves_frac=(0.0,), basis_shifts_frac_per_year=(60.0,))
    with pytest.raises(OutOfDomain, match="times the years left must be within ±100"):
        moved_profits(KINDS["linear"][0], wide)
    with pytest.raises(OutOfDomain, match="times the years left must be within ±100"):
        account_scenario_profits(
            options(0), wide, sparse.csr_array((1, COUNT)), others=[KINDS["linear"][0]]
        )


def test_a_buffer_is_written_and_checked() -> None:
    contracts = KINDS["linear"][0]
    want = moved_profits(contracts, GRID)
    room = np.full(want.shape, np.nan)
    assert moved_profits(contracts, GRID, out=room) is room
    assert room.tobytes() == want.tobytes()
    for bad in (np.empty((COUNT, len(GRID))), room.astype("f4"), np.asfortranarray(room)):
        with pytest.raises(OutOfDomain, match="out must be"):
            moved_profits(contracts, GRID, out=bad)


def test_columns_are_copied_and_may_be_none() -> None:
    price = np.array([1.0, 2.0])
    contracts = MovedContracts.linear(price_usd=price)
    price[0] = 9.0
    one = ScenarioGrid.product(price_moves_frac=(1.0,))
    assert moved_profits(contracts, one).tolist() == [[1.0, 2.0]]
    assert moved_profits(MovedContracts.pool(price_usd=np.empty(0)), GRID).shape == (len(GRID), 0)
