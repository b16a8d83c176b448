"""What ``hedgerow hedge backtest`` is asked, apart from the desk; nothing heavy is imported."""

from pathlib import Path
from typing import NamedTuple

__all__ = ["BacktestAsked"]


class BacktestAsked(NamedTuple):
    """As a person wrote it; what is left out is None."""

    policies: tuple[str, ...]
    start: str | None
    end: str | None
    look: str | None
    every: str
    depth_factor_frac: float
    budget_bps_per_day: float | None
    shortfall_usd: float | None
    fixed_cost_usd: float | None
    interval: str | None
    width_coin: float | None
    loss_usd: float | None
    against: str | None
    draw_seed: int
    out: Path | None
    plot: Path | None
