"""Vector files: one schema, ``hedgerow.vectors/1``, read without losing a digit.

A file is one suite. Every case names its `kind`, the inputs `given`, the outputs `then`, and the
`tolerance` under which they count as reproduced; `defaults` hold what cases share.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from hedgerow.errors import VectorsRejected

__all__ = ["SCHEMA", "Case", "Suite", "Tolerance", "read_suite", "vector_files"]

SCHEMA = "hedgerow.vectors/1"


class Tolerance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a number counts as reproduced: ``|got - expected| <= abs + rel · |expected|``.

    `exact` is equality; `rule` is the peer's own rounding in words, applied to the number that was
    computed before it is compared for equality.
    """

    abs_frac: Decimal = msgspec.field(default=Decimal(0), name="abs")
    rel_frac: Decimal = msgspec.field(default=Decimal(0), name="rel")
    exact: bool = False
    rule: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that somebody asserted; without a tolerance it must be equal."""

    id: str
    kind: str
    given: dict[str, Any]
    then: dict[str, Any]
    tolerance: Tolerance | None = None
    source: str = ""


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """One file of cases."""

    schema: str
    suite: str
    cases: list[Case]
    title: str = ""
    units: str = ""
    defaults: dict[str, Any] = {}


def vector_files(path: Path) -> list[Path]:
    """List the JSON files at or under a path, in order of name.

    Raises
    ------
    VectorsRejected
        If nothing is there.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise VectorsRejected(f"{path}: there is no such file or folder")
    found = sorted(path.rglob("*.json")) if path.is_dir() else []
    if not found:
        raise VectorsRejected(f"{path}: no vector file (*.json) here")
    return found


def read_suite(path: Path) -> Suite:
    """Read one vector file.

    Raises
    ------
    VectorsRejected
        If it is no JSON, has no schema or another, lacks a field, holds a number that is not
        finite, or names a case twice.
    """
    try:
        raw = json.loads(
            path.read_text(encoding="utf-8"), parse_float=Decimal, parse_constant=_refuse
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as bad:
        raise VectorsRejected(f"{path}: this is not JSON: {bad}") from bad
    except (OSError, ValueError, RecursionError) as bad:
        raise VectorsRejected(f"{path}: {bad}") from bad
    if not isinstance(raw, dict) or "schema" not in raw:
        raise VectorsRejected(
            f"{path}: this is not a vector file, which begins with a schema, {SCHEMA!r}; name a "
            "vector file, or a folder of nothing else"
        )
    try:
        suite = msgspec.convert(raw, Suite)
    except msgspec.ValidationError as bad:
        raise VectorsRejected(f"{path}: {bad}") from bad
    if suite.schema != SCHEMA:
        raise VectorsRejected(f"{path}: schema is {suite.schema!r}, this reads {SCHEMA!r}")
    ids = [case.id for case in suite.cases]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise VectorsRejected(f"{path}: {twice[0]} names two cases; ids must differ")
    return suite


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number that a case may hold")
