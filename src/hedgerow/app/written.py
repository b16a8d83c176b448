"""Files that a command writes: whole or not at all, and nothing replaced in silence."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hedgerow.errors import RequestRejected

__all__ = ["write_file", "write_text"]


def write_file(path: Path, flag: str, write: Callable[[Path], None]) -> str:
    """Have a file written beside its place and move it there; say what happened in one line.

    Raises
    ------
    RequestRejected
        If its folder does not exist, or a folder stands in its place.
    """
    if not path.parent.is_dir():
        raise RequestRejected(f"{flag} {path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise RequestRejected(f"{flag} {path} is a folder; name a file")
    is_there = path.exists()
    handle, name = tempfile.mkstemp(prefix=".hedgerow-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        write(beside)
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return f"{path} written, in place of an earlier one" if is_there else f"{path} written"


def write_text(path: Path, flag: str, text: str) -> str:
    """The same for a text."""
    return write_file(path, flag, lambda beside: _put(beside, text))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
