"""What does not go together in `[planning]`: keys and caps that the chosen agent cannot plan by."""

from collections.abc import Iterator, Mapping
from typing import Any

from hedgerow.app.plan_asked import SLIPPAGE_FRAC
from hedgerow.app.raw_tables import number_of
from hedgerow.units import digits_of

__all__ = ["planning_ends"]

_AGENT = "joint"
_OF_JOINT = ("means", "option_depth_contracts", "horizon", "capital_per_year", "slippage_limit")


def planning_ends(raw: Mapping[str, Any]) -> Iterator[str]:
    """Refuse what would be read and never used: a person who wrote it meant something."""
    part = raw.get("planning")
    if not isinstance(part, dict):
        return
    if part.get("agent") == _AGENT:
        budget = raw.get("budget")
        collar = number_of(budget.get("price_collar")) if isinstance(budget, dict) else None
        trades = part.get("means") != "collateral"
        limit = number_of(part.get("slippage_limit", digits_of(SLIPPAGE_FRAC)))
        if trades and collar is not None and limit is not None and 0 < collar < limit:
            # Every order for a perpetual would lie outside the collar and be refused.
            yield (
                f"budget.price_collar: must be at least planning.slippage_limit = {limit}, by "
                f"which agent = {_AGENT!r} limits orders beyond the mark, was {collar}"
            )
        return
    for key in part:
        if key in _OF_JOINT:
            yield f"planning.{key}: only agent = {_AGENT!r} plans by it; leave it out"
