"""Which figures of two rulebooks differ, by their path, and by how much.

Tiers are told apart by the notional they begin at, not by their place in the list, so that one tier
more is one tier more and not a change of all that follow. What a file says about itself (name,
date, source, note) is no figure.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from hedgerow.margin.records import Rulebook
from hedgerow.margin.tiered import Tier

__all__ = ["Difference", "differences"]

_ABOUT_ITSELF = ("name", "as_of", "source", "confidence_note")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One figure or word that differs. None: that rulebook does not have it.

    `change` is new less old, in the figure's own unit; `change_frac` the same over the old figure,
    None where that is zero or there is no figure on both sides.
    """

    path: str
    old: str | None
    new: str | None
    change: str | None = None
    change_frac: Decimal | None = None


def differences(old: Rulebook, new: Rulebook) -> tuple[Difference, ...]:
    """List what differs, in the order of the old rulebook, then what only the new one has."""
    # A figure that is None is none: the same as one whose rulebook has no such field.
    before, after = dict(_leaves(old, "")), dict(_leaves(new, ""))
    found = []
    for path in dict.fromkeys((*before, *after)):
        one, other = before.get(path), after.get(path)
        if one == other:
            continue
        change: Decimal | None = None
        change_frac: Decimal | None = None
        if isinstance(one, Decimal) and isinstance(other, Decimal):
            change = other - one
            change_frac = change / one if one else None
        found.append(
            Difference(
                path=path,
                old=None if one is None else str(one),
                new=None if other is None else str(other),
                change=None if change is None else f"{change:+f}",
                change_frac=change_frac,
            )
        )
    return tuple(found)


def _leaves(part: object, path: str) -> Iterator[tuple[str, Decimal | str]]:
    """Give every figure and word with its path; two equal figures are equal however written."""
    if isinstance(part, msgspec.Struct):
        if not path:
            yield "type", str(type(part).__struct_config__.tag)
        for name in part.__struct_fields__:
            if path or name not in _ABOUT_ITSELF:
                yield from _leaves(getattr(part, name), f"{path}.{name}" if path else name)
    elif isinstance(part, dict):
        for name, inner in part.items():
            yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(part, list):
        for at, inner in enumerate(part):
            place = f"from {inner.floor_usd.normalize():f}" if isinstance(inner, Tier) else at
            yield from _leaves(inner, f"{path}[{place}]")
    elif isinstance(part, Decimal | int):
        yield path, Decimal(part)
    elif part is not None:
        yield path, str(part)
