"""What ``hedge backtest-carry`` is asked, apart from the desk; nothing heavy is imported."""

from pathlib import Path
from typing import NamedTuple

__all__ = ["CarryRunAsked"]


class CarryRunAsked(NamedTuple):
    """As a person wrote it; what is left out is None, and no policy is all of them."""

    policies: tuple[str, ...]
    hold: str
    notional_usd: float
    leverage_frac: float
    reserve_frac: float
    spot_cost_frac: float
    borrow_frac_per_year: float
    margin_cost_frac_per_year: float
    stop_use_frac: float
    unpaid_over: str
    start: str | None
    end: str | None
    look: str | None
    every: str
    against: str | None
    draw_seed: int
    out: Path | None
