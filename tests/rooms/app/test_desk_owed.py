"""A desk file may say what an account owes, where its venue lends or charges it."""

from pathlib import Path

from hedgerow.app.desk import load_desk
from tests.rooms.app.edit import example, mistakes, written


def test_what_a_venue_lends_may_be_owed_from_the_start(tmp_path: Path) -> None:
    """Cash of Hyperliquid's portfolio margin may be borrowed; a token of it may not."""
    raw = example()
    raw["accounts"].append(
        {
            "id": "borrower",
            "venue": "hyperliquid",
            "currency": "USDC",
            "rulebook": "hyperliquid-portfolio/2026-08-22",
            "balances": {"USDC": -100, "HYPE": 10},
        }
    )
    borrower = load_desk(written(tmp_path, raw)).accounts[-1]
    assert borrower.balance_coin("USDC") == -100
    raw["accounts"][-1]["balances"] = {"USDC": -100, "HYPE": -10}
    (told,) = mistakes(tmp_path, raw)
    assert told.endswith("balances.HYPE: must be at least 0, was -10")
