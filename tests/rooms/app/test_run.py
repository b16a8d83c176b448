"""A small desk the whole way: recording, plan, order, journal, report; the same bytes twice."""

import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from hedgerow.app.desk import load_desk
from hedgerow.app.feed import open_market
from hedgerow.app.session import run_session
from hedgerow.errors import RecordingRejected
from tests.rooms.app.made import (
    LIMITS,
    Answer,
    chains,
    desk_file,
    hedgerow,
    hedgerow_here,
    morning,
    perpetuals,
    recorded,
)

# Each of them plays a desk; test_minimal.py has one that is played before each commit.
pytestmark = pytest.mark.slow

SENDS = ("intent", "sent", "acknowledged", "filled", "credited", "rejected", "unknown")


class Row(NamedTuple):
    """One row of a journal."""

    sequence: int
    time_ns: int
    kind: str
    client_id: str | None
    payload: dict[str, Any]


class Ran(NamedTuple):
    """A whole run: what it printed and what it left."""

    answer: Answer
    told: dict[str, Any]
    out: Path
    words: list[str]

    @property
    def rows(self) -> list[Row]:
        return rows_of(self.out / "journal.db")


def rows_of(path: Path) -> list[Row]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = connection.execute(
            "SELECT sequence, time_ns, kind, client_id, payload FROM row ORDER BY sequence"
        ).fetchall()
    finally:
        connection.close()
    return [
        Row(sequence, time_ns, kind, client_id, json.loads(payload))
        for sequence, time_ns, kind, client_id, payload in found
    ]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("morning")
    words = morning(folder)
    answer = hedgerow("run", *words, "--out", "out", "--json", cwd=folder)
    return Ran(answer, answer.json(), folder / "out", words)


def test_the_desk_is_liquidated_alone_and_survives_with_hedgerow(ran: Ran) -> None:
    alone, guarded = (episode["summary"] for episode in ran.told["episodes"])
    assert (alone["with_hedgerow"], guarded["with_hedgerow"]) == (False, True)
    assert [hit["account_id"] for hit in alone["liquidated"]] == ["options"]
    assert alone["actions_count"] == 0
    assert guarded["liquidated"] == []
    assert guarded["hedges_count"] > 5
    assert guarded["transfers_count"] > 0
    assert guarded["rejected_count"] == guarded["unresolved_count"] == 0
    assert guarded["frames_count"] == alone["frames_count"] == 17
    assert guarded["incomplete_count"] == 0
    assert ran.answer.code == 0


def test_the_answer_has_this_shape(ran: Ran) -> None:
    assert set(ran.told) == {"episodes", "journal", "journal_head"}
    assert ran.told["journal"]["chain_head"] == ran.told["journal_head"]
    for episode in ran.told["episodes"]:
        assert set(episode) == {
            *("summary", "daily", "actions", "liquidations", "settlements", "outflows"),
            *("undone", "alerts", "limits", "limits_broken", "limits_unknown", "assumptions"),
        }
        days = episode["daily"]
        assert [day["date"] for day in days] == ["2026-02-01"]
        assert sum(day["pnl_usd"] for day in days) == pytest.approx(episode["summary"]["pnl_usd"])
        assert len(episode["actions"]) == episode["summary"]["actions_count"]
        assert {"deribit/2026-02-15", "binance/2021-11-01"} <= {
            word for said in episode["assumptions"] for word in said.split()
        }


def test_nothing_else_is_left(ran: Ran) -> None:
    assert sorted(path.name for path in ran.out.iterdir()) == ["journal.db", "report.html"]
    assert sorted(path.name for path in ran.out.parent.iterdir()) == ["data", "desk.toml", "out"]


def test_a_second_run_is_the_same_to_the_byte(ran: Ran, tmp_path: Path) -> None:
    again = hedgerow_here("run", *ran.words, "--out", tmp_path / "again", "--json", cwd=tmp_path)
    assert again.out == ran.answer.out
    for name in ("journal.db", "report.html"):
        assert (tmp_path / "again" / name).read_bytes() == (ran.out / name).read_bytes()


