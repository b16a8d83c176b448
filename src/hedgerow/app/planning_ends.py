"""What does not go together in `[planning]`: keys that the chosen agent has no use for."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["planning_ends"]

_AGENT = "joint"


def planning_ends(raw: Mapping[str, Any]) -> Iterator[str]:
    """Refuse what would be read and never used: a person who wrote it meant something."""
    part = raw.get("planning")
    if not isinstance(part, dict) or part.get("agent") == _AGENT:
        return
    for key in part:
        if key in ("means", "option_depth_contracts", "horizon", "capital_per_year"):
            yield f"planning.{key}: only agent = {_AGENT!r} plans by it; leave it out"
