"""Flags that commands over a recorded window share: which part of it, and how runs are compared."""

from typing import Annotated

from cyclopts import Parameter

from hedgerow.app.amounts import number
from hedgerow.app.options import Whole

__all__ = ["Against", "DrawSeed", "End", "Start", "Width"]

Start = Annotated[
    str | None, Parameter(name="--from", help="From this time; default: the desk's start.")
]
End = Annotated[str | None, Parameter(name="--to", help="To this time; default: the desk's end.")]
Width = Annotated[
    float | None,
    number("--width", "positive", "Half width of the fixed band, coin; default: the file's."),
]
Against = Annotated[
    str | None, Parameter(help="Also what every policy came to less this one, with bounds.")
]
DrawSeed = Annotated[Whole, Parameter(help="Seed of the redrawn runs behind intervals.")]
