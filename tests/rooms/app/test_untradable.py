"""What is held and cannot be traded stands under *Not done* with its reason, and is no silence."""

from pathlib import Path
from typing import Any

import pytest

from tests.rooms.app.made import DESK, hedgerow_here, morning

HEDGES = DESK[DESK.index("[[hedges]]") : DESK.index("[[buffers]]")]
RULES = 'venue = "binance"\ncurrency = "USDC"\nrulebook = "binance/2021-11-01"\n'
HELD = 'balances = { USDC = "150000" }\n'


def planned(folder: Path, rules: str) -> list[dict[str, Any]]:
    """Plan for the morning's desk with another rulebook for its perpetual; give what is not done.

    Without its hedges: a hedge of such an account is refused with the file.
    """
    words = morning(folder, (RULES + HELD, rules), (HEDGES, ""))
    unmet = hedgerow_here("plan", "make", *words, "--json", cwd=folder).json()["unmet"]
    return [each for each in unmet if each["subject"].startswith("BTCUSDT-PERP")]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (
            'venue = "dydx"\ncurrency = "USDC"\nrulebook = "dydx/2024-06-06"\n' + HELD,
            "dydx/2024-06-06 does not say what an order costs",
        ),
        (
            'venue = "hyperliquid"\ncurrency = "USDC"\nrulebook = "hyperliquid/2026-08-22"\n'
            + HELD,
            "hyperliquid/2026-08-22 does not say what an order costs",
        ),
        (
            'venue = "binance"\ncurrency = "USDC"\n' + HELD,
            "no rulebook says what an order costs there",
        ),
        (
            'venue = "aave"\ncurrency = "USD"\nrulebook = "aave/2023-10-31"\n',
            "aave/2023-10-31 has no rules for it",
        ),
    ],
)
def test_a_position_whose_orders_nobody_prices_is_named(
    rules: str, why: str, tmp_path: Path
) -> None:
    assert planned(tmp_path, rules) == [
        {
            "type": "failure",
            "subject": "BTCUSDT-PERP on perp",
            "reason": "unsupported",
            "message": why,
        }
    ]


def test_a_person_reads_it_below_the_plan(tmp_path: Path) -> None:
    rules = 'venue = "dydx"\ncurrency = "USDC"\nrulebook = "dydx/2024-06-06"\n'
    words = morning(tmp_path, (RULES, rules), (HEDGES, ""))
    told = " ".join(hedgerow_here("plan", "make", *words, cwd=tmp_path).out.split())
    assert (
        "Not done What Reason Message BTCUSDT-PERP on perp unsupported "
        "dydx/2024-06-06 does not say what an order costs"
    ) in told


def test_one_whose_orders_are_priced_is_not(tmp_path: Path) -> None:
    assert planned(tmp_path, RULES + HELD) == []
