"""What a liquidator may take: close factor, amounts, fee, dust and bad debt."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.aave_v3 import (
    close_factor_bps,
    deficits_raw,
    is_liquidatable,
    leaves_dust,
    liquidation_amounts_raw,
    repayable_raw,
)
from tests.golden.read import cases

D = Decimal
BASE = 10**8
WAD = 10**18


@pytest.mark.parametrize(
    "sample", cases("aave/protocol_cases", "close_factor_bps"), ids=lambda case: case["id"]
)
def test_close_factor_cases(sample: dict[str, Any]) -> None:
    given = sample["given"]
    assert close_factor(
        given["health_factor"], given["reserve_collateral_usd"], given["reserve_debt_usd"]
    ) == int(sample["then"]["value"])


def close_factor(health: str, collateral_usd: str, debt_usd: str) -> int:
    return close_factor_bps(
        health_wad=int(D(health) * 10**18),
        reserve_collateral_base=int(D(collateral_usd) * BASE),
        reserve_debt_base=int(D(debt_usd) * BASE),
        partial_close_bps=5000,
        full_below_health_wad=int(D("0.95") * 10**18),
        full_below_base=2000 * BASE,
    )


CLOSE_FACTORS = """
    health                collateral_usd  debt_usd     bps
    0.950000000000000001  2000            2000         5000
    0.95                  2000            2000         10000
    0.97                  1999.99999999   2000         10000
    0.97                  2000            1999.99999999 10000
    0.97                  200000          150000       5000
"""


@pytest.mark.parametrize("row", CLOSE_FACTORS.strip().splitlines()[1:])
def test_close_factor_at_its_bounds(row: str) -> None:
    """Whole debt unless both are at least 2000 and the health factor is above 0.95 (section 5)."""
    health, collateral_usd, debt_usd, bps = row.split()
    assert close_factor(health, collateral_usd, debt_usd) == int(bps)


@pytest.mark.parametrize(
    "sample",
    cases("aave/protocol_cases", "available_collateral_to_liquidate"),
    ids=lambda case: case["id"],
)
def test_liquidation_amount_cases(sample: dict[str, Any]) -> None:
    given = {name: int(number) for name, number in sample["given"].items()}
    seized, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=given["collateral_price_1e8"],
        collateral_decimals=given["collateral_decimals"],
        debt_price_base=given["debt_price_1e8"],
        debt_decimals=given["debt_decimals"],
        debt_to_cover_raw=given["debt_to_cover"],
        collateral_balance_raw=given["collateral_balance"],
        liquidation_bonus_bps=given["liquidation_bonus_bps"],
        protocol_fee_bps=given["protocol_fee_bps"],
    )
    assert {
        "collateral_to_liquidator": str(seized),
        "debt_repaid": str(repaid),
        "protocol_fee": str(fee),
    } == sample["then"]


def test_the_protocol_takes_its_fee_rounded_up() -> None:
    """Of 105 units seized 5 are bonus; a tenth of these is half a unit."""
    seized, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=BASE,
        collateral_decimals=6,
        debt_price_base=BASE,
        debt_decimals=6,
        debt_to_cover_raw=100,
        collateral_balance_raw=10**6,
        liquidation_bonus_bps=10_500,
        protocol_fee_bps=1_000,
    )
    assert (seized, repaid, fee) == (104, 100, 1)


GATES = """
    health  is_paused  grace_left_s  open
    0.99    no         -             yes
    1       no         -             no
    -       no         -             no
    0.99    yes        -             no
    0.99    no         0             no
    0.99    no         60            no
    0.99    no         -1            yes
