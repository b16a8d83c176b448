"""Two standings side by side: what is unknown in one has no change."""

from decimal import Decimal

import pytest

from hedgerow.margin import MarginReport, require
from hedgerow.solvency import Distance, Standing, compared, distance, standing
from tests.builders import account, by_id, perpetual, quote, snapshot, tiered_rulebook

D = Decimal
TERMS = by_id(perpetual())
NOW = snapshot(quote("BTC-PERP", 80_000))
TIERS = tiered_rulebook([(0, "0.01")])


def stands(quantity: int, usd: int) -> tuple[MarginReport, Standing]:
    held = account(positions={"BTC-PERP": (quantity, 80_000)}, balances={"USDC": usd})
    report = require(held, TERMS, NOW, TIERS)
    far = distance(held, TERMS, NOW, TIERS)
    assert isinstance(report, MarginReport)
    assert isinstance(far, Distance)
    return report, standing(report, far)


def test_the_change_is_after_less_before() -> None:
    """One coin long: 8,000 - (80,000 - S) = 0.01 S at S = 72,000 / 0.99."""
    report, before = stands(1, 8_000)
    _, after = stands(2, 20_000)
    found = compared(report, (), (), before, after)
    assert before.requirement_maintenance_ccy == 800
    assert after.requirement_maintenance_ccy == 1600
    assert found.change.requirement_maintenance_ccy == 800
    assert found.change.requirement_initial_ccy == 1600
    assert found.change.equity_ccy == 12_000
    assert found.change.headroom_ccy == 12_000 - 800
    assert found.change.use_frac == D(1600) / 20_000 - D(800) / 8_000
    assert before.distance_down_frac == pytest.approx(72_000 / 0.99 / 80_000 - 1, abs=2e-4)
    assert after.distance_down_frac == pytest.approx(70_000 / 0.99 / 80_000 - 1, abs=2e-4)
    assert found.change.distance_down_frac == pytest.approx(-2_000 / 0.99 / 80_000, abs=4e-4)
    assert before.distance_up_frac is None
    assert found.change.distance_up_frac is None
    assert not after.is_liquidatable


def test_no_equity_has_no_use_and_no_change_of_use() -> None:
    report, before = stands(1, 8_000)
    _, broke = stands(1, -5)
    found = compared(report, (), (), before, broke)
    assert broke.use_frac is None
    assert found.change.use_frac is None
    assert broke.is_liquidatable
    assert (broke.distance_down_frac, broke.distance_up_frac) == (0.0, 0.0)
