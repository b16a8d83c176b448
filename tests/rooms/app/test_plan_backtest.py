"""``plan backtest``: every way in the same markets, the same answer for any number of processes."""

import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from hedgerow.app.plan_backtest import (
    Task,
    _figures,
    _key,
    _key_of,
    _nearer,
    _nearer_buffer,
    _write,
)
from hedgerow.collateral import BufferPolicy
from hedgerow.limits import Limit
from hedgerow.planning import JointTerms
from hedgerow.simulation import PolicyRun
from tests.rooms.app.made import hedgerow, hedgerow_here, morning

# Five looks in two days: enough for every way to act, and quick.
FEW = ("plan", "backtest", "--seeds", "1", "--depth", "1", "--step", "12h")


def made(**changes: Any) -> PolicyRun:
    given: dict[str, Any] = {
        "policy": "joint",
        "market": "seed 1",
        "depth_factor_frac": 1.0,
        "slack_frac": 1.0,
        "cost_usd": 1.0,
        "capital_usd": 0.0,
        "loss_usd": 0.0,
        "liquidated": (),
        "change_usd": None,
        "broken_frac": None,
        "trades_count": 0,
        "transfers_count": 0,
        "refused_count": 0,
        "legs": (),
    }
    return PolicyRun(**(given | changes))


def test_a_look_at_which_nobody_knew_counts_as_broken() -> None:
    """Of five looks one was calm and one near a bound; soft, hard and unknown are three of five."""
    looks = [
        SimpleNamespace(
            limits=[SimpleNamespace(rung="calm"), SimpleNamespace(rung=rung)],
            equity_usd=None,
            prices_usd={},
            time_ns=0,
        )
        for rung in ("calm", "watch", "soft", "hard", "unknown")
    ]
    played: Any = SimpleNamespace(frames=looks, actions=(), liquidations=(), equity_start_usd=1.0)
    desk: Any = SimpleNamespace(dollars_usd={})
    task: Any = SimpleNamespace(
        policy="joint",
        market_name="seed 1",
        slack_frac=1.0,
        depth_factor_frac=1.0,
        terms=JointTerms(),
    )
    assert _figures(desk, task, played).broken_frac == 0.6


@pytest.mark.slow
def test_every_way_is_played_and_two_processes_say_the_same(tmp_path: Path) -> None:
    one = hedgerow(*FEW, "--json", "--out", "one.json", cwd=tmp_path)
    assert one.code == 0, one.err
    told = json.loads(one.out)
    rows = {row["policy"]: row for row in told["rows"]}
    assert list(rows) == ["joint", "hedges alone", "collateral alone", "left alone"]
    assert rows["hedges alone"]["transfers_count"] == 0
    assert rows["collateral alone"]["trades_count"] == 0
    assert rows["left alone"]["cost_usd"]["value_frac_or_usd"] == 0
    assert rows["joint"]["trades_count"] + rows["joint"]["transfers_count"] > 0
    assert any(each.startswith("Depth × 1: 25 contracts") for each in told["assumptions"])
    # As it is charged, and as the table says below itself.
    assert (
        "Money that was moved costs 5.0% a year from its sending until as much is sent back to "
        "where it lay, or to the end, at the price of the end." in told["assumptions"]
    )
    # Half of the runs are there already, the others are shared between two processes.
    kept = tmp_path / "kept"
    asked = (*FEW, "--json", "--workers", "2", "--keep", "kept")
    assert hedgerow(*asked, cwd=tmp_path).out == one.out
    lines = kept.read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + 4
    kept.write_bytes(b"".join(lines[:3]))
    two = hedgerow(*asked, "--out", "two.json", cwd=tmp_path)
    assert two.out == one.out
    assert (tmp_path / "two.json").read_bytes() == (tmp_path / "one.json").read_bytes()
    table = hedgerow(*asked, "--out", "three.parquet", cwd=tmp_path)
    assert table.out == one.out
    written = pl.read_parquet(tmp_path / "three.parquet")
    assert written["cost_usd"].to_list() == [
        each["cost_usd"] for each in json.loads((tmp_path / "one.json").read_bytes())
    ]


@pytest.mark.slow
def test_nearer_limits_and_those_of_accounts_alone_are_ways_of_their_own(tmp_path: Path) -> None:
    found = hedgerow(
        *FEW, "--limits", "account", "--slack", "1,0.5", "--json", "--out", "runs.json",
        cwd=tmp_path,
    )  # fmt: skip
    assert found.code == 0, found.err
    rows = json.loads(found.out)["rows"]
    named = [(row["policy"], row["slack_frac"]) for row in rows]
    assert named == [
        *((way, slack) for way in ("joint", "hedges alone", "collateral alone")
          for slack in (1.0, 0.5)),
        ("left alone", 1.0),
    ]  # fmt: skip
    # Buffers are filled later and less, so less is moved.
    moved = {
        name: row["capital_usd"]["value_frac_or_usd"] for name, row in zip(named, rows, strict=True)
    }
    assert 0.0 < moved["collateral alone", 0.5] < moved["collateral alone", 1.0]