def test_neither_place_nor_hash_seed_nor_time_zone_enters(ran: Ran, tmp_path: Path) -> None:
    """The same files elsewhere, on a machine set up otherwise, give the same chain of hashes."""
    home = tmp_path / "a longer way" / "down"
    shutil.copytree(ran.out.parent / "data", home / "data")
    shutil.copy(ran.out.parent / "desk.toml", home / "other name.toml")
    words = ("other name.toml", "--data", "data", "--out", "out", "--json")
    environment = {"PYTHONHASHSEED": "77", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "COLUMNS": "40"}
    answer = hedgerow("run", *words, cwd=home, environment=os.environ | environment)
    assert answer.out == ran.answer.out
    for name in ("journal.db", "report.html"):
        assert (home / "out" / name).read_bytes() == (ran.out / name).read_bytes()


def test_the_journal_verifies_with_the_head_that_was_printed(ran: Ran) -> None:
    told = hedgerow("journal", "verify", ran.out / "journal.db", "--json", cwd=ran.out).json()
    assert told == {
        "rows": len(ran.rows),
        "chain_head": ran.told["journal_head"],
        "ok": True,
    }
    plain = hedgerow_here("journal", "verify", ran.out / "journal.db", cwd=ran.out)
    assert plain.code == 0
    assert plain.out.splitlines()[-1] == f"chain head {ran.told['journal_head']}"


def test_a_journal_that_was_touched_does_not_verify(ran: Ran, tmp_path: Path) -> None:
    raw = bytearray((ran.out / "journal.db").read_bytes())
    at = raw.find(b'"filled_contracts":"-0.')
    assert at > 0
    raw[at + 23] = ord("9") if raw[at + 23] != ord("9") else ord("8")
    (tmp_path / "journal.db").write_bytes(raw)
    answer = hedgerow_here("journal", "verify", "journal.db", "--json", cwd=tmp_path)
    assert answer.code == 2
    assert answer.json()["error"]["kind"] == "JournalRejected"


def test_a_journal_whose_end_was_cut_off_does_not_pass_through_its_head(
    ran: Ran, tmp_path: Path
) -> None:
    head = ran.told["journal"]["chain_head"]
    whole = hedgerow_here(
        "journal", "verify", str(ran.out / "journal.db"), "--anchor", head, cwd=tmp_path
    )
    assert whole.code == 0
    cut = tmp_path / "journal.db"
    cut.write_bytes((ran.out / "journal.db").read_bytes())
    with closing(sqlite3.connect(cut)) as connection, connection:
        (guard,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'row_no_delete'"
        ).fetchone()
        connection.execute("DROP TRIGGER row_no_delete")
        connection.execute("DELETE FROM row WHERE sequence = (SELECT max(sequence) FROM row)")
        connection.execute(guard)
    assert hedgerow_here("journal", "verify", str(cut), cwd=tmp_path).code == 0, (
        "the chain alone cannot see it"
    )
    answer = hedgerow_here("journal", "verify", str(cut), "--anchor", head, "--json", cwd=tmp_path)
    assert answer.code == 2
    assert answer.json()["error"]["kind"] == "JournalRejected"


def test_the_intent_is_written_before_anything_is_sent_or_answered(ran: Ran) -> None:
    rows = ran.rows
    assert rows[0].kind == "header"
    assert rows[-1].kind == "end"
    assert [row.sequence for row in rows] == list(range(len(rows)))
    assert [row.time_ns for row in rows] == sorted(row.time_ns for row in rows)
    kinds: dict[str, list[str]] = {}
    decided: set[str] = set()
    for row in rows:
        if row.kind == "decision":
            decided |= {leg["client_id"] for leg in row.payload["plan"]["legs"]}
        if row.client_id is not None:
            assert row.client_id in decided, "nothing is meant that was not decided"
            kinds.setdefault(row.client_id, []).append(row.kind)
    assert kinds, "a run without a single leg proves nothing"
    for told in kinds.values():
        assert told[:2] == ["intent", "sent"]
        assert told[-1] in ("filled", "credited")
    assert len(kinds) == ran.told["episodes"][1]["summary"]["actions_count"]


