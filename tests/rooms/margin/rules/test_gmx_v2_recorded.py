"""GMX v2: a recorded day of the ETH pool, against what the contracts said of themselves."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from hedgerow.margin.rules.gmx_v2 import borrowing, position

ONE = 10**30
DAY = Path(__file__).resolve().parents[5] / "shared/data/gmx_v2_arbitrum_eth"
RECORDED = DAY / "pool_minute_20251111.parquet"
needs_recording = pytest.mark.skipif(not RECORDED.is_file(), reason=f"no recording at {RECORDED}")


@needs_recording
def test_the_recorded_pool_owes_what_both_sides_have_earned() -> None:
    for row in pl.read_parquet(RECORDED).iter_rows(named=True):
        earned = sum(
            position.pnl_1e30(
                int(Fraction(row[f"openInterest{side}"]) * ONE),
                worth_1e30=int(
                    Fraction(row[f"openInterestInTokens{side}"]) * Fraction(row["indexPrice"]) * ONE
                ),
                is_long=side == "Long",
            )
            for side in ("Long", "Short")
        )
        assert Fraction(earned, ONE) == pytest.approx(row["pendingPnl"], rel=1e-12)


@needs_recording
@pytest.mark.parametrize("side", ["Long", "Short"])
def test_the_recorded_pool_charges_the_larger_side_for_what_it_uses(side: str) -> None:
    # A sixth a year at full use, below the kink, where a rate is as without one. The recording has
    # no parameters: this one was read from one side and must hold for the other.
    rows = pl.read_parquet(RECORDED)
    other = "Short" if side == "Long" else "Long"
    reserved = "openInterestInTokensLong" if side == "Long" else "openInterestShort"
    pool = rows[f"{side.lower()}Amount"] * (1 if side == "Long" else rows["shortPrice"])
    usage = (rows[reserved] / pool).to_list()
    charged = (rows[f"openInterest{side}"] >= rows[f"openInterest{other}"]).to_list()
    accrued = sum(
        60
        * borrowing.rate_1e30(
            int(Fraction(used) * 10**6 * ONE),
            10**6 * ONE,
            factor_1e30=ONE // 6 // 31_536_000,
            exponent_1e30=ONE,
        )
        for used, is_charged in zip(usage[:-1], charged[:-1], strict=True)
        if is_charged
    )
    recorded = rows[f"cumulativeBorrowingFactor{side}"]
    # Accruals are booked at the next trade, so a day's ends are some minutes apart.
    assert accrued / ONE == pytest.approx(recorded[-1] - recorded[0], rel=0.02)
