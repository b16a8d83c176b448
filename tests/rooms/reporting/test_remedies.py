"""The table that a remedy names is one that TOML reads, of market and asset."""

import re
import tomllib
from typing import Any

import pytest

from hedgerow.errors import Failure
from hedgerow.market.ages import missing
from hedgerow.reporting.remedies import with_remedy


@pytest.mark.parametrize(
    ("names", "tables"),
    [
        ("aave USDC", {"aave": {"USDC": {}}}),
        ("maker:eth USDC.e", {"maker:eth": {"USDC.e": {}}}),
    ],
)
def test_rates_of_a_reserve_are_assumed_by_market_and_asset(
    names: str, tables: dict[str, Any]
) -> None:
    """A margin report tells the failure of the instrument, whose id is no table."""
    said = missing(names, "lending index", time_ns=0).message
    failure = Failure(subject="aave:USDC", reason="missing_data", message=said)
    (table,) = re.findall(r"\[.*\]", with_remedy(failure))
    assert tomllib.loads(table) == {"assumptions": {"lending": tables}}
