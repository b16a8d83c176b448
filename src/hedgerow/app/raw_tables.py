"""Reads a desk file as it was written, before its shape was checked.

What has the wrong shape is passed over in silence: whoever checks shapes tells of it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["account_ends", "by_id", "is_written", "label_of", "named", "number_of", "tables_of"]


def account_ends(where: str, name: Any, accounts: Mapping[str, Any]) -> Iterator[str]:
    """Refuse an account that is not there."""
    if isinstance(name, str) and name not in accounts:
        yield f"{where}: no account {name!r}; there are: {', '.join(accounts) or 'none'}"


def named(name: Any, tables: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Find the table of a name; None for what names none."""
    return tables.get(name) if isinstance(name, str) else None


def by_id(raw: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    """Give the tables of a list by their ids; those without one are left out."""
    return {t["id"]: t for _, t in tables_of(raw, key) if isinstance(t.get("id"), str)}


def tables_of(raw: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Give the tables of a list with their places; what is none is left out."""
    listed = raw.get(key)
    if not isinstance(listed, list):
        return []
    return [(at, table) for at, table in enumerate(listed) if isinstance(table, dict)]


def label_of(at_index: int, table: Mapping[str, Any]) -> str:
    """Write the place of a table in a list, with its id."""
    name = table.get("id")
    return f"[{at_index}: {name}]" if isinstance(name, str) else f"[{at_index}]"


def number_of(written: Any) -> Decimal | None:
    """Read a finite number, however it was written; None where it is none."""
    if isinstance(written, bool) or not isinstance(written, int | str | Decimal):
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_written(value: Decimal) -> bool:
    """Whether a number has no more digits than a desk file may give: more are told elsewhere."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -18 and value.adjusted() < 18
