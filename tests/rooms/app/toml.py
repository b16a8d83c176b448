"""Write TOML, which the standard library only reads."""

import json
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

__all__ = ["toml"]


def toml(table: Mapping[str, Any]) -> str:
    """Write a table; everything inside it inline, on one line per key."""
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | date() | time():
            return str(value)
        case float() | Decimal():
            return str(value).lower() if Decimal(value).is_finite() else _not_finite(value)
        case Mapping():
            inside = ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items())
            return f"{{ {inside} }}"
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            assert isinstance(value, str)
            return json.dumps(value)


def _not_finite(value: float | Decimal) -> str:
    return "nan" if value != value else "inf" if value > 0 else "-inf"
