"""Numbers in a desk file that are right in another unit, and would disarm what they set."""

from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.app.desk import load_desk
from tests.rooms.app.edit import changed, example, mistakes, written

USE, DISTANCE = 2, 3  # the limits of the example on these
AT_MOST, BELOW = "must be at most 1: write 0.5 for 50 %", "must be below 0.7: write 0.5 for 50 %"


@pytest.mark.parametrize(
    ("limit", "soft", "hard", "told"),
    [
        (USE, 50, 80, [f"soft: {AT_MOST}, was 50", f"hard: {AT_MOST}, was 80"]),
        (USE, Decimal("0.9"), Decimal("1.01"), [f"hard: {AT_MOST}, was 1.01"]),
        (DISTANCE, 15, 7, [f"soft: {BELOW}, was 15", f"hard: {BELOW}, was 7"]),
        # One bound is told of alone: what it is to the other says nothing then.
        (DISTANCE, Decimal("0.15"), 7, [f"hard: {BELOW}, was 7"]),
        (DISTANCE, Decimal("0.7"), Decimal("0.1"), [f"soft: {BELOW}, was 0.7"]),
    ],
)
def test_a_limit_in_per_cent_is_refused(
    tmp_path: Path, limit: int, soft: object, hard: object, told: list[str]
) -> None:
    raw = changed(example(), f"limits.{limit}.soft", soft)
    changed(raw, f"limits.{limit}.hard", hard)
    assert mistakes(tmp_path, raw) == [f"limits.[{limit}].{line}" for line in told]


PEG = "must be what one coin is worth in USD, from 0.5 to 1.5"


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("100", f"{PEG}, was 100"),
        ("0.01", f"{PEG}, was 0.01"),
        ("0.4999", f"{PEG}, was 0.4999"),
        ("1.5001", f"{PEG}, was 1.5001"),
        ("0", "must be above 0, was 0"),
        ("NaN", "must be finite, was NaN"),
    ],
)
def test_a_dollar_coin_is_worth_about_a_dollar(tmp_path: Path, price: str, told: str) -> None:
    raw = changed(example(), "dollars.USDC", price)
    assert mistakes(tmp_path, raw) == [f"dollars.USDC: {told}"]


@pytest.mark.parametrize("price", ["0.5", "0.88", "1.5"])
def test_a_dollar_coin_may_be_off_its_peg(tmp_path: Path, price: str) -> None:
    desk = load_desk(written(tmp_path, changed(example(), "dollars.USDC", price)))
    assert desk.dollars_usd == {"USDC": Decimal(price)}
