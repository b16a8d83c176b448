"""S14, P14: whatever is done to a journal afterwards is found, and the first bad row is named."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from hedgerow.errors import JournalRejected
from hedgerow.execution import Journal, read, verify
from hedgerow.execution.chain import GENESIS, SCHEMA_SQL, _check_chain, row_hash
from tests.rooms.execution.writing import HEADER, observed, write_run, write_step

ROWS_COUNT = 17  # a header, three steps of five rows, an end
TRIGGERS = ("row_no_update", "row_no_delete", "row_at_the_end", "row_intent_first")


@cache  # two runs give the same bytes, as test_journal shows, and sixty tests begin with one
def run_bytes(steps_count: int) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        write_run(path, steps_count)
        return path.read_bytes()


@pytest.fixture
def written(path: Path) -> Path:
    path.write_bytes(run_bytes(3))
    return path


def tamper(path: Path, *statements: str, restore: bool = True) -> None:
    """Do to the database what its triggers forbid, as somebody with an SQL shell would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for sql in SCHEMA_SQL if restore else ():
            if sql.startswith("CREATE TRIGGER"):
                connection.execute(sql)


def test_a_whole_chain_says_what_it_holds(written: Path) -> None:
    found = verify(written)
    assert found.rows_count == ROWS_COUNT
    assert found.is_ended
    assert found.header["seed"] == HEADER.seed
    assert found.kinds_count == {
        "decision": 3,
        "end": 1,
        "filled": 3,
        "header": 1,
        "intent": 3,
        "observed": 3,
        "sent": 3,
    }


def test_the_chain_can_be_recomputed_from_its_description_alone(written: Path) -> None:
    with closing(sqlite3.connect(written)) as connection:
        rows = connection.execute("SELECT * FROM row ORDER BY sequence").fetchall()
    head = hashlib.sha256(b"hedgerow.journal/1").digest()
    for sequence, time_ns, kind, client_id, payload, digest in rows:
        frame = json.dumps([sequence, time_ns, kind, client_id], separators=(",", ":"))
        head = hashlib.sha256(head + f"{frame}\n{payload}".encode()).digest()
        assert digest == head.hex()
    assert verify(written).head == head.hex()


def test_a_run_that_was_cut_has_no_end(journal: Journal, path: Path) -> None:
    journal.append("alert", 1, {"message": "and then"})
    assert not verify(path).is_ended


TAMPERINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "edit a payload": (("UPDATE row SET payload = '{}' WHERE sequence = 5",), "row 5 .filled"),
    "edit a time": (("UPDATE row SET time_ns = 1 WHERE sequence = 1",), "row 1 .observed"),
    "edit a kind": (("UPDATE row SET kind = 'rejected' WHERE sequence = 5",), "row 5 .rejected"),
    "edit a client id": (("UPDATE row SET client_id = 'x' WHERE sequence = 5",), "row 5 "),
    "drop a client id": (
        ("UPDATE row SET kind = 'alert', client_id = NULL WHERE sequence = 5",),
        "row 5 .alert",
    ),
    "edit a hash": ((f"UPDATE row SET hash = '{'0' * 64}' WHERE sequence = 5",), "row 5 "),
    "edit the last": (("UPDATE row SET payload = '{}' WHERE sequence = 16",), "row 16 .end"),
    "edit the header": (
        ("UPDATE row SET payload = replace(payload, '\"seed\":7', '\"seed\":8') WHERE sequence=0",),
        "row 0 .header",
    ),
    "delete one": (("DELETE FROM row WHERE sequence = 5",), "row 5 is missing; row 6 was found"),
    "delete the header": (("DELETE FROM row WHERE sequence = 0",), "row 0 is missing"),
    "delete all": (("DELETE FROM row",), "row 0, the header, is missing"),
    "delete one and close the gap": (
        ("DELETE FROM row WHERE sequence = 16", "UPDATE row SET sequence = 16 WHERE sequence = 15"),
        "row 15 is missing",
    ),
    "insert at the end": (
        (f"INSERT INTO row VALUES (17, 9, 'alert', NULL, '{{}}', '{'a' * 64}')",),
        "row 17 .alert",
    ),
    "insert a copy": (
        ("INSERT INTO row SELECT 17, time_ns, 'alert', NULL, payload, hash FROM row "
         "WHERE sequence = 16",),
        "row 17 .alert",
    ),
    "insert in the middle": (
        (
            "UPDATE row SET sequence = sequence + 1001 WHERE sequence >= 5",
            "UPDATE row SET sequence = sequence - 1000 WHERE sequence >= 1000",
            f"INSERT INTO row VALUES (5, 0, 'alert', NULL, '{{}}', '{'a' * 64}')",
        ),
        "row 5 .alert",
    ),
    "swap two": (
        (
            "UPDATE row SET sequence = 1000 WHERE sequence = 1",
            "UPDATE row SET sequence = 1 WHERE sequence = 6",
            "UPDATE row SET sequence = 6 WHERE sequence = 1000",
        ),
        "row 1 .observed",
    ),
    "text that is no text": (
        ("UPDATE row SET payload = CAST(X'FFFE' AS TEXT) WHERE sequence = 5",),
        "row 5 ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_s14_a_tampered_row_is_named(written: Path, name: str) -> None:
    statements, seen = TAMPERINGS[name]
    tamper(written, *statements)
    with pytest.raises(JournalRejected, match=seen):
        verify(written)
    with pytest.raises(JournalRejected, match=seen):
        Journal.open(written)


def test_a_chain_that_holds_but_has_no_header_is_refused(written: Path) -> None:
    alone = row_hash(GENESIS, 0, 0, "alert", None, b"{}")
    tamper(
        written,
        "DELETE FROM row",
        f"INSERT INTO row VALUES (0, 0, 'alert', NULL, '{{}}', '{alone}')",
    )
    with pytest.raises(JournalRejected, match="row 0 is alert, expected the header"):
        verify(written)


def test_a_row_that_was_rehashed_breaks_the_row_after_it(written: Path) -> None:
    rows = list(read(written))
    forged = row_hash(rows[4].row_hash, 5, 0, "filled", "leg-0", b"{}")
    tamper(written, f"UPDATE row SET payload = '{{}}', hash = '{forged}' WHERE sequence = 5")
    with pytest.raises(JournalRejected, match="row 6 "):
        verify(written)


def test_s14_rows_cut_off_the_end_need_an_anchor(written: Path) -> None:
    anchor = verify(written).head
    tamper(written, "DELETE FROM row WHERE sequence > 10")
    assert verify(written).rows_count == 11  # the chain alone cannot know
    with pytest.raises(JournalRejected, match="cut off"):
        verify(written, anchor=anchor)


def test_an_anchor_holds_while_the_journal_grows(journal: Journal, path: Path) -> None:
    anchor = journal.head
    write_step(journal, 0)
    assert verify(path, anchor=anchor).rows_count == 6
    assert verify(path, anchor=journal.head).head == journal.head


def test_a_journal_without_its_triggers_is_refused(written: Path) -> None:
    tamper(written, restore=False)
    with pytest.raises(JournalRejected, match="lost a rule"):
        verify(written)


def test_a_journal_with_a_rule_of_somebody_else_is_refused(written: Path) -> None:
    with closing(sqlite3.connect(written)) as connection:
        connection.execute(
            "CREATE TRIGGER quiet BEFORE INSERT ON row BEGIN SELECT RAISE(IGNORE); END"
        )
    with pytest.raises(JournalRejected, match="gained a rule"):
        verify(written)


@pytest.mark.parametrize("seed", range(40))
def test_p14_one_changed_byte_of_content_is_found(written: Path, seed: int) -> None:
    """Any byte of any stored row, anywhere in the file."""
    content = bytearray(written.read_bytes())
    row = list(read(written))[seed % ROWS_COUNT]
    stored = json.dumps(row.payload, sort_keys=True, separators=(",", ":")).encode()
    rng = np.random.default_rng(seed)
    target = stored if seed % 2 else row.row_hash.encode()
    at = content.find(target) + int(rng.integers(len(target)))
    assert at >= 0
    content[at] ^= 1 << int(rng.integers(8))
    written.write_bytes(content)
    with pytest.raises(JournalRejected):
        verify(written)


def test_p14_an_index_that_lies_is_found(path: Path) -> None:
    """The index of client ids decides whether a leg was sent; it must agree with the rows."""
    with Journal.create(path, HEADER) as journal:
        journal.append("intent", 1, {}, "canary-id")
    content = path.read_bytes()
    places = [at for at in range(len(content)) if content.startswith(b"canary-id", at)]
    assert len(places) == 3, "one row, two indexes"
    for at in places:
        path.write_bytes(content[:at] + b"another-x" + content[at + 9 :])
        with pytest.raises(JournalRejected):
            verify(path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_p14_a_truncated_file_is_refused(path: Path, share: float) -> None:
    content = run_bytes(60)
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(JournalRejected):
        verify(path)
    with pytest.raises(JournalRejected):
        Journal.open(path)


@pytest.mark.parametrize("act", [verify, Journal.open, lambda path: list(read(path))])
def test_what_is_not_there_is_said_and_not_made(
    tmp_path: Path, act: Callable[[Path], object]
) -> None:
    with pytest.raises(JournalRejected, match=r"no journal at .*; name the journal\.db that a run"):
        act(tmp_path / "journal.db")
    with pytest.raises(JournalRejected, match=r"is a folder; name the journal\.db in it"):
        act(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x", b"desk = 1\n" * 500], ids=["empty", "x", "toml"])
def test_what_is_no_journal_is_said_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for act in (verify, Journal.open, lambda path: list(read(path))):
        with pytest.raises(JournalRejected, match="is not a journal"):
            act(path)
    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]
    assert path.read_bytes() == content


def test_another_database_is_no_journal(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE row(sequence INTEGER PRIMARY KEY)")
    with pytest.raises(JournalRejected, match="not a journal of hedgerow"):
        verify(path)


def test_a_journal_of_a_later_hedgerow_is_refused(written: Path) -> None:
    with closing(sqlite3.connect(written)) as connection:
        connection.execute("PRAGMA user_version=2")
    with pytest.raises(JournalRejected, match="format 2, this hedgerow knows 1"):
        verify(written)


def test_p14_names_that_are_no_text_any_more_are_damage(written: Path) -> None:
    """SQLite quotes the name of a broken rule in its message, and the name need not be UTF-8."""
    whole = written.read_bytes()
    name, rule = b"row_no_delete", b"CREATE TRIGGER row_no_delete"
    assert rule in whole
    broken = whole.replace(rule, b"CREATE TRIGGEX row_no_delete").replace(name, b"row\xa8no_delete")
    written.write_bytes(broken)
    for look in (verify, lambda path: list(read(path)), Journal.open):
        with pytest.raises(JournalRejected, match=r"journal\.db"):
            look(written)


def test_verifying_writes_nothing(written: Path) -> None:
    before = written.read_bytes()
    written.chmod(0o400)
    verify(written)
    list(read(written))
    assert [file.name for file in written.parent.iterdir()] == ["journal.db"]
    assert written.read_bytes() == before


def test_the_log_of_a_killed_run_counts(journal: Journal, path: Path, tmp_path: Path) -> None:
    write_step(journal, 0)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(path.with_name(name), copy / name)
    before = {name: (copy / name).read_bytes() for name in ("journal.db", "journal.db-wal")}
    assert verify(copy / "journal.db").head == journal.head
    # What a killed run left is evidence: looking at it folds nothing together.
    assert {name: (copy / name).read_bytes() for name in before} == before
    with Journal.open(copy / "journal.db") as again:
        again.append("alert", 1, {"message": "back"})
    assert verify(copy / "journal.db").rows_count == 7


def test_a_log_with_a_changed_byte_loses_its_tail_and_the_anchor_shows_it(
    journal: Journal, path: Path, tmp_path: Path
) -> None:
    journal.append("observed", 1, observed(1))
    copy = tmp_path / "copy"
    copy.mkdir()
    log = bytearray(path.with_name("journal.db-wal").read_bytes())
    log[-2000] ^= 1
    shutil.copy(path, copy / "journal.db")
    (copy / "journal.db-wal").write_bytes(log)
    with pytest.raises(JournalRejected, match="does not pass through"):
        verify(copy / "journal.db", anchor=journal.head)


def test_reading_gives_the_kinds_asked_for(written: Path) -> None:
    assert [row.client_id for row in read(written, {"filled"})] == ["leg-0", "leg-1", "leg-2"]
    assert [row.kind for row in read(written, ())] == []
    assert len(list(read(written))) == ROWS_COUNT


def test_the_genesis_is_pinned() -> None:
    # Changing it orphans every journal ever written: raise SCHEMA_VERSION and say how to read both.
    assert hashlib.sha256(b"hedgerow.journal/1").hexdigest() == GENESIS


@pytest.mark.parametrize(("kind", "digest"), [("'header'", "NULL"), ("NULL", "'00'"), ("7", "8")])
def test_p14_a_row_whose_page_is_damaged_is_refused(kind: str, digest: str, path: Path) -> None:
    """Columns that may not be empty are so after a damage: the file holds what it holds."""
    connection = sqlite3.connect(":memory:")
    connection.text_factory = bytes
    connection.execute("CREATE TABLE row (sequence, time_ns, kind, client_id, payload, hash)")
    connection.execute(f"INSERT INTO row VALUES (0, 0, {kind}, 5, 'x', {digest})")
    with pytest.raises(JournalRejected, match="row 0 is damaged: its kind or its hash is no text"):
        _check_chain(connection, path)
    connection.close()
