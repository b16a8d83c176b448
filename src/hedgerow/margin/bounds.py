"""Bounds that figures of a rulebook have by nature: a part is at most the whole, a base above 0.

They keep out a slip of the pen (80 for 0.80, a 0 left standing), not a figure that is merely
unlikely.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

__all__ = ["Bounds", "outside"]

Bounds: TypeAlias = Literal[
    "[0, 1]",  # a part, none and all of it included
    "(0, 1]",  # a part without which nothing would be asked
    "[0, 1)",  # a fee, or a fall that leaves something
    "(0, 1)",
    "above 0",
    "at least 1",
    "[0, 10000]",  # a part in basis points
    "(0, 10000]",
    "[0, 77]",  # decimals of a token: 10 to their power fits in an integer of 256 bits
    "[-77, 77]",
]
_INSIDE: Final = {
    "above 0": "(0, Infinity]",
    "at least 1": "[1, Infinity]",
}


def outside(part: msgspec.Struct, bounds: Bounds, *names: str, under: str = "") -> Iterator[str]:
    """Name every figure that is outside its bounds.

    Parameters
    ----------
    part
        A rulebook, or a record in it.
    names
        Its fields, each a number, None (which is no figure), or a table of numbers by name.
    under
        The path of the part in its rulebook.

    Examples
    --------
    >>> class Fees(msgspec.Struct):
    ...     taker_frac: Decimal
    ...     ratio_frac: dict[str, Decimal]
    >>> fees = Fees(taker_frac=Decimal("0.0005"), ratio_frac={"BTC": Decimal(95)})
    >>> list(outside(fees, "[0, 1]", "taker_frac", "ratio_frac", under="fees"))
    ['fees.ratio_frac.BTC must be in [0, 1], was 95']
    """
    written = _INSIDE.get(bounds, bounds)
    told = bounds if bounds in _INSIDE else f"in {bounds}"
    low, high = (Decimal(end) for end in written[1:-1].split(", "))
    for name in names:
        place = f"{under}.{name}" if under else name
        for path, figure in _figures(getattr(part, name), place):
            is_above = figure > low or (figure == low and written[0] == "[")
            is_below = figure < high or (figure == high and written[-1] == "]")
            if not (is_above and is_below):
                yield f"{path} must be {told}, was {figure}"


def _figures(figure: object, path: str) -> Iterator[tuple[str, Decimal | int]]:
    if isinstance(figure, dict):
        for name, inner in figure.items():
            yield from _figures(inner, f"{path}.{name}")
    elif isinstance(figure, Decimal | int):
        yield path, figure
    else:
        assert figure is None, f"{path} is no figure"
