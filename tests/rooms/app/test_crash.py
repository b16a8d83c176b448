"""The crash of February 2026 on the real recording, from start to end, twice."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.rooms.app.edit import EXAMPLE
from tests.rooms.app.made import hedgerow
from tests.rooms.app.test_run import rows_of

DAYS = ["2026-01-29", "2026-01-30", "2026-01-31", *(f"2026-02-0{day}" for day in range(1, 7))]


class Crash(NamedTuple):
    """Two runs of one desk on one recording; only the first also played the desk left alone."""

    told: dict[str, Any]
    first: Path
    second: Path


def start(out: Path, data: Path, *more: str, hash_seed: str) -> "subprocess.Popen[str]":
    words = ("run", str(EXAMPLE), "--data", str(data), "--out", str(out), "--json", *more)
    return subprocess.Popen(
        [sys.executable, "-m", "hedgerow", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
    )


def two_runs_give_the_same_journal_to_the_byte(crash: Crash) -> None:
    first, second = (out / "journal.db" for out in (crash.first, crash.second))
    assert first.read_bytes() == second.read_bytes()
    for path in (first, second):
        verified = hedgerow("journal", "verify", path, "--json", cwd=crash.first).json()
        assert verified["chain_head"] == crash.told["journal_head"]
        assert verified["rows"] == crash.told["journal"]["rows"] == len(rows_of(path))


def left_alone_the_desk_is_liquidated_and_with_hedgerow_it_survives(crash: Crash) -> None:
    alone, guarded = (episode["summary"] for episode in crash.told["episodes"])
    assert {hit["account_id"] for hit in alone["liquidated"]} >= {"aave-loan", "deribit-btc"}
    assert guarded["liquidated"] == []
    assert guarded["pnl_usd"] > alone["pnl_usd"]
    assert guarded["hedges_count"] > 0
    assert guarded["transfers_count"] > 0
    assert guarded["unresolved_count"] == 0


def every_day_has_its_row_and_the_rows_add_up(crash: Crash) -> None:
    for episode in crash.told["episodes"]:
        days = {day["date"]: day for day in episode["daily"]}
        assert set(DAYS) <= set(days)
        assert sum(day["pnl_usd"] for day in days.values()) == pytest.approx(
            episode["summary"]["pnl_usd"]
        )
        for date in DAYS:
            accounts = {row["account_id"] for row in days[date]["accounts"]}
            assert accounts == {"deribit-btc", "deribit-eth", "perp", "aave-loan"}
            assert days[date]["use"]["use_frac_max"] > 0
            assert days[date]["distance"]["is_known"]


def nothing_was_unknown_and_every_step_was_seen(crash: Crash) -> None:
    for episode in crash.told["episodes"]:
        assert episode["summary"]["incomplete_count"] == 0
        assert episode["summary"]["frames_count"] == 9 * 24 * 4 + 1
        assert episode["summary"]["events_count"] > 60_000


def what_was_not_recorded_is_stated(crash: Crash) -> None:
    page = (crash.first / "report.html").read_text(encoding="utf-8")
    said = " ".join(crash.told["episodes"][1]["assumptions"])
    for word in ("order book", "oracle", "wstETH", "forced option trades", "estimate"):
        assert word.lower() in said.lower()
    assert "What this report assumes" in page
    assert crash.told["journal_head"] in page


@pytest.mark.slow
def test_the_crash_from_start_to_end(shared_data: Path, tmp_path: Path) -> None:
    """One test, since it takes a minute and two workers would each do it."""
    with (
        start(tmp_path / "first", shared_data, hash_seed="1") as first,
        start(tmp_path / "second", shared_data, "--no-compare", hash_seed="2") as second,
    ):
        (told, trouble), (_, more_trouble) = first.communicate(), second.communicate()
    assert (first.returncode, trouble) == (0, "")
    assert (second.returncode, more_trouble) == (0, "")
    crash = Crash(json.loads(told), tmp_path / "first", tmp_path / "second")
    two_runs_give_the_same_journal_to_the_byte(crash)
    left_alone_the_desk_is_liquidated_and_with_hedgerow_it_survives(crash)
    every_day_has_its_row_and_the_rows_add_up(crash)
    nothing_was_unknown_and_every_step_was_seen(crash)
    what_was_not_recorded_is_stated(crash)
