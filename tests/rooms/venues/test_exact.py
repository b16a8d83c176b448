from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.venues.recordings import exact as module
from hedgerow.venues.recordings.exact import Exact


@given(st.decimals(min_value="0.0001", max_value="999999", places=4))
def test_what_was_printed_comes_back(printed: Decimal) -> None:
    assert Exact().one(float(printed)) == printed


def test_a_column_keeps_its_order_and_its_nulls() -> None:
    column = pl.Series([0.1, None, 62_000.5, 0.1])
    assert Exact().column_or_none(column) == [
        Decimal("0.1"),
        None,
        Decimal("62000.5"),
        Decimal("0.1"),
    ]


def test_memory_is_bounded() -> None:
    exact = Exact()
    exact.column(pl.Series(range(3 * module._KEEP_COUNT), dtype=pl.Float64))
    assert len(exact._known) <= module._KEEP_COUNT
    assert exact.one(7.0) == 7
