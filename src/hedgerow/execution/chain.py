"""The chain of a journal: how a row is hashed, and how anybody checks it without trusting us.

``hash(row) = sha256(hash(row before) ‖ bytes(row))``, where the bytes of a row are the JSON array
``[sequence,time_ns,kind,client_id]`` without spaces, one line feed, and the payload as stored. The
hash before the first row is `GENESIS`. The first row is the header, so two journals with the same
head had the same start, the same rows and the same order.

A chain shows every edit, insertion, deletion and exchange of rows. It cannot show that its last
rows were cut off: for that keep a head somewhere else and give it as `anchor`.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from hedgerow.errors import JournalRejected

__all__ = [
    "APPLICATION_ID",
    "GENESIS",
    "KINDS",
    "SCHEMA",
    "SCHEMA_SQL",
    "SCHEMA_VERSION",
    "Kind",
    "Row",
    "Verified",
    "read",
    "row_hash",
    "to_row",
    "verify",
]

Kind: TypeAlias = Literal[
    "header",
    "observed",
    "decision",
    "intent",
    "sent",
    "acknowledged",
    "filled",
    "credited",
    "rejected",
    "unknown",
    "liquidation",
    "alert",
    "settlement",
    "end",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

SCHEMA_VERSION = 1
SCHEMA = f"hedgerow.journal/{SCHEMA_VERSION}"
GENESIS = hashlib.sha256(SCHEMA.encode()).hexdigest()
APPLICATION_ID = 0x68656467  # "hedg", so that `file` and SQLite tools know whose database this is

_LEG_KINDS = ("intent", "sent", "acknowledged", "filled", "credited", "rejected", "unknown")


def _sql(kinds: Collection[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)


# The database itself keeps the promises, so that a bug of ours or somebody's SQL shell cannot:
# rows are only added, at the end; one intent per client id (I2); nothing is sent without one (I1).
SCHEMA_SQL: tuple[str, ...] = (
    f"""CREATE TABLE row(
  sequence INTEGER PRIMARY KEY,
  time_ns INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ({_sql(KINDS)})),
  client_id TEXT CHECK ((client_id IS NOT NULL) = (kind IN ({_sql(_LEG_KINDS)}))),
  payload TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT""",
    "CREATE UNIQUE INDEX row_once ON row(client_id, kind) WHERE kind IN ('intent', 'sent')",
    "CREATE INDEX row_leg ON row(client_id) WHERE client_id IS NOT NULL",
    """CREATE TRIGGER row_no_update BEFORE UPDATE ON row
BEGIN SELECT RAISE(ABORT, 'a journal is append-only: no row may change'); END""",
    """CREATE TRIGGER row_no_delete BEFORE DELETE ON row
BEGIN SELECT RAISE(ABORT, 'a journal is append-only: no row may go'); END""",
    # Without this, INSERT OR REPLACE deletes a row without asking the trigger above.
    """CREATE TRIGGER row_at_the_end BEFORE INSERT ON row
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), -1) + 1 FROM row)
BEGIN SELECT RAISE(ABORT, 'a journal is append-only: another row is already there'); END""",
    """CREATE TRIGGER row_intent_first BEFORE INSERT ON row
WHEN NEW.kind = 'sent' AND NOT EXISTS
  (SELECT 1 FROM row WHERE kind = 'intent' AND client_id = NEW.client_id)
