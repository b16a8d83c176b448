"""Read golden files; numbers in them are strings, to the last digit."""

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent


def case(suite: str, case_id: str) -> dict[str, Any]:
    """One case of a suite such as ``deribit/venue_cases``."""
    (found,) = [one for one in cases(suite) if one["id"] == case_id]
    return found


def cases(suite: str, kind: str | None = None) -> list[dict[str, Any]]:
    """All cases of a suite, or those of one kind."""
    listed: list[dict[str, Any]] = _load(suite)["cases"]
    return [one for one in listed if kind is None or one["kind"] == kind]


def numbers(name: str) -> Any:
    """One entry of the numerical methods."""
    return _load("methods/numbers")[name]


def _load(suite: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_HERE / f"{suite}.json").read_text(encoding="utf-8"))
    return content
