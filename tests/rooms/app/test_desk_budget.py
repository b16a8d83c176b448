"""Who may act needs a budget; who may not needs none."""

from pathlib import Path

import pytest

from hedgerow.app.desk import load_desk
from tests.rooms.app.edit import GONE, changed, example, mistakes, written


@pytest.mark.parametrize("mode", ["observe", "propose"])
def test_a_desk_that_may_not_act_needs_no_budget(tmp_path: Path, mode: str) -> None:
    desk = load_desk(
        written(tmp_path, changed(changed(example(), "desk.mode", mode), "budget", GONE))
    )
    assert not desk.has_budget
    assert desk.order_usd_max == desk.orders_usd_per_day == desk.transfers_usd_per_day == 0


def test_a_budget_of_nothing_is_a_budget(tmp_path: Path) -> None:
    raw = example()
    for cap in ("order_usd_max", "orders_usd_per_day", "transfers_usd_per_day"):
        changed(raw, f"budget.{cap}", 0)
    desk = load_desk(written(tmp_path, raw))
    assert desk.has_budget
    assert desk.transfers_usd_per_day == 0


def test_an_empty_budget_lacks_every_cap(tmp_path: Path) -> None:
    assert mistakes(tmp_path, changed(example(), "budget", {})) == [
        *("budget.order_usd_max: missing", "budget.orders_usd_per_day: missing"),
        *("budget.transfers_usd_per_day: missing", "budget.price_collar: missing"),
    ]
