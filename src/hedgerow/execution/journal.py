"""The write-ahead journal: what was seen, decided, sent, and what became of it.

An intent is on the disk before anything leaves the process, and its outcome is written after it, so
a process killed at any moment knows on its next start what it may have done. One row is one
durable transaction (SQLite, WAL, ``synchronous=FULL``); rows that precede no effect may share one
(`Journal.batch`). The same run gives the same file, byte for byte, because nothing of the machine
or of the clock enters it and a clean close leaves no second file.

Cost: one flush of the disk per row or batch. On a virtual disk that flushes in about 0.1 ms,
roughly 5,000 single rows or 11,000 batched rows a second; a disk that truly waits for its flash
gives some hundreds of single rows a second.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, final

import msgspec

from hedgerow import __version__
from hedgerow.errors import JournalRejected
from hedgerow.execution.canonical import canonical
from hedgerow.execution.chain import (
    APPLICATION_ID,
    GENESIS,
    SCHEMA,
    SCHEMA_SQL,
    SCHEMA_VERSION,
    Kind,
    Row,
    row_hash,
    to_row,
    verify,
)
from hedgerow.execution.records import Mode

__all__ = ["Header", "Journal"]

# Rows that precede no effect and follow none: losing the last of them loses no money.
_BATCHABLE: frozenset[Kind] = frozenset(
    {"observed", "decision", "alert", "liquidation", "settlement"}
)
_FINAL = "('filled', 'credited', 'rejected')"
# After these the file can be written again; anything else (fsync failed, read-only) is for good.
_PASSING = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_CONSTRAINT")
_BESIDE = ("-wal", "-shm", "-journal")  # SQLite's own files next to a journal
_COLUMNS = "sequence, time_ns, kind, client_id, payload, hash"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was made from. Neither a clock nor a folder of the machine: both change the head.

    The digests are SHA-256 in hexadecimal; that of the rulebooks covers those the desk names, so
    that a changed parameter cannot pass for the same run. `data_name` is a name, not a path.
    """

    desk_digest: str
    rulebooks_digest: str
    data_name: str
    data_digest: str
    seed: int
    mode: Mode
    hedgerow_version: str = __version__
    schema: str = SCHEMA

    def __post_init__(self) -> None:
        for field in ("desk_digest", "rulebooks_digest", "data_digest"):
            if not _DIGEST.fullmatch(getattr(self, field)):
                raise JournalRejected(
                    f"header: {field} must be 64 hexadecimal digits, was {getattr(self, field)!r}"
                )
        if "/" in self.data_name or "\\" in self.data_name:
            raise JournalRejected(
                f"header: data_name must be a name and not a path, was {self.data_name!r}"
            )