def test_every_step_of_the_desk_is_in_the_journal(ran: Ran) -> None:
    counted = Counter(row.kind for row in ran.rows)
    assert counted["observed"] == ran.told["episodes"][1]["summary"]["frames_count"]
    header = ran.rows[0].payload
    desk, market = open_market(Path(ran.words[0]), Path(ran.words[2]), None)
    assert header["desk_digest"] == desk.digest
    assert header["data_digest"] == market.digest
    assert header["mode"] == "auto"


def test_page_terminal_and_json_say_the_same(ran: Ran, tmp_path: Path) -> None:
    page = words_of((ran.out / "report.html").read_text(encoding="utf-8"))
    printed = hedgerow_here("run", *ran.words, "--out", "out", cwd=tmp_path)
    assert printed.code == 0
    alone, guarded = (episode["summary"] for episode in ran.told["episodes"])
    for key, title in (
        ("equity_start_usd", "Equity at the start USD"),
        ("equity_end_usd", "Equity at the end USD"),
        ("pnl_usd", "P&L USD"),
    ):
        told = f"{alone[key]:,.0f} {guarded[key]:,.0f}"
        assert f"{title} {told}" in page
        assert f"{alone[key]:,.0f}" in printed.out
        assert f"{guarded[key]:,.0f}" in printed.out
    assert guarded["equity_end_usd"] - guarded["equity_start_usd"] == pytest.approx(
        guarded["pnl_usd"]
    )
    last = next(row for row in reversed(ran.rows) if row.kind == "observed")
    assert last.payload["frame"]["equity_usd"] == pytest.approx(guarded["equity_end_usd"], abs=0.01)
    assert ran.told["journal_head"] in page
    assert ran.told["journal_head"] in printed.out
    for said in ran.told["episodes"][1]["assumptions"]:
        assert said in page


def words_of(page: str) -> str:
    """Give the text of a page, without its scripts and drawings."""
    for tag in ("script", "style", "svg"):
        page = re.sub(rf"<{tag}\b.*?</{tag}>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_page_needs_nothing_from_outside(ran: Ran) -> None:
    page = (ran.out / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:|")""", page)
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("mode", ["observe", "propose"])
def test_a_desk_that_may_not_act_sends_nothing(tmp_path: Path, mode: str) -> None:
    words = morning(tmp_path, ('mode = "auto"', f'mode = "{mode}"'))
    answer = hedgerow_here("run", *words, "--out", "out", "--json", cwd=tmp_path)
    assert answer.code == 1, "left alone, the desk is liquidated"
    alone, watched = answer.json()["episodes"]
    rows = rows_of(tmp_path / "out" / "journal.db")
    counted = Counter(row.kind for row in rows)
    assert not [kind for kind in SENDS if counted[kind]]
    assert counted["decision"] > 0
    assert counted["liquidation"] == 1
    assert rows[0].payload["mode"] == mode
    assert {action["status"] for action in watched["actions"]} == {"proposed"}
    assert watched["summary"]["equity_end_usd"] == alone["summary"]["equity_end_usd"]


def test_without_a_mode_a_desk_only_observes(tmp_path: Path) -> None:
    assert load_desk(desk_file(tmp_path, ('mode = "auto"\n', ""))).mode == "observe"


def test_alone_is_left_out_when_not_wanted(tmp_path: Path) -> None:
    words = morning(tmp_path)
    out = tmp_path / "folders" / "made" / "when needed"
    told = hedgerow_here("run", *words, "--no-compare", "--json", "--out", out, cwd=tmp_path).json()
    assert sorted(path.name for path in out.iterdir()) == ["journal.db", "report.html"]
    assert [episode["summary"]["with_hedgerow"] for episode in told["episodes"]] == [True]


def test_funding_that_nobody_recorded_is_unknown_and_not_nothing(tmp_path: Path) -> None:
    words = morning(tmp_path, ('funding = "funding"\n', ""))
    answer = hedgerow_here("run", *words, "--no-compare", cwd=tmp_path)
    (line,) = [line for line in answer.out.splitlines() if line.startswith("Funding received")]
    assert line.split()[-1] == "unknown"
    told = hedgerow_here("run", *words, "--no-compare", "--json", cwd=tmp_path).json()
    assert told["episodes"][0]["summary"]["funding_usd"] is None


def test_a_broken_hard_limit_at_the_end_is_status_1(tmp_path: Path) -> None:
    words = morning(tmp_path, ("soft = 50000\nhard = 500000", "soft = 1\nhard = 2"))
    answer = hedgerow_here("run", *words, "--no-compare", "--json", cwd=tmp_path)
    assert answer.code == 1
    assert "hard" in {limit["rung"] for limit in answer.json()["episodes"][0]["limits"]}


def test_a_window_without_a_single_event_is_refused(tmp_path: Path) -> None:
    """Otherwise a report would say that nothing was liquidated, where nothing was known."""
    desk = desk_file(
        tmp_path,
        ('start = "2026-02-01', 'start = "2025-12-01'),
        ('end = "2026-02-01', 'end = "2025-12-01'),
    )
    data = recorded(tmp_path / "data")
    with pytest.raises(
        RecordingRejected, match="nothing between 2025-12-01T02:00:00Z and 2025-12-01T09"
    ):
        run_session(
            desk_path=desk, data=data, out=tmp_path / "out", seed=None, compare=True, as_json=True
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "desk.toml"]


@pytest.mark.parametrize("name", ["journal.db", "report.html"])
def test_a_folder_where_a_result_belongs_is_told_before_the_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "out" / name).mkdir(parents=True)
    answer = hedgerow_here("run", *morning(tmp_path), "--out", "out", cwd=tmp_path)
    assert answer.code == 2
    assert answer.err == f"hedgerow: out/{name} is a folder; name another --out, or move it away\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_replacing_an_earlier_run_is_said(tmp_path: Path) -> None:
    words = morning(tmp_path)
    first, second = (hedgerow_here("run", *words, "--no-compare", cwd=tmp_path) for _ in range(2))
    assert "replaced" not in first.err
    assert "the journal and report of an earlier run in out were replaced\n" in second.err


