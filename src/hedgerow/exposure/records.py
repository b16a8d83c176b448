"""What leaves the exposure room."""

import msgspec

from hedgerow.errors import Failure, Outcome

__all__ = ["ExposureRow", "ExposureTable"]


class ExposureRow(msgspec.Struct, frozen=True, kw_only=True):
    """One node's exposure, in dollars.

    `delta_spot_coin` is the dollar-numeraire delta in coins: what must be sold to stop the dollar
    value from moving, coin balances and premium held in coin included.
    `delta_premium_adjusted_coin` is the coin-numeraire one, without them. Both are None on nodes
    that join several coins: coins of different kinds do not add. `delta_spot_usd` is delta times
    spot and adds, though it nets unlike coins; dollar coins are left out of it except on their own
    rows (there it is peg risk). Gamma is the change of `delta_spot_usd` for a move of one per cent.
    """

    node: str
    value_usd: float
    delta_spot_usd: float
    delta_spot_coin: float | None
    delta_premium_adjusted_coin: float | None
    gamma_usd_per_pct: float
    vega_usd_per_volpt: float
    theta_usd_per_day: float
    is_estimate: bool
    missing: tuple[Failure, ...]


class ExposureTable(msgspec.Struct, frozen=True, kw_only=True):
    """Every node's row, parents before children; paths as in ``desk/deribit/main/BTC/2026-02-27``.

    Rows whose path begins with ``coin/`` hold one coin across the whole desk.
    """

    time_ns: int
    rows: tuple[ExposureRow, ...]
    option_age_ns_max: int | None

    def row(self, node: str) -> Outcome[ExposureRow]:
        """Find one node's row."""
        for row in self.rows:
            if row.node == node:
                return row
        return Failure(subject=node, reason="missing_data", message=f"no exposure at node {node}")

    def coins(self) -> tuple[ExposureRow, ...]:
        """Give the rows per coin across the desk."""
        return tuple(row for row in self.rows if row.node.startswith("coin/"))
