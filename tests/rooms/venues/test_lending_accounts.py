from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.margin.rules.aave_v2 import Balance, Reserve, Standing
from hedgerow.venues.recordings import (
    read_lending_accounts,
    read_lending_reserves,
    read_stored_standings,
)
from tests.rooms.venues.made import changed, file

DETAIL, ALL = "v2_steth_stable_debt_detail.parquet", "v2_steth_accounts.parquet"
COINS = {
    "usdc": (6.0, 0.875),
    "usdt": (6.0, 0.0),
    "dai": (18.0, 0.87),
    "fei": (18.0, 0.075),
    "tusd": (18.0, 0.825),
    "susd": (18.0, 0.0),
    "usdp": (18.0, 0.0),
    "frax": (18.0, 0.0),
    "gusd": (2.0, 0.0),
    "busd": (18.0, 0.0),
}


def detail() -> pl.DataFrame:
    columns: dict[str, list[object]] = {
        "user": ["0xa", "0xb"],
        "collateral": [2.0, 1.0],
        "debt": [1.0, 0.25],
        "threshold": [8300.0, 8299.0],
        "healthf": [1.66, 3.3196],
        "amount": [2.0, 1.0],
        "ethdebt": [0.5, 0.0],
    }
    for coin, (decimals, threshold) in COINS.items():
        columns[coin] = [0.0, 0.0]
        columns[f"{coin}_price"] = [5e14, 5e14]
        columns[f"{coin}_decimals"] = [decimals, decimals]
        columns[f"{coin}_threshold"] = [threshold, threshold]
    for coin in ("usdc", "dai", "fei", "tusd"):
        columns[f"{coin}_collateral"] = [0.0, 0.0]
    columns["usdc"] = [1_000_000_000.0, 0.0]
    columns["gusd"] = [0.0, 50_000.0]
    columns["usdc_collateral"] = [0.0, 7.0]
    return pl.DataFrame(columns)


def everybody() -> pl.DataFrame:
    """The two detailed accounts say another price than the two others."""
    return pl.DataFrame(
        {
            "user": ["0xa", "0xb", "0xc", "0xd"],
            "amount": [2.0, 1.0, 4.0, 8.0],
            "collateral_steth_calc": [2.0, 1.0, 3.9, 7.8],
        }
    )


def folder(
    tmp_path: Path, one: pl.DataFrame | None = None, two: pl.DataFrame | None = None
) -> Path:
    file(tmp_path, ALL, everybody() if two is None else two)
    return file(tmp_path, DETAIL, detail() if one is None else one)


def test_balances_without_what_is_empty(tmp_path: Path) -> None:
    assert read_lending_accounts(folder(tmp_path)) == {
        "0xa": (
            Balance(asset="stETH", supply_raw=2 * 10**18),
            Balance(asset="WETH", debt_raw=5 * 10**17),
            Balance(asset="USDC", debt_raw=10**9),
        ),
        "0xb": (
            Balance(asset="stETH", supply_raw=10**18),
            Balance(asset="USDC", supply_raw=7),
            Balance(asset="GUSD", debt_raw=50_000),
        ),
    }


def test_the_price_of_staked_ether_is_that_of_the_other_accounts(tmp_path: Path) -> None:
    reserves = read_lending_reserves(folder(tmp_path), {"stETH": 8300})
    assert reserves["stETH"] == Reserve(
        price_base_raw=975 * 10**15, token_decimals=18, liquidation_threshold_bps=8300
    )
    assert reserves["WETH"] == Reserve(
        price_base_raw=10**18, token_decimals=18, liquidation_threshold_bps=None
    )
    assert reserves["USDC"] == Reserve(
        price_base_raw=5 * 10**14, token_decimals=6, liquidation_threshold_bps=8750
    )
    assert reserves["GUSD"].token_decimals == 2
    assert reserves["FEI"].liquidation_threshold_bps == 750
    assert len(reserves) == 12


def test_what_the_protocol_saw(tmp_path: Path) -> None:
    stored = read_stored_standings(folder(tmp_path))
    assert stored["0xb"] == Standing(
        collateral_base_raw=10**18,
        debt_base_raw=25 * 10**16,
        threshold_average_bps=8299,
        health_wad=33196 * 10**14,
    )
    assert list(stored) == ["0xa", "0xb"]


@pytest.mark.parametrize(
    ("column", "says"),
    [("usdc", "missing column usdc;"), ("tusd_collateral", "missing column tusd_collateral;")],
)
def test_a_missing_balance_is_refused(tmp_path: Path, column: str, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says):
        read_lending_accounts(folder(tmp_path, detail().drop(column)))


def test_a_negative_balance_is_refused(tmp_path: Path) -> None:
    broken = changed(detail(), "gusd", 1, -1.0)
    with pytest.raises(RecordingRejected, match=r"row 1 \(0xb\): gusd must be finite and not neg"):
        read_lending_accounts(folder(tmp_path, broken))


@pytest.mark.parametrize("name", ["usdc_price", "dai_threshold", "gusd_decimals"])
def test_terms_are_the_same_for_everybody(tmp_path: Path, name: str) -> None:
    broken = changed(detail(), name, 1, 3.0)
    with pytest.raises(RecordingRejected, match=f"{name} must be the same in every row"):
        read_lending_reserves(folder(tmp_path, broken), {})


@pytest.mark.parametrize("column", ["usdc_price", "busd_decimals", "dai_threshold"])
def test_missing_terms_are_refused(tmp_path: Path, column: str) -> None:
    with pytest.raises(RecordingRejected, match=f"missing column {column};"):
        read_lending_reserves(folder(tmp_path, detail().drop(column)), {})


def test_accounts_that_disagree_about_a_price_give_none(tmp_path: Path) -> None:
    broken = changed(everybody(), "collateral_steth_calc", 3, 7.81)
    with pytest.raises(RecordingRejected, match=r"must be one price, was 0\.975 to 0\.97625"):
        read_lending_reserves(folder(tmp_path, None, broken), {})


def test_without_other_accounts_there_is_no_price(tmp_path: Path) -> None:
    with pytest.raises(RecordingRejected, match="no account outside"):
        read_lending_reserves(folder(tmp_path, None, everybody().head(2)), {})


@pytest.mark.parametrize("column", ["collateral", "debt", "threshold", "healthf"])
def test_a_missing_standing_is_refused(tmp_path: Path, column: str) -> None:
    with pytest.raises(RecordingRejected, match=f"missing column {column};"):
        read_stored_standings(folder(tmp_path, detail().drop(column)))


def test_a_threshold_between_basis_points_is_refused(tmp_path: Path) -> None:
    broken = changed(detail(), "threshold", 0, 8299.5)
    with pytest.raises(RecordingRejected, match="threshold must be a whole number from 0 to 10000"):
        read_stored_standings(folder(tmp_path, broken))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingRejected, match="no file named v2_steth"):
        read_lending_accounts(tmp_path)