BEGIN SELECT RAISE(ABORT, 'nothing is sent before its intent is journalled'); END""",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it was written; the header is row 0."""

    sequence_index: int
    time_ns: int
    kind: Kind
    client_id: str | None
    payload: dict[str, Any]
    row_hash: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What an unbroken chain says of itself.

    `is_ended` is True when the last row is the `end` of a run; a run that was killed has none.
    """

    rows_count: int
    head: str
    header: dict[str, Any]
    is_ended: bool
    kinds_count: dict[str, int]


def row_hash(
    previous: str,
    sequence_index: int,
    time_ns: int,
    kind: str,
    client_id: str | None,
    payload: bytes,
) -> str:
    """Hash one row onto the hash before it; both as 64 hexadecimal digits."""
    frame = json.dumps(
        [sequence_index, time_ns, kind, client_id], separators=(",", ":"), ensure_ascii=False
    )
    # The frame holds no raw line feed, so no two rows have the same bytes.
    return hashlib.sha256(
        bytes.fromhex(previous) + frame.encode("utf-8", "surrogatepass") + b"\n" + payload
    ).hexdigest()


def verify(path: Path, *, anchor: str | None = None) -> Verified:
    """Recompute the chain from the first row to the last. Writes nothing.

    Parameters
    ----------
    anchor
        A head seen earlier and kept elsewhere; the chain must pass through it.

    Raises
    ------
    JournalRejected
        If there is no journal at `path`, SQLite finds it damaged, its tables are not those of a
        journal, a row is missing, changed or out of order (the first such row is named), or the
        chain does not pass through `anchor`.
    """
    with closing(_connect(path)) as connection:
        try:
            _check_schema(connection, path)
            verified, hashes = _check_chain(connection, path)
            damage = [text for (text,) in connection.execute("PRAGMA integrity_check")]
        except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes what is no text
            raise JournalRejected(f"{path} is damaged ({error}); restore it from a copy") from error
    if damage != [b"ok"]:
        first = damage[0].decode("utf-8", "replace")
        raise JournalRejected(f"{path} is damaged ({first}); restore it from a copy")
    if anchor is not None and anchor not in hashes:
        raise JournalRejected(
            f"{path} does not pass through {anchor}: its last rows were cut off, or it is another "
            f"journal (its head is {verified.head} after {verified.rows_count} rows)"
        )
    return verified


def read(path: Path, kinds: Collection[Kind] | None = None) -> Generator[Row, None, None]:
    """Give the rows in order, of some kinds or of all. Checks no hash; `verify` does.

    Raises
    ------
    JournalRejected
        If there is no journal at `path` or SQLite finds it damaged.
    """
    wanted = KINDS if kinds is None else tuple(kinds)
    marks = ",".join("?" * len(wanted))
    with closing(_connect(path)) as connection:
        connection.text_factory = str
        try:
            _check_schema(connection, path)
            yield from map(
                to_row,
                connection.execute(
                    "SELECT sequence, time_ns, kind, client_id, payload, hash FROM row "
                    f"WHERE kind IN ({marks}) ORDER BY sequence",
                    wanted,
                ),
            )
        except (sqlite3.Error, ValueError) as error:
            raise JournalRejected(
                f"{path} is damaged ({error}); run `hedgerow journal verify` on it"
            ) from error


def to_row(columns: tuple[int, int, Kind, str | None, str, str]) -> Row:
    """Give the columns of one row as a record."""
    sequence, time_ns, kind, client_id, payload, digest = columns
    return Row(
        sequence_index=sequence,
        time_ns=time_ns,
        kind=kind,
        client_id=client_id,
        payload=json.loads(payload),
        row_hash=digest,
    )


def _connect(path: Path) -> sqlite3.Connection:
    if path.is_dir():
        raise JournalRejected(f"{path} is a folder; name the journal.db in it")
    if not path.is_file():
        raise JournalRejected(
            f"no journal at {path}; name the journal.db that a run wrote into its --out folder"
        )
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0
        )
    except sqlite3.Error as error:
        raise JournalRejected(f"{path} cannot be opened: {error}") from error
    # Bytes, because text that somebody edited need not be text any more.
    connection.text_factory = bytes
    return connection


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise JournalRejected(f"{path} is not a journal: {error}; name a journal.db") from error
    if application != APPLICATION_ID:
        raise JournalRejected(f"{path} is not a journal of hedgerow; name a journal.db")
    if version != SCHEMA_VERSION:
        raise JournalRejected(
            f"{path} has journal format {version}, this hedgerow knows {SCHEMA_VERSION}; "
            "read it with the hedgerow that wrote it"
        )
    found = {_text(sql) for (sql,) in connection.execute("SELECT sql FROM sqlite_schema") if sql}
    for rule in sorted(found.symmetric_difference(SCHEMA_SQL)):
        what = "gained a rule no journal has" if rule in found else "lost a rule of every journal"
        raise JournalRejected(
            f"{path} has {what} ({rule.splitlines()[0]}); it was changed after it was written"
        )


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _check_chain(connection: sqlite3.Connection, path: Path) -> tuple[Verified, set[str]]:
    head, header, last, hashes, counts = GENESIS, b"", "", set[str](), Counter[str]()
    rows = connection.execute(
        "SELECT sequence, time_ns, kind, client_id, payload, hash FROM row ORDER BY sequence"
    )
    expected = 0
    for sequence, time_ns, kind, client_id, payload, digest in rows:
        if sequence != expected:
            raise JournalRejected(
                f"{path}: row {expected} is missing; row {sequence} was found in its place"
            )
        # A damaged page gives nothing, or a number, where a column holds text.
        if not isinstance(kind, bytes) or not isinstance(digest, bytes):
            raise JournalRejected(
                f"{path}: row {sequence} is damaged: its kind or its hash is no text; trust no row "
                "from here on"
            )
        last = kind.decode("utf-8", "replace")
        client = client_id.decode("utf-8", "replace") if isinstance(client_id, bytes) else None
        found = digest.decode("utf-8", "replace")
        computed = row_hash(head, sequence, time_ns, last, client, payload)
        if found != computed:
            raise JournalRejected(
                f"{path}: row {sequence} ({last}{f' of {client}' if client else ''}) was changed, "
                f"inserted or moved: it carries the hash {found}, but its content after the row "
                f"before it hashes to {computed}; trust no row from here on, and compare "
                "with a head kept elsewhere (a report prints it)"
            )
        if expected == 0:
            header = payload
            if last != "header":
                raise JournalRejected(f"{path}: row 0 is {last}, expected the header")
        head = computed
        hashes.add(computed)
        counts[last] += 1
        expected += 1
    if expected == 0:
        raise JournalRejected(f"{path}: row 0, the header, is missing")
    verified = Verified(
        rows_count=expected,
        head=head,
        header=json.loads(header),
        is_ended=last == "end",
        kinds_count=dict(sorted(counts.items())),
    )
    return verified, hashes
