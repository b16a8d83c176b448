"""A report adds up or does not exist; its ratios say what is unknown."""

from decimal import Decimal

import pytest

from hedgerow.margin import MarginLine, MarginReport
from tests.builders import T0_NS, exact

D = Decimal


def report(
    equity: str, requirement: str, *, lines: str | None = None, equity_lines: str | None = None
) -> MarginReport:
    def line(amount: str) -> tuple[MarginLine, ...]:
        return (MarginLine(rule="r", subject="s", amount_ccy=exact(amount)),)

    return MarginReport(
        account_id="main",
        rulebook="rules",
        currency="USD",
        time_ns=T0_NS,
        confidence="estimate",
        equity_ccy=exact(equity),
        requirement_maintenance_ccy=exact(requirement),
        requirement_initial_ccy=exact(requirement),
        lines=line(lines or requirement),
        equity_lines=line(equity_lines or equity),
    )


def test_lines_that_do_not_add_up_raise() -> None:
    with pytest.raises(ValueError, match=r"requirement_maintenance_ccy is 10 but .* up to 10\.01"):
        report("5", "10", lines="10.01")
    with pytest.raises(ValueError, match=r"equity_ccy is 5 but its lines add up to 4\.999"):
        report("5", "10", equity_lines="4.999")


STATES = """
    equity  requirement  headroom  use   liquidatable
    200     100          100       0.5   no
    100     100          0         1     no
    99.99   100         -0.01      1.0001000100010001 yes
    0       100         -100       none  yes
   -1       100         -101       none  yes
    0       0            0         0     no
    5       0            5         0     no
   -5       0           -5         none  yes
"""


@pytest.mark.parametrize("row", STATES.strip().splitlines()[1:])
def test_the_states_of_an_account(row: str) -> None:
    equity, requirement, headroom, use, is_liquidatable = row.split()
    got = report(equity, requirement)
    assert got.headroom_ccy == D(headroom)
    assert got.is_liquidatable is (is_liquidatable == "yes")
    if use == "none":
        assert got.use_frac is None
    else:
        assert got.use_frac is not None
        assert abs(got.use_frac - D(use)) < D("1e-15")
