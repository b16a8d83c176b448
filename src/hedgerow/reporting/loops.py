"""A staked-coin loop through a discount: what the peg took, beside what each policy came to."""

from collections.abc import Mapping, Sequence

import msgspec
from rich.console import RenderableType

from hedgerow.reporting.figures import UNKNOWN, clock, percent, plain
from hedgerow.reporting.grid import Column, grid

__all__ = ["PegSeen", "peg_note", "peg_table"]


class PegSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A staked token's discount over a run, and what it takes from what is supplied.

    `_usd` is what the token would be worth more at redemption: quantity · rate · discount · price
    of the coin; at the start, at the look of the deepest discount, and at the end. None where the
    coin had no price at that look.
    """

    asset: str
    start_frac: float | None
    start_usd: float | None
    deepest_frac: float
    deepest_usd: float
    deepest_ns: int
    end_frac: float | None
    end_usd: float | None

    @property
    def waiting_usd(self) -> float | None:
        """What of the profit is only the discount: it comes back to who can wait to redeem."""
        if self.end_usd is None or self.start_usd is None:
            return None
        return self.end_usd - self.start_usd


def peg_table(
    found: Mapping[str, PegSeen], profits_usd: Mapping[str, float | None]
) -> RenderableType:
    """Give the profit by how the loop is left: sold at the market, or redeemed one day."""
    head: tuple[Column, ...] = (
        ("Policy", "", False), ("Deepest discount", "%", True), ("At", "UTC", False),
        ("Takes then", "USD", True), ("At the end", "%", True), ("Takes then", "USD", True),
        ("Profit, sold", "USD", True), ("Redeemed", "USD", True),
    )  # fmt: skip
    rows = []
    for policy, each in found.items():
        sold, waiting = profits_usd[policy], each.waiting_usd
        rows.append(
            [
                policy,
                percent(each.deepest_frac, 2),
                clock(each.deepest_ns),
                plain(each.deepest_usd, 0),
                UNKNOWN if each.end_frac is None else percent(each.end_frac, 2),
                plain(each.end_usd, 0),
                plain(sold, 0),
                plain(None if sold is None or waiting is None else sold + waiting, 0),
            ]
        )
    return grid("The peg, and what it took", head, rows)


def peg_note(assets: Sequence[str]) -> str:
    """Say how the two profits differ."""
    return (
        f"Sold is at the market price of {', '.join(dict.fromkeys(assets))} at the end. Redeemed "
        "counts the change of the discount as money to come: it is what is left to who need not "
        "sell, once tokens are redeemed in full; when that is, is not in the recording."
    )
