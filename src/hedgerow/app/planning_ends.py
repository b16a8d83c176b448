"""What does not go together in `[planning]`: keys and caps that the chosen agent cannot plan by."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hedgerow.app.raw_tables import number_of

__all__ = ["planning_ends"]

_AGENT = "joint"
# How far beyond the mark the orders of a joint plan are limited at least (`planning.made`).
_LIMIT_FRAC = Decimal("0.01")


def planning_ends(raw: Mapping[str, Any]) -> Iterator[str]:
    """Refuse what would be read and never used: a person who wrote it meant something."""
    part = raw.get("planning")
    if not isinstance(part, dict):
        return
    if part.get("agent") == _AGENT:
        budget = raw.get("budget")
        collar = number_of(budget.get("price_collar")) if isinstance(budget, dict) else None
        trades = part.get("means") != "collateral"
        if trades and collar is not None and 0 < collar < _LIMIT_FRAC:
            # Every order for a perpetual would lie outside the collar and be refused.
            yield (
                f"budget.price_collar: must be at least {_LIMIT_FRAC} with planning.agent = "
                f"{_AGENT!r}, which limits orders so far beyond the mark, was {collar}"
            )
        return
    for key in part:
        if key in ("means", "option_depth_contracts", "horizon", "capital_per_year"):
            yield f"planning.{key}: only agent = {_AGENT!r} plans by it; leave it out"
