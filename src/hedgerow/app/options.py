"""What several commands ask for in the same words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from cyclopts import Parameter, Token

__all__ = ["At", "Data", "DeskPath", "Json", "Seed", "Source"]

DeskPath = Annotated[
    Path | None, Parameter(help="Desk file; without one, the embedded desk in its seeded crash.")
]
Data = Annotated[Path | None, Parameter(help="Folder with the recordings the desk file names.")]


_SEED_MAX: Final = 2**63 - 1  # what a journal holds


def _whole(_: object, tokens: Sequence[Token]) -> int:
    """Read a seed; the parser's own reading would round 1.5 and run another seed than was asked."""
    written = tokens[0].value
    if not (written.isascii() and written.isdigit() and int(written) <= _SEED_MAX):
        raise ValueError(f"write a whole number from 0 to {_SEED_MAX}, was {written}")
    return int(written)


Seed = Annotated[
    int | None, Parameter(help="Seed of the embedded episode; 7 when left out.", converter=_whole)
]
Whole = Annotated[int, Parameter(converter=_whole)]
At = Annotated[str | None, Parameter(help="Time such as 2026-02-05T12:00:00Z; default: the start.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON and nothing else.")]


class Source(NamedTuple):
    """Which desk, in which market, at what time, as it was asked for; what is left out is None."""

    desk: Path | None
    data: Path | None
    at: str | None
    seed: int | None
