"""The guide to desk files shows every key of what lets a desk act, with its default; it loads."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from hedgerow.app.desk import load_desk
from hedgerow.app.desk_fields import Part, duration_ns
from hedgerow.app.desk_file import (
    BudgetPart,
    BufferPart,
    DepthPart,
    HedgePart,
    OptionSpreadPart,
    PlanningPart,
    RoutePart,
    SwapPart,
    SwitchPart,
)
from tests.builders import packaged
from tests.rooms.app.made import DESK, LIMITS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "your-own-desk.md"
PARTS: dict[str, type[Part]] = {
    "[[hedges]]": HedgePart,
    "[[buffers]]": BufferPart,
    "[[routes]]": RoutePart,
    "[[switches]]": SwitchPart,
    "[[swaps]]": SwapPart,
    "[budget]": BudgetPart,
    "[planning]": PlanningPart,
    "[assumptions.depth]": DepthPart,
    "[assumptions.option_spread]": OptionSpreadPart,
}
LOAN = """
[[instruments]]
kind = "loan_supply"
id = "aave:wstETH"
market = "aave"
asset = "wstETH"
asset_decimals = 18

[[instruments]]
kind = "loan_supply"
id = "aave:dollars"
market = "aave"
asset = "USDC"
asset_decimals = 6

[[accounts]]
id = "loan"
venue = "aave"
currency = "USD"
rulebook = "aave/2023-10-31"
positions = [{ instrument = "aave:wstETH", quantity_contracts = "100" }]

"""
CATEGORY = """
[e_mode]
ltv_bps = 9000
liquidation_threshold_bps = 9300
liquidation_bonus_bps = 10100
members = ["wstETH"]
borrowable = ["USDC"]
"""
TEXT = GUIDE.read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def rows(part: str) -> dict[str, tuple[str, str, str]]:
    """What is said of each key: what it is, its unit, and what it is when left out."""
    (table,) = re.findall(rf"^\| `{re.escape(part)}` \|.*\n\| ---.*\n((?:\|.*\n)+)", TEXT, re.M)
    found = {}
    for line in table.splitlines():
        key, told, unit, left_out = (cell.strip() for cell in line.strip("|").split(" | "))
        found[key.strip("`")] = (told, unit, left_out)
    return found


@pytest.mark.parametrize("part", PARTS)
def test_every_key_is_told_with_its_unit_and_default(part: str) -> None:
    told = rows(part)
    fields = PARTS[part].model_fields
    assert list(told) == list(fields)
    for name, field in fields.items():
        said, unit, left_out = told[name]
        assert said, name
        assert unit, name
        if field.is_required():
            assert left_out == "needed", name
            continue
        assert field.default is not PydanticUndefined
        if field.default is None:
            assert left_out.partition(":")[0] == "none", name
        elif isinstance(field.default, str):
            assert left_out == field.default, name
        else:
            shown = duration_ns(left_out) if unit == "duration" else float(left_out)
            assert shown == field.default, name


def test_the_blocks_that_are_shown_load_as_they_stand(tmp_path: Path) -> None:
    """Below a head with the accounts and the instruments that they name."""
    start = DESK.index("[[hedges]]")
    book = tmp_path / "books" / "aave-eth" / "2023-10-31.toml"
    book.parent.mkdir(parents=True)
    plain = packaged("aave/2023-10-31").decode()
    joined = plain.replace('name = "aave/', 'name = "aave-eth/')
    joined = joined.replace('venue = "aave"', 'venue = "aave-eth"')
    book.write_text(joined + CATEGORY, encoding="utf-8")
    head = DESK[:start].replace(LIMITS, "").replace("[desk]\n", '[desk]\nrulebooks = "books"\n')
    path = tmp_path / "desk.toml"
    path.write_text(head + LOAN + BLOCK, encoding="utf-8")
    desk = load_desk(path)
    assert desk.hedges[0].band == "whalley-wilmott"
    assert desk.buffers[0].account_id == desk.routes[0].target_account_id == "perp"
    assert desk.switches[0].account_id == desk.swaps[0].account_id == "loan"
    assert desk.has_budget
    assert desk.planning is not None
    assert desk.assumptions.depth is not None


def test_the_blocks_show_every_key_but_those_that_exclude_each_other() -> None:
    shown = tomllib.loads(BLOCK)
    others = {"risk_aversion_per_usd", "budget_shortfall_usd", "interval"}
    for part, record in PARTS.items():
        there: Any = shown
        for name in part.strip("[]").split("."):
            there = there[name]
        keys = set(there[0] if isinstance(there, list) else there)
        assert set(record.model_fields) - keys == (others if part == "[[hedges]]" else set())
