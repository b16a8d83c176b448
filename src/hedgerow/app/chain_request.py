"""What a command line asks of ``hedgerow surface``: which chains, how fitted, what shown."""

from pathlib import Path
from typing import Literal, NamedTuple

__all__ = ["ChainSource", "How", "Shown", "Span"]


class ChainSource(NamedTuple):
    """Where chains come from: a folder of them, or the market of a desk."""

    desk: Path | None
    data: Path | None
    chains: Path | None
    coin: str | None
    seed: int | None


class Span(NamedTuple):
    """Which of them: all, those of one day, the last at a time, or those between two times."""

    at: str | None = None
    from_time: str | None = None
    to_time: str | None = None


class How(NamedTuple):
    """What is fitted to what: a model, vols of marks or mids, and the forward below them."""

    model: Literal["svi", "essvi", "either"] = "either"
    vols_from: Literal["mark", "mid"] = "mark"
    forwards: Literal["venue", "parity", "future"] = "venue"


class Shown(NamedTuple):
    """What is shown beside the smiles themselves."""

    plot: Path | None = None
    deltas: bool = False
    events: tuple[str, ...] = ()
