"""How near each account came to its liquidation, as a table."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from rich.console import RenderableType

from hedgerow.reporting.figures import UNKNOWN, clock, percent
from hedgerow.reporting.grid import Column, grid

__all__ = ["NearestBreach", "nearest_table"]

# A policy by its name, which may be one of a closed set.
P = TypeVar("P", bound=str)


class NearestBreach(msgspec.Struct, frozen=True, kw_only=True):
    """The look of a run at which an account used most of its equity.

    Attributes
    ----------
    use_frac
        Requirement over equity then, one over the health factor of a loan; beyond one the venue may
        act. None where no equity was left, or at no look a use was known.
    time_ns
        Of that look; None where at none it was known.
    way
        ``spot`` or the token whose peg gives way: along which the breach was nearest; None where no
        move that was looked at breaks the account.
    move_frac
        How far that had to go, negative for a fall; zero where the account is breached already.
    looks_count, unknown_count
        At which it was judged, and at which it could not be.
    liquidated_count, first_ns
        How often the venue acted, at any time, and when first; None where it never did.
    """

    account_id: str
    time_ns: int | None
    use_frac: float | None
    way: str | None
    move_frac: float | None
    looks_count: int
    unknown_count: int
    liquidated_count: int
    first_ns: int | None


def nearest_table(found: Mapping[P, Sequence[NearestBreach]]) -> RenderableType:
    """Set policies below each other, one row an account.

    A column of looks at which an account could not be judged is there where there are any.
    """
    has_unknown = any(each.unknown_count for accounts in found.values() for each in accounts)
    head: tuple[Column, ...] = (
        ("Policy", "", False), ("Account", "", False), ("Most used", "%", True),
        ("At", "UTC", False), ("Nearest way", "", False), ("Move", "%", True),
        ("Liquidated", "times", True), ("First", "UTC", False),
        *((("Unknown", "looks", True),) if has_unknown else ()),
    )  # fmt: skip
    rows: list[list[str]] = [
        [
            policy,
            each.account_id,
            _used(each),
            "·" if each.time_ns is None else clock(each.time_ns),
            "·" if each.way is None else each.way,
            "·" if each.move_frac is None else percent(each.move_frac, 1, sign=True),
            f"{each.liquidated_count:,}" if each.liquidated_count else "·",
            "·" if each.first_ns is None else clock(each.first_ns),
            *((f"{each.unknown_count:,} of {each.looks_count:,}",) if has_unknown else ()),
        ]
        for policy, accounts in found.items()
        for each in accounts
    ]
    return grid("Nearest to a liquidation, of all looks", head, rows)


def _used(found: NearestBreach) -> str:
    if found.use_frac is not None:
        return percent(found.use_frac, 1)
    return UNKNOWN if found.time_ns is None else "no equity"
