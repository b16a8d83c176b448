"""The health factor of a loan stands beside its use, and is never shown safer than it is."""

from decimal import Decimal

import pytest
from rich.console import Console

from hedgerow.margin import MarginLine, MarginReport
from hedgerow.reporting import margin_tables


def _titled(collateral_usd: str, debt_usd: str, health_wad: int | None) -> str:
    owed, held = (
        MarginLine(rule=rule, subject="X", amount_ccy=Decimal(amount))
        for rule, amount in (("debt", debt_usd), ("collateral x threshold", collateral_usd))
    )
    report = MarginReport(
        account_id="loan", rulebook="aave/2023-06-20", currency="USD", time_ns=0,
        confidence="estimate", equity_ccy=held.amount_ccy,
        requirement_maintenance_ccy=owed.amount_ccy, requirement_initial_ccy=owed.amount_ccy,
        lines=(owed,), equity_lines=(held,), health_wad=health_wad,
    )  # fmt: skip
    console = Console(width=200, highlight=False)
    with console.capture() as found:
        console.print(margin_tables({"desk/aave/loan": report}))
    return found.get().splitlines()[0]


@pytest.mark.parametrize(
    ("collateral_usd", "debt_usd", "health_wad", "told"),
    [
        ("125", "100", 1_250_000_000_000_000_000, "loan: use 80.0 %, health factor 1.2500, aave"),
        # 8 / 7 of a wad is 1.142857…; shown are whole ten-thousandths of it.
        ("8", "7", 1_142_857_142_857_142_857, "loan: use 87.5 %, health factor 1.1428, aave"),
        ("99.999999", "100", 999_999_990_000_000_000, "LIQUIDATABLE, health factor 0.9999, aave"),
        ("8", "0", None, "loan: use 0.0 %, aave"),
    ],
)
def test_a_loan_tells_its_health_factor_beside_its_use(
    collateral_usd: str, debt_usd: str, health_wad: int | None, told: str
) -> None:
    assert told in _titled(collateral_usd, debt_usd, health_wad)