def test_how_often_is_told_in_words_and_in_json_in_seconds(tmp_path: Path) -> None:
    asked = ("plan", "backtest", *morning(tmp_path), "--depth", "1", "--step", "150m")
    told = " ".join(hedgerow_here(*asked, cwd=tmp_path).out.split())
    assert "2026-02-01T09:00:00Z, looked at every 2 h 30 min" in told
    assert hedgerow_here(*asked, "--json", cwd=tmp_path).json()["step_s"] == 9000.0


def test_a_run_is_known_again_by_all_that_sets_it_apart() -> None:
    for seed, name in ((3, "seed 3"), (None, "recording")):
        task = Task(None, None, seed, "joint", 0.3, "all", 0.5, None, 25.0, JointTerms())
        key = (name, 0.3, "joint", 0.5)
        assert _key_of(task) == key
        assert _key(made(market=name, depth_factor_frac=0.3, slack_frac=0.5)) == key


def test_a_buffer_nearer_to_liquidation_is_triggered_later_and_filled_less() -> None:
    """From 60 % and 40 % of use half as far from the end: 80 % and 70 %."""
    policy = BufferPolicy(
        account_id="a",
        trigger_use_frac=Decimal("0.6"),
        target_use_frac=Decimal("0.4"),
    )
    found = _nearer_buffer(policy, 0.5)
    assert (found.trigger_use_frac, found.target_use_frac) == (Decimal("0.8"), Decimal("0.7"))


@pytest.mark.parametrize("unknown_count", [0, 3, 150])
def test_a_table_of_runs_keeps_what_is_unknown_at_first(tmp_path: Path, unknown_count: int) -> None:
    runs = [
        made(
            market=f"seed {at}",
            liquidated=() if at < unknown_count else ("perp",),
            change_usd=None if at < unknown_count else 2.5,
        )
        for at in range(3 if unknown_count < 150 else 151)
    ]
    path = tmp_path / "runs.parquet"
    _write(path, runs)
    table = pl.read_parquet(path)
    assert table["change_usd"].to_list() == [each.change_usd for each in runs]
    assert table["liquidated"].to_list() == [list(each.liquidated) for each in runs]
    assert table.schema["broken_frac"] == table.schema["change_usd"] == pl.Float64
    assert table.schema["legs"] == table.schema["liquidated"] == pl.List(pl.String)


def test_a_limit_nearer_to_liquidation_lies_between_it_and_its_end() -> None:
    use = Limit(
        scope="desk/*/*",
        metric="margin_use_frac",
        soft_frac_usd_or_coin=0.8,
        hard_frac_usd_or_coin=0.9,
    )
    nearer = _nearer(use, 0.5)
    assert (nearer.soft_frac_usd_or_coin, nearer.hard_frac_usd_or_coin) == pytest.approx(
        (0.9, 0.95)
    )
    floor = Limit(
        scope="desk/*/*",
        metric="distance_spot_frac",
        soft_frac_usd_or_coin=0.2,
        hard_frac_usd_or_coin=0.1,
    )
    nearer = _nearer(floor, 0.5)
    assert (nearer.soft_frac_usd_or_coin, nearer.hard_frac_usd_or_coin) == pytest.approx(
        (0.1, 0.05)
    )
    delta = Limit(
        scope="coin/BTC",
        metric="delta_spot_usd",
        soft_frac_usd_or_coin=1.0,
        hard_frac_usd_or_coin=2.0,
    )
    assert _nearer(delta, 0.5) == delta
    assert _nearer(use, 1.0) == use


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--seeds", "0"), "whole number from 1"),
        (("--depth", "0"), "--depth"),
        (("--step", "often"), "--step often: write a duration"),
        (("--step", "0.5s"), "--step 0.5s: must be at least 1s"),
        (("--slack", "1.5"), "--slack"),
        (("--keep", "nowhere/kept"), "--keep nowhere/kept: there is no folder"),
        (("--out", "nowhere/out.json"), "--out nowhere/out.json: there is no folder"),
        (("--out", "runs", "--keep", "./runs"), "--out runs is where --keep writes too"),
        (("--workers", "1.5"), "whole number from 1 to 64"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, asked: tuple[str, ...], said: str) -> None:
    found = hedgerow_here("plan", "backtest", *asked, cwd=tmp_path)
    assert found.code == 2
    assert said in " ".join(found.err.split())
