"""What ``hedgerow solvency reaction`` is asked, apart from the desk; nothing heavy is imported."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

__all__ = ["ReactionAsked"]


class ReactionAsked(NamedTuple):
    """As a person wrote it; what is left out is None."""

    distance_frac: float | None
    vol_frac: float
    routes: Sequence[str]
    routes_file: Path | None
    volatility: Literal["calm", "busy", "wild"] | None
    fee_quintile_index: int
    success_frac: float
    jump_frac: float
    candles: Path | None
    draws_count: int
    draw_seed: int
