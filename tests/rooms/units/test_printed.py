from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.units import Printed
from hedgerow.units import printed as module


@given(st.decimals(min_value="0.0001", max_value="999999", places=4))
def test_what_was_printed_comes_back(printed: Decimal) -> None:
    assert Printed().one(float(printed)) == printed


def test_a_column_keeps_its_order_and_its_gaps() -> None:
    assert Printed().column_or_none([0.1, None, 62_000.5, 0.1]) == [
        Decimal("0.1"),
        None,
        Decimal("62000.5"),
        Decimal("0.1"),
    ]


def test_memory_is_bounded() -> None:
    printed = Printed()
    printed.column(float(i) for i in range(3 * module._KEEP_COUNT))
    assert len(printed._known) <= module._KEEP_COUNT
    assert printed.one(7.0) == 7
