"""The state of a long run, in a file that is either the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

S = TypeVar("S")


def load(path: Path, kind: type[S]) -> S:
    """Read the state of an unfinished run, or start one."""
    if not path.exists():
        return kind()
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise SystemExit(f"{path} cannot be read ({error}); delete it to start afresh") from error


def save(state: object, path: Path) -> None:
    """Write the state so that a crash leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_bytes(msgspec.json.encode(state))
    os.replace(beside, path)