def test_a_recording_that_is_silent_in_the_window_is_named(tmp_path: Path) -> None:
    """Any of them: a replay without its option chains would show a desk that nobody valued."""
    desk = desk_file(tmp_path)
    late = chains().with_columns(pl.col("ts") + timedelta(days=3))
    data = recorded(tmp_path / "data", options=late)
    answer = hedgerow_here("run", str(desk), "--data", str(data), cwd=tmp_path)
    assert answer.code == 2
    assert answer.err == (
        f"hedgerow: {data / 'options'}: nothing between 2026-02-01T02:00:00Z and "
        "2026-02-01T09:00:00Z, goes on at 2026-02-04T02:30:00Z; change start, end or warmup of "
        "the desk, or leave it out of [recording]\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_liquidation_is_status_1_and_says_so_without_a_limit(tmp_path: Path) -> None:
    words = morning(tmp_path, ('mode = "auto"', 'mode = "observe"'), (LIMITS, ""))
    answer = hedgerow_here("run", *words, "--no-compare", cwd=tmp_path)
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("exit 1: options was liquidated at 2026-02-01T0")


def test_a_replay_shows_no_seed(ran: Ran) -> None:
    assert "Seed" not in words_of((ran.out / "report.html").read_text(encoding="utf-8"))


def test_the_log_of_a_run_is_the_same_however_fast_the_machine(tmp_path: Path) -> None:
    words = morning(tmp_path)
    first, second = (
        hedgerow_here("run", *words, "--out", tmp_path / out, cwd=tmp_path) for out in "ab"
    )
    assert first.err == second.err
    assert "nearest so far" in first.err


def test_a_run_that_fails_logs_no_day(tmp_path: Path) -> None:
    desk = desk_file(tmp_path)
    broken = perpetuals().with_columns(
        pl.when(pl.col("ts") > datetime(2026, 2, 1, 7, tzinfo=UTC))
        .then(-1.0)
        .otherwise("close")
        .alias("close")
    )
    data = recorded(tmp_path / "data", candles=broken)
    answer = hedgerow_here("run", str(desk), "--data", str(data), cwd=tmp_path)
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
