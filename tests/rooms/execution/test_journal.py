"""What a journal promises its writer: durable, once, in order, and the same bytes every time."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hedgerow.errors import JournalRejected
from hedgerow.execution import Header, Journal, read, verify
from tests.rooms.execution.writing import HEADER, observed, write_run, write_step


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def test_two_runs_give_the_same_bytes_and_one_file(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b, another"]
    for folder in folders:
        folder.mkdir()
        write_run(folder / "journal.db", 40)
        assert [file.name for file in folder.iterdir()] == ["journal.db"]
    first, second = ((folder / "journal.db").read_bytes() for folder in folders)
    assert first == second


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    root = request.config.rootpath
    mine = write_run(tmp_path / "mine.db", 40)
    for name, salt in (("a.db", "1"), ("b.db", "2")):
        done = subprocess.run(
            [sys.executable, "-m", "tests.rooms.execution.writing", tmp_path / name, "40"],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": str(root / "src")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == mine
        assert (tmp_path / name).read_bytes() == (tmp_path / "mine.db").read_bytes()


def test_other_rows_give_another_head(tmp_path: Path) -> None:
    assert write_run(tmp_path / "a.db", 3) != write_run(tmp_path / "b.db", 4)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"desk_digest": "f" * 64},
        {"rulebooks_digest": "f" * 64},
        {"data_digest": "f" * 64},
        {"data_name": "other"},
        {"mode": "observe"},
        {"hedgerow_version": "0.0.0"},
    ],
)
def test_another_header_gives_another_head(tmp_path: Path, change: dict[str, object]) -> None:
    heads = set()
    for name, header in (("a", HEADER), ("b", msgspec.structs.replace(HEADER, **change))):
        with Journal.create(tmp_path / name, header) as journal:
            heads.add(journal.head)
    assert len(heads) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data_name", os.sep.join(["", "srv", "data"])),
        ("data_name", "C:\\data"),
        ("desk_digest", "desk.toml"),
        ("data_digest", "E" * 64),
    ],
)
def test_a_header_refuses_what_belongs_to_one_machine(field: str, value: str) -> None:
    with pytest.raises(JournalRejected, match=field):
        msgspec.structs.replace(HEADER, **{field: value})


def test_s07_nothing_of_the_machine_reaches_the_file(tmp_path: Path) -> None:
    canary = tmp_path / "canary-folder"
    canary.mkdir()
    write_run(canary / "journal.db", 3)
    content = (canary / "journal.db").read_bytes()
    for secret in ("canary-folder", str(tmp_path), os.uname().nodename, str(Path.home())):
        assert len(secret) < 3 or secret.encode() not in content


def test_s11_only_its_owner_may_read_it(journal: Journal, path: Path) -> None:
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_each_row_is_there_for_others_when_append_returns(journal: Journal, path: Path) -> None:
    digest = journal.append("observed", 5, observed(0))
    rows = list(read(path))
    assert [(r.sequence_index, r.time_ns, r.kind, r.row_hash) for r in rows][1:] == [
        (1, 5, "observed", digest)
    ]
    assert rows[1].payload["prices_usd"] == {"BTC": 77_000.0, "ETH": 2_500.0}
    assert journal.head == digest == verify(path).head
    assert journal.rows_count == verify(path).rows_count == 2


def waits_for_the_disk(journal: Journal) -> bool:
    settings = {"synchronous": 2, "fullfsync": 1, "journal_mode": "wal", "busy_timeout": 5000}
    ask = journal._connection.execute
    return {name: ask(f"PRAGMA {name}").fetchone()[0] for name in settings} == settings


def test_every_commit_waits_for_the_disk(journal: Journal) -> None:
    assert waits_for_the_disk(journal)


def test_a_journal_goes_on_where_it_stopped(path: Path, tmp_path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        write_step(journal, 0)
        head = journal.head
    with Journal.open(path) as journal:
        assert (journal.head, journal.rows_count) == (head, 6)
        assert waits_for_the_disk(journal)
        write_step(journal, 1)
        journal.append("end", 2, {"steps_count": 2})
    assert verify(path).head == write_run(tmp_path / "in-one-go.db", 2)


def test_an_existing_file_is_never_overwritten(path: Path, header: Header) -> None:
    write_run(path, 2)
    before = path.read_bytes()
    with pytest.raises(JournalRejected, match="never overwritten; move it away"):
        Journal.create(path, header)
    assert path.read_bytes() == before


def test_a_log_left_by_another_run_is_not_swallowed(path: Path, header: Header) -> None:
    path.with_name("journal.db-wal").write_bytes(b"somebody's rows")
    with pytest.raises(JournalRejected, match=r"journal\.db-wal exists"):
        Journal.create(path, header)


def test_a_journal_in_no_folder_says_so(tmp_path: Path, header: Header) -> None:
    with pytest.raises(JournalRejected, match="No such file"):
        Journal.create(tmp_path / "absent" / "journal.db", header)
    assert list(tmp_path.iterdir()) == []


def test_i2_one_client_id_has_one_intent(journal: Journal) -> None:
    journal.append("intent", 1, {}, "a")
    head = journal.head
    with pytest.raises(JournalRejected, match="UNIQUE"):
        journal.append("intent", 2, {"again": True}, "a")
    assert journal.head == head
    journal.append("intent", 2, {}, "b")  # the journal still works


def test_i2_one_intent_is_sent_once(journal: Journal) -> None:
    journal.append("intent", 1, {}, "a")
    journal.append("sent", 1, {}, "a")
    with pytest.raises(JournalRejected, match="UNIQUE"):
        journal.append("sent", 2, {}, "a")


def test_i1_nothing_is_sent_before_its_intent(journal: Journal) -> None:
    journal.append("intent", 1, {}, "a")
    with pytest.raises(JournalRejected, match="before its intent"):
        journal.append("sent", 1, {}, "b")


def test_a_row_about_a_leg_names_it(journal: Journal) -> None:
    with pytest.raises(JournalRejected, match="CHECK"):
        journal.append("unknown", 1, {})


def test_a_row_about_no_leg_names_none(journal: Journal) -> None:
    with pytest.raises(JournalRejected, match="CHECK"):
        journal.append("alert", 1, {}, "a")


def test_an_unknown_kind_is_refused(journal: Journal) -> None:
    with pytest.raises(JournalRejected, match="CHECK"):
        journal.append("guess", 1, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("time_ns", "client_id"), [(2**63, "a"), (1, "\ud800")], ids=["time", "client_id"]
)
def test_what_sqlite_cannot_hold_leaves_the_journal_whole(
    journal: Journal, path: Path, time_ns: int, client_id: str
) -> None:
    with pytest.raises(JournalRejected, match="was not written"):
        journal.append("intent", time_ns, {}, client_id)
    journal.append("intent", 1, {}, "a")
    assert verify(path).rows_count == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE row SET payload = '{}' WHERE sequence = 2",
        "DELETE FROM row WHERE sequence = 2",
        "INSERT OR REPLACE INTO row SELECT * FROM row WHERE sequence = 2",
        "INSERT INTO row VALUES (9, 0, 'alert', NULL, '{}', '')",
        "INSERT INTO row VALUES (-1, 0, 'alert', NULL, '{}', '')",
        "INSERT INTO row(time_ns, kind, payload, hash) SELECT 0, 'alert', '{}', '' WHERE 0 "
        "UNION ALL SELECT 0, 'guess', '{}', ''",
        "INSERT INTO row VALUES (7, 'noon', 'alert', NULL, '{}', '')",
    ],
)
def test_the_database_itself_refuses_everything_but_the_next_row(
    path: Path, statement: str
) -> None:
    write_run(path, 1)
    with closing(raw(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    assert verify(path).rows_count == 7


def test_p09_a_second_writer_is_noticed_before_it_does_harm(journal: Journal, path: Path) -> None:
    with Journal.open(path) as second:
        second.append("alert", 1, {"message": "I am here too"})
    with pytest.raises(JournalRejected, match="another row is already there"):
        journal.append("intent", 2, {}, "a")
    assert verify(path).rows_count == 2


def test_p13_a_locked_database_is_waited_for_and_then_said(journal: Journal, path: Path) -> None:
    journal._connection.execute("PRAGMA busy_timeout=50")
    with closing(raw(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalRejected, match="locked"):
            journal.append("intent", 1, {}, "a")
        other.execute("ROLLBACK")
    journal.append("intent", 1, {}, "a")
    assert verify(path).rows_count == 2


def test_p12_a_full_disk_refuses_rows_and_recovers(journal: Journal, path: Path) -> None:
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count={pages}")
    head = journal.head
    with pytest.raises(JournalRejected, match="full"):
        journal.append("intent", 1, {"note": "x" * 10_000}, "a")
    assert journal.head == head
    assert journal.rows_of("a") == ()
    journal._connection.execute(f"PRAGMA max_page_count={pages + 100}")
    journal.append("intent", 1, {"note": "x" * 10_000}, "a")
    assert verify(path).head == journal.head


def test_p12_a_batch_keeps_what_found_room(journal: Journal, path: Path) -> None:
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count={pages}")

    def observe() -> None:
        with journal.batch():
            journal.append("observed", 1, {"note": "short"})
            journal.append("observed", 1, {"note": "x" * 10_000})

    with pytest.raises(JournalRejected, match="full"):
        observe()
    assert verify(path).rows_count == 2
    assert verify(path).head == journal.head


def test_p12_a_batch_that_the_disk_took_back_is_lost_whole(journal: Journal, path: Path) -> None:
    head = journal.head

    def observe() -> None:
        with journal.batch():
            journal.append("observed", 1, {"note": "short"})
            journal._connection.execute("ROLLBACK")  # as SQLite does when a write fails badly
            with pytest.raises(JournalRejected, match="another row is already there"):
                journal.append("observed", 1, {"note": "after"})

    with pytest.raises(JournalRejected, match="the batch was lost"):
        observe()
    assert journal.head == head == verify(path).head
    journal.append("observed", 1, {"note": "short"})
    assert verify(path).head == journal.head


def test_p15_a_disk_that_fails_is_not_tried_again(journal: Journal, path: Path) -> None:
    journal._connection.execute("PRAGMA query_only=ON")  # what a read-only remount looks like
    with pytest.raises(JournalRejected, match="readonly"):
        journal.append("alert", 1, {"message": "first"})
    journal._connection.execute("PRAGMA query_only=OFF")
    with pytest.raises(JournalRejected, match="open it again"):
        journal.append("alert", 1, {"message": "second"})
    assert verify(path).rows_count == 1


def test_rows_of_a_batch_appear_together(journal: Journal, path: Path) -> None:
    with journal.batch():
        journal.append("observed", 1, observed(1))
        journal.append("decision", 1, {"reasons": []})
        assert verify(path).rows_count == 1
    assert verify(path).rows_count == 3
    assert verify(path).head == journal.head


def test_a_batch_keeps_what_led_to_an_error(journal: Journal, path: Path) -> None:
    def observe_and_fail() -> None:
        with journal.batch():
            journal.append("observed", 1, observed(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        observe_and_fail()
    assert verify(path).rows_count == 2
    journal.append("alert", 1, {"message": "after"})
    assert verify(path).rows_count == 3


@pytest.mark.parametrize(
    "kind", ["intent", "sent", "acknowledged", "filled", "credited", "rejected", "unknown", "end"]
)
def test_what_has_an_effect_is_never_part_of_a_batch(
    journal: Journal, path: Path, kind: str
) -> None:
    with journal.batch(), pytest.raises(JournalRejected, match="outside the batch"):
        journal.append(kind, 1, {}, "a")  # type: ignore[arg-type]
    assert verify(path).rows_count == 1


def test_batches_do_not_nest(journal: Journal) -> None:
    with journal.batch(), pytest.raises(JournalRejected, match="nest"), journal.batch():
        pass


def test_a_closed_journal_takes_no_row(journal: Journal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(JournalRejected, match="closed"):
        journal.append("alert", 1, {"message": "late"})


def test_a_reader_does_not_hinder_the_close(journal: Journal, path: Path) -> None:
    journal._connection.execute("PRAGMA busy_timeout=50")
    rows = read(path)
    assert next(rows).kind == "header"
    journal.append("alert", 1, {"message": "written while somebody reads"})
    journal.close()
    rows.close()
    assert verify(path).rows_count == 2


def test_rows_and_open_legs_can_be_asked_for(journal: Journal) -> None:
    for client_id in ("a", "b", "c", "d"):
        journal.append("intent", 10, {}, client_id)
    journal.append("sent", 11, {}, "a")
    journal.append("filled", 12, {}, "a")
    journal.append("sent", 11, {}, "b")
    journal.append("unknown", 12, {}, "b")
    journal.append("rejected", 12, {"reason": "no"}, "c")
    assert journal.unsettled() == ("b", "d")
    assert [row.kind for row in journal.rows_of("a")] == ["intent", "sent", "filled"]
    assert journal.rows_of("z") == ()
    assert [row.client_id for row in journal.intents(10, 11)] == ["a", "b", "d"]
    assert journal.intents(11, 99) == ()
    assert journal.intents(0, 10) == ()
