"""What `test_hand_check` asks of a line, asked of the reports of every engine.

Loans have a calculator of their own, in integers (`loan_calculator`).
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.margin import MarginLine, MarginReport, require
from tests.rooms.margin import engines
from tests.rooms.margin.test_engine_properties_chain import asked, holding
from tests.rooms.margin.test_hand_check import check

CASES = {case.name: case for case in engines.CASES}
GIVEN = ("balance", "wallet balance", "cash", "borrowing and funding owed")
HELD = ([3, -2, 1, -1, 2], [-3, 2, -4, 1, -2], [1, 1, 1, 1, 1])


def lines_of(report: MarginReport) -> Iterator[MarginLine]:
    """Leave out what is given, and nothing to repeat."""
    for line in (*report.lines, *report.equity_lines):
        if line.detail or line.rule not in GIVEN:
            yield line


@pytest.mark.parametrize("name", CASES)
def test_every_line_of_an_exchange_can_be_repeated(name: str) -> None:
    case = CASES[name]
    seen = 0

    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def repeated(data: st.DataObject) -> None:
        nonlocal seen
        held = data.draw(st.composite(lambda draw: case.build_account(draw))())
        report = require(held, case.instruments, case.snapshot, case.rulebook)
        if isinstance(report, MarginReport):
            for line in lines_of(report):
                check(line)
                seen += 1

    repeated()
    assert seen > 0


@pytest.mark.parametrize("quantities", HELD, ids=str)
@pytest.mark.parametrize("name", engines.ON_CHAIN)
def test_every_line_of_an_engine_on_chain_can_be_repeated(name: str, quantities: list[int]) -> None:
    engine = engines.ON_CHAIN[name]
    held = holding(engine, quantities)
    report = asked(held, engine)
    lines = list(lines_of(report))
    assert lines
    for line in lines:
        check(line)
