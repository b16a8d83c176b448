"""What several commands ask for in the same words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from cyclopts import Parameter, Token

__all__ = [
    "USUAL",
    "At",
    "ChainAt",
    "Data",
    "DeskPath",
    "DrawSeed",
    "Json",
    "Legs",
    "OnlyAccount",
    "Seed",
    "Setting",
    "Source",
    "Whole",
    "whole",
]

DeskPath = Annotated[
    Path | None, Parameter(help="Desk file; without one, the embedded desk in its seeded crash.")
]
Data = Annotated[Path | None, Parameter(help="Folder with the recordings the desk file names.")]


_SEED_MAX: Final = 2**63 - 1  # what a journal holds


def whole(count_min: int, count_max: int) -> Callable[[object, Sequence[Token]], int]:
    """Read a whole number; the parser's own reading would round 1.5 and run another than was asked.

    Raises
    ------
    ValueError
        If it is none, or outside the bounds.
    """

    def convert(_: object, tokens: Sequence[Token]) -> int:
        written = tokens[0].value
        if not (written.isascii() and written.isdigit() and count_min <= int(written) <= count_max):
            raise ValueError(f"write a whole number from {count_min} to {count_max}, was {written}")
        return int(written)

    return convert


Seed = Annotated[
    int | None,
    Parameter(help="Seed of the embedded episode; 7 when left out.", converter=whole(0, _SEED_MAX)),
]
Whole = Annotated[int, Parameter(converter=whole(0, _SEED_MAX))]
At = Annotated[str | None, Parameter(help="Time such as 2026-02-05T12:00:00Z; default: the start.")]
ChainAt = Annotated[
    str | None,
    Parameter(
        help="Time such as 2026-02-05T12:00:00Z; default: the start; of --chains the last chain."
    ),
]
Legs = Annotated[
    list[str],
    Parameter(
        allow_leading_hyphen=True,
        negative="",
        help="A leg INSTRUMENT:QUANTITY@PRICE, such as BTC-PERPETUAL:-5@60000, in contracts and as "
        "the venue quotes; without --account, ACCOUNT/INSTRUMENT:QUANTITY@PRICE. May be given "
        "again.",
    ),
]
OnlyAccount = Annotated[str | None, Parameter(help="Only this account.")]
DrawSeed = Annotated[int, Parameter(help="Seed of the draws.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON and nothing else.")]


class Source(NamedTuple):
    """Which desk, in which market, at what time, as it was asked for; what is left out is None."""

    desk: Path | None
    data: Path | None
    at: str | None
    seed: int | None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The last flags of a command that looks at a desk: in which market, and how it is shown."""

    data: Data = None
    at: At = None
    seed: Seed = None
    as_json: Json = False

    def source(self, desk: Path | None) -> Source:
        """Give the desk in this setting."""
        return Source(desk, self.data, self.at, self.seed)


# Where no flag is given.
USUAL: Final = Setting()
