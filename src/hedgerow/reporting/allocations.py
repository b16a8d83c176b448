"""An allocation of collateral, as tables for the terminal: what it covers, costs and binds."""

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.collateral import Allocation
from hedgerow.reporting.figures import significant, usd
from hedgerow.reporting.framing import note
from hedgerow.reporting.grid import Column, grid

__all__ = ["allocation_tables"]

_HEAD: tuple[Column, ...] = (
    ("Account", "", False), ("Need", "", False), ("In", "", False), ("Needed", "", True),
    ("Before", "", True), ("After", "", True), ("One unit more costs", "USD", True),
)  # fmt: skip
_LIMITS_HEAD: tuple[Column, ...] = (("What binds", "", False), ("One unit less saves", "USD", True))
_DIGITS_COUNT = 6


def allocation_tables(found: Allocation) -> RenderableType:
    """What every need has before and after, the price of one unit more, and what else binds."""
    rows = [
        (
            each.venue,
            each.need,
            each.currency,
            significant(each.needed_ccy, _DIGITS_COUNT),
            significant(each.before_ccy, _DIGITS_COUNT),
            significant(each.after_ccy, _DIGITS_COUNT),
            "cannot be had"
            if each.shadow_usd_per_ccy is None
            else significant(each.shadow_usd_per_ccy, _DIGITS_COUNT),
        )
        for each in found.cover
    ]
    parts: list[RenderableType] = [
        Text(),
        grid("Needs, as equity, before and after", _HEAD, rows),
        note(
            f"Fees {usd(found.fees_usd)} USD, no longer earned {usd(found.carry_usd)} USD; nothing "
            f"is cheaper by more than {usd(max(found.gap_usd, 0.0))} USD."
        ),
    ]
    if found.limits:
        bound = [
            (each.name, significant(each.price_usd_per_figure, _DIGITS_COUNT))
            for each in found.limits
        ]
        parts += [Text(), grid("What else binds", _LIMITS_HEAD, bound)]
    if found.conflicts:
        told = ", ".join(found.conflicts)
        parts += [Text(), Text(f"Not all needs can be covered; short: {told}", style="bold")]
    if found.remark:
        parts.append(note(found.remark))
    return Group(*parts)
