"""Files that a command writes: whole or not at all, and nothing replaced in silence."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

from hedgerow.errors import RequestRejected

__all__ = ["check_place", "check_plot", "write_file", "write_plot", "write_text"]


def check_place(path: Path, flag: str) -> None:
    """Refuse a place where no file can be written, before what would be written is computed.

    Raises
    ------
    RequestRejected
        If its folder does not exist, or a folder stands in its place.
    """
    if not path.parent.is_dir():
        raise RequestRejected(f"{flag} {path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise RequestRejected(f"{flag} {path} is a folder; name a file")


def write_file(path: Path, flag: str, write: Callable[[Path], None]) -> str:
    """Have a file written beside its place and move it there; say what happened in one line.

    Raises
    ------
    RequestRejected
        As `check_place`.
    """
    check_place(path, flag)
    is_there = path.exists()
    # Named before it is made: a signal right after would leave a file that nobody knows.
    beside = path.parent / f".hedgerow-{token_hex(8)}{path.suffix}"
    try:
        beside.touch(mode=0o600, exist_ok=False)
        write(beside)
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return f"{path} written, in place of an earlier one" if is_there else f"{path} written"


def write_text(path: Path, flag: str, text: str) -> str:
    """The same for a text."""
    return write_file(path, flag, lambda beside: _put(beside, text))


def check_plot(path: Path) -> None:
    """Refuse a place where no drawing can be written.

    Raises
    ------
    RequestRejected
        If the name does not end in .svg, or as `check_place`.
    """
    if path.suffix.lower() != ".svg" and not path.is_dir():
        raise RequestRejected(f"--plot {path}: a drawing is SVG; name a file that ends in .svg")
    check_place(path, "--plot")


def write_plot(path: Path, drawing: str, *, as_json: bool) -> None:
    """Write a drawing and say so: on stdout, or on stderr where stdout is JSON alone.

    Raises
    ------
    RequestRejected
        As `check_plot`.
    """
    check_plot(path)
    said = write_text(path, "--plot", drawing)
    (sys.stderr if as_json else sys.stdout).write(f"plot {said}\n")


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
