"""The small desks that are shipped: they load, and run on the recordings they name."""

from datetime import UTC, datetime
from math import sqrt
from pathlib import Path

import polars as pl
import pytest

from hedgerow.app.desk import load_desk
from tests.rooms.app.edit import EXAMPLE
from tests.rooms.app.made import hedgerow_here

MINIMAL = EXAMPLE.with_name("minimal.toml")
SQUEETH = EXAMPLE.with_name("squeeth_2023_08.toml")


def test_it_only_looks_and_needs_no_budget() -> None:
    desk = load_desk(MINIMAL)
    assert desk.mode == "observe"
    assert not desk.has_budget
    assert len(desk.accounts) == len(desk.limits) == 1
    assert not [*desk.hedges, *desk.buffers, *desk.routes]


def test_it_runs_and_everything_is_known(tmp_path: Path, shared_data: Path) -> None:
    # A desk that only looks has nothing to be compared with.
    words = ("--data", shared_data, "--no-compare", "--json")
    answer = hedgerow_here("run", MINIMAL, *words, cwd=tmp_path)
    assert answer.code == 0
    (watched,) = answer.json()["episodes"]
    assert watched["summary"]["incomplete_count"] == 0
    assert (
        "No option chain brings an index of BTC: it is taken as the close of BTCUSDT-PERP."
        in (watched["assumptions"])
    )


def test_a_wallet_of_defi_is_worth_what_a_hand_computes(tmp_path: Path, shared_data: Path) -> None:
    words = ("exposure", "show", SQUEETH, "--data", shared_data, "--json")
    answer = hedgerow_here(*words, cwd=tmp_path)
    assert answer.code == 0
    rows = {row["node"]: row for row in answer.json()["rows"]}
    assert not any(row["missing"] for row in rows.values())
    # At noon of 2023-08-17: the row of 11:59 for oSQTH, the hour's close for ETH.
    power = pl.read_parquet(shared_data / "defi_minute_202308" / "squeeth_controller.parquet").row(
        by_predicate=pl.col("ts") == datetime(2023, 8, 17, 11, 59, tzinfo=UTC), named=True
    )
    spot = pl.read_parquet(shared_data / "ohlcv_binance" / "spot_1h.parquet").row(
        by_predicate=(pl.col("ts") == datetime(2023, 8, 17, 11, tzinfo=UTC))
        & (pl.col("symbol") == "ETHUSDT"),
        named=True,
    )
    eth = spot["close"]
    tokens = 400 * power["OSQTH"] * power["WETH"] * (eth / power["WETH"]) ** 2
    coins = 30_000 * (1 / sqrt(eth) - 1 / sqrt(2_000))
    dollars = 30_000 * (sqrt(eth) - sqrt(1_700))
    ether = rows["desk/ethereum/wallet/ETH"]
    assert ether["value_usd"] == pytest.approx(tokens + coins * eth + dollars, rel=1e-12)
    assert ether["delta_spot_coin"] == pytest.approx(2 * tokens / eth + coins, rel=1e-12)
    usdc = rows["desk/ethereum/wallet/USDC"]
    assert usdc["value_usd"] == pytest.approx(50_000 + 20_000 * 1.04, rel=1e-12)
    assert usdc["delta_spot_coin"] == pytest.approx(50_000 + 20_000 * 1.04 + dollars, rel=1e-12)


@pytest.mark.slow
def test_a_wallet_of_defi_lives_through_the_fall(tmp_path: Path, shared_data: Path) -> None:
    answer = hedgerow_here("run", SQUEETH, "--data", shared_data, "--json", cwd=tmp_path)
    assert answer.code == 0
    _, watched = answer.json()["episodes"]
    assert watched["summary"]["incomplete_count"] == 0
    told = "savings: no recorded share price; 1.04 of its asset a share at the start"
    assert any(told in statement for statement in watched["assumptions"])
