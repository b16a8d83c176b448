from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.margin import LendingReserve
from hedgerow.margin.liquidation_call import LiquidationCall
from hedgerow.units import SECOND_NS, parse_ns
from hedgerow.venues.recordings import read_liquidation_calls, read_reserves
from tests.rooms.venues.made import EVER, START, changed, file

CALLS, RESERVES = "liquidation_calls.parquet", "reserve_parameters_2022.parquet"
START_NS = int(START.timestamp()) * SECOND_NS


def calls() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ts": [START, START + timedelta(seconds=12)],
            "user": ["0xa", "0xb"],
            "collateral": ["WETH", "LINK"],
            "debt": ["USDC", "DAI"],
            "collateral_amount": [1.05, 22.0],
            "debt_amount": [2000.25, 100.0],
            "collateral_price_usd": [2000.25, 5.0],
            "debt_price_usd": [1.0, 1.0],
            "source_format": ["raw_units", "scaled_units"],
        },
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )


def reserves() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "symbol": ["WETH", "USDT"],
            "decimals": [18, 6],
            "liquidation_threshold_bps": [8500.0, 0.0],
            "liquidation_bonus_bps": [10500.0, 0.0],
        }
    )


def read(folder: Path, frame: pl.DataFrame) -> list[LiquidationCall]:
    return list(read_liquidation_calls(file(folder, CALLS, frame), **EVER))


def test_a_call_as_it_was_printed(tmp_path: Path) -> None:
    first, second = read(tmp_path, calls())
    assert first == LiquidationCall(
        time_ns=START_NS,
        user="0xa",
        collateral="WETH",
        debt="USDC",
        seized_coin=Decimal("1.05"),
        repaid_coin=Decimal("2000.25"),
        price_collateral_usd=Decimal("2000.25"),
        price_debt_usd=Decimal(1),
    )
    assert (second.time_ns, second.collateral) == (START_NS + 12 * SECOND_NS, "LINK")


def test_a_window_is_half_open(tmp_path: Path) -> None:
    folder = file(tmp_path, CALLS, calls())
    end_ns = START_NS + 12 * SECOND_NS
    users = [c.user for c in read_liquidation_calls(folder, start_ns=START_NS, end_ns=end_ns)]
    assert users == ["0xa"]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (calls().drop("debt_price_usd"), "missing column debt_price_usd"),
        (changed(calls(), "debt_amount", 1, 0.0), r"row 1 \(0xb, .*debt_amount must be finite and"),
        (changed(calls(), "collateral_price_usd", 0, None), "collateral_price_usd must not be nu"),
        (calls().reverse(), "runs backwards"),
    ],
    ids=["column", "nothing repaid", "no price", "order"],
)
def test_broken_calls_are_refused(tmp_path: Path, frame: pl.DataFrame, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says):
        read(tmp_path, frame)


def test_reserves_of_one_day(tmp_path: Path) -> None:
    assert read_reserves(file(tmp_path, RESERVES, reserves())) == {
        "WETH": LendingReserve(
            liquidation_threshold_bps=8500, liquidation_bonus_bps=10500, asset_decimals=18
        ),
        "USDT": LendingReserve(
            liquidation_threshold_bps=0, liquidation_bonus_bps=0, asset_decimals=6
        ),
    }


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (reserves().drop("decimals"), "missing column decimals; the file has symbol"),
        (changed(reserves(), "symbol", 1, "WETH"), r"row 1 \(WETH\): symbol must be named once"),
        (
            changed(reserves(), "liquidation_bonus_bps", 0, 10500.5),
            r"row 0 \(WETH\): liquidation_bonus_bps must be a whole number of basis points",
        ),
        (changed(reserves(), "liquidation_threshold_bps", 0, -1.0), "must be a whole number"),
        (changed(reserves(), "decimals", 1, 28), "decimals must be from 0 to 27, was 28"),
    ],
)
def test_broken_reserves_are_refused(tmp_path: Path, frame: pl.DataFrame, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says):
        read_reserves(file(tmp_path, RESERVES, frame))


def test_two_days_of_reserves_leave_open_which(tmp_path: Path) -> None:
    file(tmp_path, RESERVES, reserves())
    with pytest.raises(RecordingRejected, match="one file named reserve_parameters"):
        read_reserves(file(tmp_path, "reserve_parameters_2023.parquet", reserves()))


@pytest.mark.parametrize(
    ("collateral", "debt", "written", "prices"),
    [
        # ENJ at half a dollar, in whose price dollars were counted: USDC stands at 2, ENJ at 2.
        ("ENJ", "USDC", "raw_units", ("0.5", "1")),
        # Itself for itself: one price.
        ("KNC", "KNC", "raw_units", ("0.5", "0.5")),
        # Neither later rows nor other coins.
        ("ENJ", "USDC", "scaled_units", ("2", "2")),
        ("WETH", "ENJ", "raw_units", ("2", "2")),
    ],
)
def test_prices_that_stand_in_each_others_place_are_put_right(
    tmp_path: Path, collateral: str, debt: str, written: str, prices: tuple[str, str]
) -> None:
    frame = calls()
    for column, value in (
        ("collateral", collateral), ("debt", debt), ("source_format", written),
        ("collateral_price_usd", 2.0), ("debt_price_usd", 2.0),
    ):  # fmt: skip
        frame = changed(frame, column, 0, value)
    first, _ = read(tmp_path, frame)
    assert (first.price_collateral_usd, first.price_debt_usd) == tuple(map(Decimal, prices))


def test_put_right_a_dollar_coin_is_worth_a_dollar(shared_data: Path) -> None:
    """What shows the exchange, without a look at what was seized: a tether is a dollar again."""
    folder = shared_data / "aave_v2_liquidations"
    dollars = {"USDC", "DAI", "TUSD", "BUSD", "SUSD", "USDT"}
    end_ns = parse_ns("2021-07-28T00:00:00Z")
    found = [
        call
        for call in read_liquidation_calls(folder, start_ns=0, end_ns=end_ns)
        if call.collateral in {"ENJ", "KNC", "ZRX"} and call.debt in dollars
    ]
    assert len(found) == 165
    assert all(abs(call.price_debt_usd - 1) < Decimal("0.025") for call in found)
    tethers = [call.price_debt_usd for call in found if call.debt == "USDT"]
    assert len(tethers) == 41
    assert all(abs(price - 1) < Decimal("1e-14") for price in tethers)
    assert all(Decimal("0.3") < call.price_collateral_usd < 3 for call in found)
