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


LOTS = [
    # BTC options trade in tenths, those on ETH in ones, the example's perpetuals in thousandths.
    ("accounts.0.positions.0", "-20.05", "accounts.[0: deribit-btc].positions.[0]", "0.1"),
    ("accounts.1.positions.1", "-0.5", "accounts.[1: deribit-eth].positions.[1]", "1"),
    ("accounts.2.positions.0", "-19.3005", "accounts.[2: perp].positions.[0]", "0.001"),
]


@pytest.mark.parametrize(("where", "quantity", "told", "lot"), LOTS)
def test_a_quantity_is_a_multiple_of_the_lot(
    tmp_path: Path, where: str, quantity: str, told: str, lot: str
) -> None:
    raw = changed(example(), f"{where}.quantity_contracts", quantity)
    must = f"must be a multiple of the lot {lot}, was {quantity}"
    assert mistakes(tmp_path, raw) == [f"{told}.quantity_contracts: {must}"]


def test_so_is_that_of_an_order_and_a_loan_has_no_lot(tmp_path: Path) -> None:
    raw = changed(example(), "accounts.3.positions.0.quantity_contracts", "400.123456789")
    order = {"instrument": "BTCUSDT-PERP", "quantity_contracts": "0.0001", "price_ccy": 1}
    changed(raw, "accounts.2.orders", [order])
    assert mistakes(tmp_path, raw) == [
        "accounts.[2: perp].orders.[0].quantity_contracts: must be a multiple of the lot 0.001, "
        "was 0.0001"
    ]


@pytest.mark.parametrize("quantity", ["1e30", "1.0000000000000000001"])
def test_a_quantity_of_too_many_digits_is_told_once(tmp_path: Path, quantity: str) -> None:
    (told,) = mistakes(
        tmp_path, changed(example(), "accounts.2.positions.0.quantity_contracts", quantity)
    )
    assert "must have at most" in told
