"""Runs of ``plan backtest`` kept in a file as they end, so that a long one can be gone on with.

The first line of the file says what was asked for and of which program, every further one is a
run. A file of another question is refused, and so is one of other code or libraries: what it holds
is not what would be played now. A last line that a kill cut short is dropped and its run played
again.

One process at a time: the file is locked (`flock`) as long as it is open, and whoever comes second
is refused, since two would cut off each other's lines. The system gives the lock back when its
holder ends, however that ends. Windows has no such lock: there two are not kept apart.
"""

import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from os import SEEK_END
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import msgspec

if sys.platform != "win32":
    import fcntl

from hedgerow import __version__
from hedgerow.errors import RequestRejected
from hedgerow.simulation import PolicyRun

__all__ = ["KeptRuns", "Question", "program"]

# What numbers are made by, beside our own code.
_LIBRARIES: Final = ("numpy", "scipy", "numba", "clarabel", "highspy")


def program() -> str:
    """Say what plays: the version, a digest of all code and data of the package, the libraries.

    A version alone would not do: between two releases it names any number of programs.
    """
    digest = sha256()
    for name, file in sorted(_package(files("hedgerow"), "")):
        digest.update(f"{name}\0".encode())
        digest.update(file.read_bytes())
    libraries = ", ".join(f"{each} {version(each)}" for each in _LIBRARIES)
    return f"hedgerow {__version__} (code {digest.hexdigest()[:12]}), {libraries}"


def _package(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for each in folder.iterdir():
        name = f"{above}{each.name}"
        if each.is_dir():
            yield from _package(each, f"{name}/")
        elif name.endswith((".py", ".toml")):
            yield name, each


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What makes two runs comparable: all that was asked, beside the market and the way."""

    program: str
    desk_digest: str
    rulebooks_digest: str
    data_name: str
    data_digest: str
    limits: str
    step_ns: int
    option_depth_contracts: float
    horizon_days: float
    capital_frac_per_year: float


class KeptRuns:
    """The runs of one question, in a file; a context manager.

    Raises
    ------
    RequestRejected
        Where the file is not of this question, another process has it open, or it cannot be read
        or written.
    """

    def __init__(self, path: Path, question: Question) -> None:
        self._path, self._question = path, question
        self._stream: IO[bytes] | None = None
        self.runs: list[PolicyRun] = []

    def __enter__(self) -> "KeptRuns":
        try:
            # For appending, so that a file that is there is left as it is until it was checked.
            self._stream = self._path.open("a+b")
        except OSError as trouble:
            raise self._refused(trouble) from trouble
        try:
            self._go_on(self._stream)
        except BaseException:
            self._stream.close()
            raise
        return self

    def _go_on(self, stream: IO[bytes]) -> None:
        """Read what is there, drop a line that was cut short, and go to the end."""
        try:
            self._lock(stream)
            stream.seek(0)
            lines = stream.read().splitlines(True)
            whole = [each for each in lines if each.endswith(b"\n")]
            if lines:
                self._check(lines[0])
                self.runs = [self._run(line, at) for at, line in enumerate(whole[1:], 2)]
            stream.truncate(sum(map(len, whole)))
            stream.seek(0, SEEK_END)
        except OSError as trouble:
            raise self._refused(trouble) from trouble
        if not whole:
            self._append(self._question)

    def _lock(self, stream: IO[bytes]) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise RequestRejected(
                f"--keep {self._path}: another plan backtest keeps its runs there now; wait until "
                "it has ended, or name another file"
            ) from taken

    def _refused(self, trouble: OSError) -> RequestRejected:
        return RequestRejected(f"--keep {self._path}: {trouble.strerror}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()
        if error is not None:
            error.add_note(
                f"{len(self.runs)} runs are kept in {self._path}; the same command goes on with "
                "them"
            )

    def add(self, run: PolicyRun) -> None:
        """Keep one more."""
        self.runs.append(run)
        self._append(run)

    def _append(self, what: msgspec.Struct) -> None:
        assert self._stream is not None, "entered"
        self._stream.write(msgspec.json.encode(what) + b"\n")
        self._stream.flush()

    def _check(self, line: bytes) -> None:
        if msgspec.json.encode(self._question).startswith(line):
            return  # a kill cut it short, or took its end of line
        try:
            asked = msgspec.json.decode(line, type=Question)
        except msgspec.DecodeError as bad:
            raise RequestRejected(
                f"--keep {self._path} does not begin as runs of plan backtest do: {bad}"
            ) from bad
        others = [
            f"{name} {getattr(asked, name)}, now {getattr(self._question, name)}"
            for name in Question.__struct_fields__
            if getattr(asked, name) != getattr(self._question, name)
        ]
        if others:
            raise RequestRejected(
                f"--keep {self._path} holds runs of another question: {'; '.join(others)}. Name "
                "another file"
            )

    def _run(self, line: bytes, at: int) -> PolicyRun:
        try:
            return msgspec.json.decode(line, type=PolicyRun)
        except msgspec.DecodeError as bad:
            raise RequestRejected(f"--keep {self._path}: line {at} is no run: {bad}") from bad