"""


@pytest.mark.parametrize("row", GATES.strip().splitlines()[1:])
def test_when_a_liquidator_may_act(row: str) -> None:
    health, is_paused, grace, is_open = row.split()
    assert is_liquidatable(
        None if health == "-" else int(D(health) * WAD),
        is_paused=is_paused == "yes",
        grace_left_s=None if grace == "-" else int(grace),
    ) is (is_open == "yes")


def test_without_pause_or_grace_health_alone_decides() -> None:
    assert is_liquidatable(WAD - 1)
    assert not is_liquidatable(WAD)


def test_half_is_of_all_debt_not_of_this_one() -> None:
    """5,000 of 12,000 owed may go whole; of 9,000 in all only 4,500 may (trap 6)."""
    dollar: dict[str, int] = {"debt_price_base": BASE, "debt_decimals": 6}
    mine = 5_000 * 10**6
    for close_bps, total, want in (
        (5_000, 12_000, 5_000),
        (5_000, 10_000, 5_000),
        (5_000, 9_000, 4_500),
        (10_000, 5_000, 5_000),
    ):
        got = repayable_raw(
            close_bps=close_bps, debt_raw=mine, debt_total_base=total * BASE, **dollar
        )
        assert got == want * 10**6


def test_half_is_rounded_half_up_in_the_base_currency_and_down_in_the_token() -> None:
    """Half of 7 is 4; at a price of 3 with no decimals that is one token."""
    assert (
        repayable_raw(
            close_bps=5_000, debt_raw=2, debt_price_base=3, debt_decimals=0, debt_total_base=7
        )
        == 1
    )
    assert (
        repayable_raw(
            close_bps=5_000, debt_raw=2, debt_price_base=2, debt_decimals=0, debt_total_base=7
        )
        == 2
    )


def test_a_debt_that_fills_half_of_the_total_goes_whole_and_no_more() -> None:
    """Two tenths of a token at 3 are worth 0.6, that is 1; for 1 one could pay three tenths."""
    assert (
        repayable_raw(
            close_bps=5_000, debt_raw=2, debt_price_base=3, debt_decimals=1, debt_total_base=2
        )
        == 2
    )


def seized(**changed: int) -> tuple[int, int, int]:
    plain = {
        "collateral_price_base": 1,
        "collateral_decimals": 0,
        "debt_price_base": 1,
        "debt_decimals": 0,
        "debt_to_cover_raw": 100,
        "collateral_balance_raw": 100,
        "liquidation_bonus_bps": 10_000,
        "protocol_fee_bps": 0,
    }
    return liquidation_amounts_raw(**{**plain, **changed})


def test_a_balance_that_is_just_enough_does_not_cut_the_repayment() -> None:
    """1.50 buy one whole unit, all there is; with none to spare the price is still 1.50."""
    assert seized(debt_decimals=2, debt_to_cover_raw=150, collateral_balance_raw=1) == (1, 150, 0)
    assert seized(debt_decimals=2, debt_to_cover_raw=250, collateral_balance_raw=1) == (1, 100, 0)


def test_what_a_whole_balance_is_worth_is_floored_first() -> None:
    """Ten units at 1 are three and a third at 3."""
    assert seized(debt_price_base=3, collateral_balance_raw=10) == (10, 3, 0)


def test_a_liquidator_who_takes_everything_pays_for_it_rounded_up() -> None:
    """100 held, 105 % bonus: 95.238 base, so 96 to pay; the bonus is 100 less 95."""
    taken, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=BASE,
        collateral_decimals=6,
        debt_price_base=BASE,
        debt_decimals=6,
        debt_to_cover_raw=10_000,
        collateral_balance_raw=100,
        liquidation_bonus_bps=10_500,
        protocol_fee_bps=10_000,
    )
    assert (taken, repaid, fee) == (95, 96, 5)


prices = st.integers(1, 10**13)
decimals = st.integers(0, 18)


@given(
    prices,
    decimals,
    prices,
    decimals,
    st.integers(0, 10**24),
    st.integers(0, 10**24),
    st.integers(10_000, 12_000),
    st.integers(0, 10_000),
)
def test_a_liquidation_conserves(
    collateral_price: int,
    collateral_decimals: int,
    debt_price: int,
    debt_decimals: int,
    cover: int,
    balance: int,
    bonus_bps: int,
    fee_bps: int,
) -> None:
    """Nobody takes more than there is, pays more than offered, or more than the bonus allows."""
    taken, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=collateral_price,
        collateral_decimals=collateral_decimals,
        debt_price_base=debt_price,
        debt_decimals=debt_decimals,
        debt_to_cover_raw=cover,
        collateral_balance_raw=balance,
        liquidation_bonus_bps=bonus_bps,
        protocol_fee_bps=fee_bps,
    )
    assert taken >= 0
    assert fee >= 0
    assert taken + fee <= balance
    assert repaid <= cover
    worth = (taken + fee) * collateral_price * 10**debt_decimals * 10_000
    allowed = repaid * debt_price * 10**collateral_decimals * bonus_bps
    # The debt of a whole balance is floored before it is rounded up: less than a unit of debt.
    slack = debt_price * 10**collateral_decimals * 10_000 if taken + fee == balance else 0
    assert worth <= allowed + slack


@pytest.mark.parametrize(
    "bad",
    [
        {"collateral_price_base": 0},
        {"debt_price_base": 0},
        {"liquidation_bonus_bps": 0},
        {"debt_to_cover_raw": -1},
        {"collateral_balance_raw": -1},
    ],
)
def test_impossible_liquidations_are_refused(bad: dict[str, int]) -> None:
    fine = {
        "collateral_price_base": BASE,
        "collateral_decimals": 6,
        "debt_price_base": BASE,
        "debt_decimals": 6,
        "debt_to_cover_raw": 100,
        "collateral_balance_raw": 100,
        "liquidation_bonus_bps": 10_500,
        "protocol_fee_bps": 0,
    }
    with pytest.raises(OutOfDomain):
        liquidation_amounts_raw(**{**fine, **bad})


@pytest.mark.parametrize(
    ("collateral_left", "debt_left", "is_refused"),
    [
        (0, 999, False),
        (999, 0, False),
        (1_000, 1_000, False),
        (999, 5_000, True),
        (5_000, 999, True),
        (1, 1, True),
    ],
)
def test_both_sides_stay_above_the_dust_or_one_goes(
    collateral_left: int, debt_left: int, is_refused: bool
) -> None:
    assert (
        leaves_dust(
            collateral_left_raw=collateral_left,
            collateral_price_base=BASE,
            collateral_decimals=0,
            debt_left_raw=debt_left,
            debt_price_base=BASE,
            debt_decimals=0,
            dust_base=1_000 * BASE,
        )
        is is_refused
    )


def test_dust_is_measured_with_debt_rounded_up_and_collateral_down() -> None:
    """Both leave 9.5 of ten: the debt counts as ten, the collateral as nine."""
    sides = {
        "collateral_left_raw": 100,
        "collateral_price_base": 10,
        "collateral_decimals": 1,
        "debt_left_raw": 100,
        "debt_price_base": 10,
        "debt_decimals": 1,
        "dust_base": 10,
    }
    assert not leaves_dust(**{**sides, "debt_left_raw": 95, "debt_price_base": 1})
    assert leaves_dust(**{**sides, "collateral_left_raw": 95, "collateral_price_base": 1})


def test_bad_debt_is_what_is_left_when_the_last_collateral_goes() -> None:
    left = {"USDC": 5, "DAI": 1, "ETH": 0}
    assert deficits_raw(left, collateral_total_base=100, seized_base=100) == {"USDC": 5, "DAI": 1}
    assert deficits_raw(left, collateral_total_base=100, seized_base=99) == {}
