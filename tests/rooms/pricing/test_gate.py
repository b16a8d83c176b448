"""The gate refuses what cannot be, naming the column and the first bad row."""

from typing import Any

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.gate import AMOUNT, PRICE, buffer, gate, room, steep

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("bad", [NAN, INF, -INF, 0.0, -1.0, 1e31])
def test_the_first_bad_row_is_named(bad: float) -> None:
    prices = np.array([1.0, 2.0, bad, bad])
    with pytest.raises(OutOfDomain, match=r"price_usd must be finite and from 1e-30 .* row 2 was"):
        gate(quantity_coin=(np.ones(4), AMOUNT), price_usd=(prices, PRICE))


def test_one_number_stands_for_all_rows() -> None:
    quantity, price = gate(quantity_coin=(np.ones(3), AMOUNT), price_usd=(7.0, PRICE))
    assert quantity.shape == price.shape == (3,)
    assert price.tolist() == [7.0, 7.0, 7.0]
    with pytest.raises(OutOfDomain, match=r"price_usd .* row 0 was nan"):
        gate(quantity_coin=(np.ones(3), AMOUNT), price_usd=(NAN, PRICE))


def test_numbers_alone_are_one_row() -> None:
    assert [column.shape for column in gate(a=(1.0, AMOUNT), b=(2.0, AMOUNT))] == [(1,), (1,)]


def test_nothing_is_fine() -> None:
    assert [column.shape for column in gate(a=(np.empty(0), PRICE), b=(2.0, PRICE))] == [(0,), (0,)]


@pytest.mark.parametrize("shape", [(2,), (3, 1), (1, 3)])
def test_lengths_must_agree(shape: tuple[int, ...]) -> None:
    with pytest.raises(OutOfDomain, match=r"price_usd has shape .*, expected \(3,\)"):
        gate(quantity_coin=(np.ones(3), AMOUNT), price_usd=(np.ones(shape), PRICE))


def test_a_table_is_no_column() -> None:
    with pytest.raises(OutOfDomain, match=r"quantity_coin has shape \(2, 2\)"):
        gate(quantity_coin=(np.ones((2, 2)), AMOUNT))


def test_what_goes_into_an_exponent_is_bounded() -> None:
    assert steep("rate", np.array([1.0, -2.0]), np.array([100.0, 50.0])).tolist() == [100.0, -100.0]
    with pytest.raises(OutOfDomain, match=r"rate times years .* row 1 was -2.0 over 51.0"):
        steep("rate", np.array([1.0, -2.0]), np.array([100.0, 51.0]))


@pytest.mark.parametrize("count", [1, 512, 1_000, 10_007, 100_000])
@pytest.mark.parametrize("dtype", [np.float64, np.int8])
def test_a_buffer_begins_with_a_line_of_the_cache(count: int, dtype: type) -> None:
    kept = [buffer((3, count), dtype) for _ in range(4)]
    for number, each in enumerate(kept):
        assert each.shape == (3, count)
        assert each.dtype == dtype
        assert each.flags.carray
        each[:] = number
        if each.nbytes >= 4_096:
            assert each.ctypes.data % 64 == 0
    assert [int(each.min()) + int(each.max()) for each in kept] == [0, 2, 4, 6]


def test_room_is_the_callers_or_new() -> None:
    assert room(None, 2, 1_000).ctypes.data % 64 == 0
    mine = np.zeros((2, 3))
    assert room(mine, 2, 3) is mine
    assert room(None, 2, 3).shape == (2, 3)
    locked = np.zeros((2, 3))
    locked.setflags(write=False)
    bads: list[Any] = [np.zeros((3, 2)), np.zeros((2, 3), np.float32), np.zeros((3, 2)).T, locked]
    for bad in bads:
        with pytest.raises(OutOfDomain, match="out must be"):
            room(bad, 2, 3)
