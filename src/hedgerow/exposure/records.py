"""What leaves the exposure room."""

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.pricing import DollarGreeks, VolRegime

__all__ = [
    "BucketTable",
    "CrossTable",
    "ExposureRow",
    "ExposureTable",
    "ScenarioCell",
    "ScenarioLadder",
]


class ExposureRow(DollarGreeks, frozen=True, kw_only=True):
    """One node's exposure, in dollars: value, deltas, and every Greek of `DollarGreeks`.

    `delta_spot_coin` is the dollar-numeraire delta in coins: what must be sold to stop the dollar
    value from moving, coin balances and premium held in coin included.
    `delta_premium_adjusted_coin` is the coin-numeraire one, without them. Both are None on nodes
    that join several coins: coins of different kinds do not add. `delta_spot_usd` is delta times
    spot and adds, though it nets unlike coins; dollar coins are left out of it except on their own
    rows (there it is peg risk), and so are Greeks of spot. Gamma is the change of `delta_spot_usd`
    for a move of one per cent, at an unmoved spot: d(delta in coin) times spot. Every coin counts
    as if it moved alone, so where several are joined gamma is the sum of what each would do by
    itself. When two coins move together, twice their cross gamma comes on top (`CrossTable`): a
    pool of the two bends with either, and with both at once not at all.
    """

    node: str
    value_usd: float
    delta_spot_usd: float
    delta_spot_coin: float | None
    delta_premium_adjusted_coin: float | None
    is_estimate: bool
    missing: tuple[Failure, ...]


class ExposureTable(msgspec.Struct, frozen=True, kw_only=True):
    """Every node's row, parents before children; paths as in ``desk/deribit/main/BTC/2026-02-27``.

    Rows whose path begins with ``coin/`` hold one coin across the whole desk. `vol_regime` says
    what the vols do when spot moves, which every delta and gamma depends on.
    """

    time_ns: int
    rows: tuple[ExposureRow, ...]
    option_age_ns_max: int | None
    vol_regime: VolRegime

    def row(self, node: str) -> Outcome[ExposureRow]:
        """Find one node's row."""
        for row in self.rows:
            if row.node == node:
                return row
        return Failure(subject=node, reason="missing_data", message=f"no exposure at node {node}")

    def coins(self) -> tuple[ExposureRow, ...]:
        """Give the rows per coin across the desk."""
        return tuple(row for row in self.rows if row.node.startswith("coin/"))


class BucketTable(msgspec.Struct, frozen=True, kw_only=True):
    """One node's exposure, twice over: by time to expiry, and by moneyness of its options.

    Rows are called ``BTC/2-7 d`` or ``BTC/-1 to -0.25``: coin, then bucket; buckets of a coin come
    in order. Moneyness is ln(K/F) in deviations σ√T of the option's own vol. Either way the rows
    add up to the node, which stands in `total`.
    """

    time_ns: int
    total: ExposureRow
    by_expiry: tuple[ExposureRow, ...]
    by_moneyness: tuple[ExposureRow, ...]
    vol_regime: VolRegime


class ScenarioCell(msgspec.Struct, frozen=True, kw_only=True):
    """A node in one scenario, revalued in full, against the node as it stands.

    `taylor_usd` is the profit that the node's Greeks foretell and `difference_usd` what they miss.
    A cell with anything missing is incomplete: its numbers leave that out. `delta_spot_coin` is
    None where several coins move.
    """

    spot_move_frac: float
    vol_move_volpt: float
    elapsed_days: float
    profit_usd: float
    delta_spot_usd: float
    delta_spot_coin: float | None
    taylor_usd: float
    difference_usd: float
    missing: tuple[Failure, ...]


class ScenarioLadder(msgspec.Struct, frozen=True, kw_only=True):
    """A node in every scenario: days outermost, then vol, then spot.

    `coins` are those whose spot moves; all others stand still. Vols move in points, all together,
    never below zero, and stay with their strikes when spot moves. Spot and vols move at once, then
    the days go by; an option that expires on the way is worth its payoff, a future is settled at
    its mark, and neither has a delta of its own from then on. As days go by, options lose their
    time value and power perpetuals pay through their norm factor; funding, interest of loans,
    staking rewards and the growth of vault shares stand still, in theta too.
    """

    time_ns: int
    node: str
    coins: tuple[str, ...]
    vol_regime: VolRegime
    cells: tuple[ScenarioCell, ...]


class CrossTable(msgspec.Struct, frozen=True, kw_only=True):
    """How a node's dollar delta in one coin changes per one per cent of another.

    Row i, column j of `cross_usd_per_pct` is the change of the delta in ``coins[i]``, in dollars at
    its unmoved spot, for one per cent of ``coins[j]``. All of it comes from full revaluations a
    tenth of a per cent up and down, so a zero was found, not assumed, and the diagonal is gamma a
    second time. The table is symmetric but for what the differences leave.
    """

    time_ns: int
    node: str
    coins: tuple[str, ...]
    cross_usd_per_pct: tuple[tuple[float, ...], ...]
    vol_regime: VolRegime
    missing: tuple[Failure, ...]
