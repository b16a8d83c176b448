"""What a session joins: the world's news and the journal, the budget and the plans."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.units import parse_ns
from tests.rooms.app.made import DESK, hedgerow_here, morning
from tests.rooms.app.test_run import rows_of

BUDGET = DESK[DESK.index("[budget]") : DESK.index("[assumptions.depth]")]


@pytest.mark.slow
def test_funding_is_in_the_journal_at_its_time_with_its_amount(tmp_path: Path) -> None:
    words = morning(tmp_path)
    hedgerow_here("run", *words, "--no-compare", "--out", "out", "--json", cwd=tmp_path)
    rows = [r for r in rows_of(tmp_path / "out" / "journal.db") if r.kind == "settlement"]
    (row,) = rows
    told = row.payload["settlement"]
    assert row.time_ns == told["time_ns"] == parse_ns("2026-02-01T08:00:00Z")
    assert (told["kind"], told["account_id"], told["currency"]) == ("funding", "perp", "USDC")
    assert told["instrument_id"] == "BTCUSDT-PERP"
    assert Decimal(told["amount_ccy"]) > 0  # short, at a positive rate


@pytest.mark.slow
def test_a_plan_fits_the_budget_of_the_day_and_no_leg_is_refused(tmp_path: Path) -> None:
    words = morning(
        tmp_path,
        ("order_usd_max = 1000000", "order_usd_max = 60000"),
        ("orders_usd_per_day = 5000000", "orders_usd_per_day = 200000"),
    )
    hedgerow_here("run", *words, "--no-compare", "--out", "out", "--json", cwd=tmp_path)
    rows = rows_of(tmp_path / "out" / "journal.db")
    counted = Counter(row.kind for row in rows)
    assert counted["filled"] > 2
    assert counted["rejected"] == 0
    orders = [r for r in rows if r.kind == "intent" and r.payload["leg"]["type"] == "order"]
    spent = [Decimal(row.payload["value_usd"]) for row in orders]
    assert max(spent) <= 60_000
    assert 150_000 < sum(spent) <= 200_000


@pytest.mark.slow
def test_without_a_budget_proposals_are_as_large_as_they_need_to_be(tmp_path: Path) -> None:
    words = morning(tmp_path, ('mode = "auto"', 'mode = "propose"'), (BUDGET, ""))
    answer = hedgerow_here("run", *words, "--no-compare", "--json", cwd=tmp_path)
    (episode,) = answer.json()["episodes"]
    assert {action["leg"]["type"] for action in episode["actions"]} == {"order", "transfer"}
