"""Take a desk file apart, change one thing in it, and load it again."""

import tomllib
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.errors import DeskRejected
from tests.rooms.app.toml import toml

__all__ = ["EXAMPLE", "GONE", "changed", "example", "mistakes", "written"]

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "crash_2026_02.toml"


class _Gone(Enum):
    GONE = "gone"


GONE = _Gone.GONE  # as a value: the key is taken out


def example() -> dict[str, Any]:
    """Give the example desk as the tables and lists of its file."""
    return tomllib.loads(EXAMPLE.read_text(encoding="utf-8"), parse_float=Decimal)


def changed(raw: dict[str, Any], where: str, value: object) -> dict[str, Any]:
    """Set the value at a path such as ``accounts.0.rulebook``; a new list index appends."""
    *steps, last = where.split(".")
    at: Any = raw
    for step in steps:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if value is GONE:
        del at[int(last) if isinstance(at, list) else last]
    elif isinstance(at, list) and int(last) == len(at):
        at.append(value)
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return raw


def written(folder: Path, raw: dict[str, Any]) -> Path:
    """Write a desk file."""
    path = folder / "desk.toml"
    path.write_text(toml(raw), encoding="utf-8")
    return path


def mistakes(folder: Path, raw: dict[str, Any]) -> list[str]:
    """Give the mistakes that the loader lists, after checking what every refusal has."""
    path = written(folder, raw)
    with pytest.raises(DeskRejected) as caught:
        load_desk(path)
    head, *listed = str(caught.value).splitlines()
    plural = "" if len(listed) == 1 else "s"
    assert head == f"{path}: {len(listed)} mistake{plural}"
    assert all(line.startswith("  ") for line in listed)
    return [line[2:] for line in listed]
