"""What ``hedge backtest-loop`` is asked, apart from the desk; nothing heavy is imported."""

from pathlib import Path
from typing import NamedTuple

__all__ = ["LoopAsked"]


class LoopAsked(NamedTuple):
    """As a person wrote it; what is left out is None, and no leverage is that of the file."""

    leverages_frac: tuple[float, ...]
    policies: tuple[str, ...]
    start: str | None
    end: str | None
    look: str | None
    every: str
    width_coin: float | None
    loss_usd: float | None
    against: str | None
    draw_seed: int
    out: Path | None
    plot: Path | None
