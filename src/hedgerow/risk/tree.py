"""Add positions up to accounts, venues, coins and the desk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum

from hedgerow.errors import Failure
from hedgerow.exposure.nodes import node_order, ordered
from hedgerow.risk.records import FULL_LINES, TAYLOR_LINES, ExplainRow, Method

__all__ = ["Piece", "add_up"]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One position, or one asset, of one account.

    `lines_usd` and `actual_usd` are None where it has no answer, and `missing` says why; positions
    seen too long ago have both.
    """

    venue: str
    account_id: str
    instrument_id: str
    coin: str
    actual_usd: float | None
    lines_usd: Mapping[str, float] | None
    ticks_usd: float
    move_frac: float | None
    missing: tuple[Failure, ...]


@dataclass(slots=True)
class _Sums:
    pieces: list[Piece] = field(default_factory=list)

    def row(self, node: str, method: Method) -> ExplainRow:
        known = [each for each in self.pieces if each.actual_usd is not None]
        is_known = bool(known) or not self.pieces  # a desk of nothing gained nothing
        lines = {
            name: fsum(each.lines_usd.get(name, 0.0) for each in known if each.lines_usd)
            for name in (TAYLOR_LINES if method == "taylor" else FULL_LINES)
        }
        actual_usd = fsum(each.actual_usd or 0.0 for each in known)
        moved = [(each.move_frac, each.coin) for each in self.pieces if each.move_frac is not None]
        move_frac, move_coin = max(moved, key=lambda each: abs(each[0]), default=(None, None))
        return ExplainRow(
            node=node,
            actual_usd=actual_usd if is_known else None,
            lines_usd=lines if is_known else {},
            unexplained_usd=fsum((actual_usd, *(-each for each in lines.values())))
            if is_known
            else None,
            ticks_usd=fsum(each.ticks_usd for each in known),
            move_frac=move_frac,
            move_coin=move_coin,
            missing=ordered({why: None for each in self.pieces for why in each.missing}),
        )


def add_up(pieces: Iterable[Piece], method: Method) -> tuple[ExplainRow, ...]:
    """Give a row for every node, parents before children, the coins last."""
    nodes: dict[str, _Sums] = {"desk": _Sums()}
    for piece in pieces:
        account = f"desk/{piece.venue}/{piece.account_id}"
        above = ("desk", f"desk/{piece.venue}", account, f"{account}/{piece.instrument_id}")
        for node in (*above, f"coin/{piece.coin}"):
            nodes.setdefault(node, _Sums()).pieces.append(piece)
    return tuple(nodes[node].row(node, method) for node in sorted(nodes, key=node_order))