@final
class Journal:
    """An open journal; one process writes, any number read. Use it in a ``with`` block."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, head: str, rows_count: int
    ) -> None:
        self._connection = connection
        self._path = path
        self._head = head
        self._rows_count = rows_count
        self._is_batch = False
        self._broken = ""

    @classmethod
    def create(cls, path: Path, header: Header, *, time_ns: int = 0) -> Self:
        """Start a journal in a new file that only its owner may read.

        Raises
        ------
        JournalRejected
            If something is at `path` already, or no file can be made there.
        """
        for beside in (path, *(path.with_name(path.name + end) for end in _BESIDE)):
            if beside.exists():
                raise JournalRejected(
                    f"{beside} exists already and a journal is never overwritten; move it away or "
                    "write to another folder"
                )
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            raise JournalRejected(f"no journal can be made at {path}: {error.strerror}") from error
        connection = _connect(path)
        journal = cls(connection, path, GENESIS, 0)
        try:
            # Fixed, because a default that changes between builds of SQLite would change the bytes.
            for pragma in ("page_size=4096", "auto_vacuum=NONE", "encoding='UTF-8'"):
                connection.execute(f"PRAGMA {pragma}")
            _durable(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            for statement in SCHEMA_SQL:
                connection.execute(statement)
            connection.execute("COMMIT")
            journal.append("header", time_ns, msgspec.structs.asdict(header))
        except (sqlite3.Error, JournalRejected) as error:
            connection.close()
            path.unlink(missing_ok=True)  # ours: nobody else could have made it
            raise JournalRejected(f"no journal can be made at {path}: {error}") from error
        return journal

    @classmethod
    def open(cls, path: Path) -> Self:
        """Go on writing a journal whose chain is first verified whole.

        Raises
        ------
        JournalRejected
            As `verify` does, or if the file cannot be written.
        """
        verified = verify(path)
        connection = _connect(path)
        try:
            _durable(connection)
        except sqlite3.Error as error:
            connection.close()
            raise JournalRejected(f"{path} cannot be written: {error}") from error
        return cls(connection, path, verified.head, verified.rows_count)

    @property
    def path(self) -> Path:
        """Where the journal lies."""
        return self._path

    @property
    def head(self) -> str:
        """The hash of the last row, which depends on every row before it."""
        return self._head

    @property
    def rows_count(self) -> int:
        """How many rows the journal has, the header included."""
        return self._rows_count

    def append(
        self,
        kind: Kind,
        time_ns: int,
        payload: Mapping[str, object],
        client_id: str | None = None,
    ) -> str:
        """Add a row and give its hash; outside a batch it is on the disk when this returns.

        Raises
        ------
        JournalRejected
            If the payload has no canonical form, the row breaks a rule of the journal (a second
            intent for one client id, a send without intent, another writer), a batch is open and
            the row is no mere observation, or the disk refuses. Nothing was added then.
        """
        if self._broken:
            raise JournalRejected(
                f"{self._path} failed earlier ({self._broken}); what was written since cannot be "
                "known, so open it again before going on"
            )
        if self._is_batch and kind not in _BATCHABLE:
            raise JournalRejected(
                f"a row of kind {kind} is durable on its own; append it outside the batch"
            )
        text = canonical(payload)
        digest = row_hash(self._head, self._rows_count, time_ns, kind, client_id, text.encode())
        columns = (self._rows_count, time_ns, kind, client_id, text, digest)
        with self._writing(f"row {self._rows_count} ({kind})"):
            if not self._is_batch:
                self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(f"INSERT INTO row({_COLUMNS}) VALUES (?,?,?,?,?,?)", columns)
            if not self._is_batch:
                self._connection.execute("COMMIT")
        self._head = digest
        self._rows_count += 1
        return digest

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Let rows that precede no effect share one flush; they are durable when the block ends.

        An error inside the block does not take back the rows before it: they say what led to it.

        Raises
        ------
        JournalRejected
            If the disk refuses; none of the rows was added then.
        """
        if self._is_batch:
            raise JournalRejected("a batch is open already; batches do not nest")
        start = (self._head, self._rows_count)
        with self._writing("a batch"):
            self._connection.execute("BEGIN IMMEDIATE")
        self._is_batch = True
        try:
            yield
        finally:
            self._is_batch = False
            try:
                # A full disk makes SQLite give up the whole transaction, not only the last row.
                if not self._connection.in_transaction:
                    raise JournalRejected(f"{self._path}: the batch was lost, the disk refused it")
                with self._writing("a batch"):
                    self._connection.execute("COMMIT")
            except JournalRejected:
                self._head, self._rows_count = start
                raise

    def rows_of(self, client_id: str) -> tuple[Row, ...]:
        """Give every row about one leg, oldest first."""
        return self._select("WHERE client_id = ?", client_id)

    def intents(self, since_ns: int, until_ns: int) -> tuple[Row, ...]:
        """Give the intents of ``[since_ns, until_ns)`` that were not rejected, oldest first."""
        return self._select(
            "WHERE kind = 'intent' AND time_ns >= ? AND time_ns < ? AND NOT EXISTS (SELECT 1 "
            "FROM row AS later WHERE later.client_id = row.client_id AND later.kind = 'rejected')",
            since_ns,
            until_ns,
        )

    def unsettled(self) -> tuple[str, ...]:
        """Give the client ids of intents without a final outcome, oldest first."""
        rows = self._select(
            "WHERE kind = 'intent' AND NOT EXISTS (SELECT 1 FROM row AS later "
            f"WHERE later.client_id = row.client_id AND later.kind IN {_FINAL})"
        )
        return tuple(row.client_id for row in rows if row.client_id is not None)

    def close(self) -> None:
        """Fold the write-ahead log into the one file and let go of it; closing twice is fine.

        Leaving WAL mode on the way out lets anybody read the file later without making a second
        one beside it. A reader that is still there prevents both and costs nothing: the log stays.
        """
        if not self._broken:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA journal_mode=DELETE")  # checkpoints first
        self._broken = "it was closed"
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _select(self, where: str, *values: int | str) -> tuple[Row, ...]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM row {where} ORDER BY sequence", values
        )
        return tuple(to_row(columns) for columns in rows)

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            name = getattr(error, "sqlite_errorname", "SQLITE_UNKNOWN")
            if isinstance(error, sqlite3.Error) and not name.startswith(_PASSING):
                self._broken = str(error)
            if not self._is_batch and self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise JournalRejected(f"{self._path}: {what} was not written: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=5.0
    )


def _durable(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=5000")
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError(f"write-ahead log refused, journal mode is {mode}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA fullfsync=ON")  # on macOS fsync alone does not reach the platter
