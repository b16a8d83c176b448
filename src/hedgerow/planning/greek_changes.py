"""Greeks of the desk and of each coin, before a plan that trades options and after it."""

from collections.abc import Sequence

from hedgerow.errors import Failure
from hedgerow.exposure import ExposureTable
from hedgerow.instruments import Instrument, Option, underlying_of
from hedgerow.planning.records import GreekChange
from hedgerow.pricing import GREEKS

__all__ = ["greek_changes"]

# Those that are read every day, as an exposure table shows them first.
_SHOWN = (
    "delta_spot_usd",
    *(name for name in GREEKS if name.startswith(("gamma", "vega", "theta"))),
)
# As costs are: a last bit changes no byte of what is written.
_DECIMALS = 6


def greek_changes(
    traded: Sequence[Instrument], before: ExposureTable, after: ExposureTable
) -> tuple[GreekChange, ...]:
    """Give the Greeks of the desk, then of each coin of what is traded; none without an option.

    A Greek is None where something is missing of its node: what is left out may have any.
    """
    if not any(isinstance(each, Option) for each in traded):
        return ()
    coins = sorted({underlying_of(each) for each in traded})
    return tuple(
        GreekChange(node=node, before_usd=_sums(before, node), after_usd=_sums(after, node))
        for node in ("desk", *(f"coin/{coin}" for coin in coins))
    )


def _sums(table: ExposureTable, node: str) -> dict[str, float | None]:
    row = table.row(node)
    if isinstance(row, Failure):  # nothing of it is held
        return dict.fromkeys(_SHOWN, 0.0)
    if row.missing:
        return dict.fromkeys(_SHOWN)
    return {name: round(getattr(row, name), _DECIMALS) for name in _SHOWN}
