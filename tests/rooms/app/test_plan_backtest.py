"""``plan backtest``: every way in the same markets, the same answer for any number of processes."""

from pathlib import Path

import pytest

from tests.rooms.app.made import hedgerow, hedgerow_here

# Five looks in two days: enough for every way to act, and quick.
FEW = ("plan", "backtest", "--seeds", "1", "--depth", "1", "--step", "12h")


@pytest.mark.slow
def test_every_way_is_played_and_two_processes_say_the_same(tmp_path: Path) -> None:
    one = hedgerow(*FEW, "--json", "--out", "one.json", cwd=tmp_path)
    assert one.code == 0, one.err
    told = one.json()
    rows = {row["policy"]: row for row in told["rows"]}
    assert list(rows) == ["joint", "hedges alone", "collateral alone", "left alone"]
    assert rows["hedges alone"]["transfers_count"] == 0
    assert rows["collateral alone"]["trades_count"] == 0
    assert rows["left alone"]["cost_usd"]["value_frac_or_usd"] == 0
    assert rows["joint"]["trades_count"] + rows["joint"]["transfers_count"] > 0
    assert any(each.startswith("Depth × 1: 25 contracts") for each in told["assumptions"])
    two = hedgerow(*FEW, "--json", "--workers", "2", "--out", "two.json", cwd=tmp_path)
    assert two.out == one.out
    assert (tmp_path / "two.json").read_bytes() == (tmp_path / "one.json").read_bytes()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--seeds", "0"), "whole number from 1"),
        (("--depth", "0"), "--depth"),
        (("--step", "often"), "--step often: write a duration"),
        (("--step", "0.5s"), "--step 0.5s: must be at least 1s"),
        (("--workers", "1.5"), "whole number from 1 to 64"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, asked: tuple[str, str], said: str) -> None:
    found = hedgerow_here("plan", "backtest", *asked, cwd=tmp_path)
    assert found.code == 2
    assert said in " ".join(found.err.split())
