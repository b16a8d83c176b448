"""Rulebooks: a venue's parameters as dated data.

Code holds formulas, TOML holds numbers, each file with its `source`, the day from which it is known
to hold (`as_of`) and how well it was verified. `app` reads the files; this room only decodes bytes.
Which kinds there are is said by the registry (`margin.venues`).
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Union

import msgspec

from hedgerow.errors import RulebookRejected
from hedgerow.margin.records import Rulebook
from hedgerow.margin.venues import ENGINE_OF, ENGINES
from hedgerow.units import date_utc, parse_ns

__all__ = ["ANY_KIND", "RULES", "decode_rulebook", "mistakes_of"]

# The rules each kind uses, by the names that its table `[evidence]` may hold.
RULES: Mapping[type[Rulebook], tuple[str, ...]] = {engine.kind: engine.rules for engine in ENGINES}

# What msgspec decodes: the key `type` of a file picks one of the kinds by its tag.
ANY_KIND: Any = Union[tuple(ENGINE_OF)]  # noqa: UP007 (made of a tuple at runtime)


def decode_rulebook(raw: bytes, *, where: str) -> Rulebook:
    """Decode one rulebook file.

    Parameters
    ----------
    raw
        The TOML text; its key `type` says which of the kinds it is.
    where
        How to name the file in errors.

    Raises
    ------
    RulebookRejected
        If it is no TOML, a key is missing, unknown or of the wrong type, a number is negative or
        not finite where it must not be, or its figures do not fit together.
    """
    try:
        rulebook: Rulebook = msgspec.toml.decode(raw, type=ANY_KIND)
    except RecursionError as bad:
        raise RulebookRejected(f"{where}: nested too deeply") from bad
    except (msgspec.MsgspecError, ValueError) as bad:  # ValueError: not UTF-8, an endless integer
        raise RulebookRejected(f"{where}: {bad}") from bad
    # In this order: tiers and tables may be compared once their numbers are numbers.
    mistake = next(mistakes_of(rulebook), None)
    if mistake is not None:
        raise RulebookRejected(f"{where}: {mistake}")
    return rulebook


def mistakes_of(rulebook: Rulebook) -> Iterator[str]:
    """Name what cannot be in a decoded rulebook: numbers first, since shapes compare numbers."""
    engine = ENGINE_OF[type(rulebook)]
    is_sound = True
    for mistake in _bad_numbers(rulebook, "", engine.signed):
        is_sound = False
        yield mistake
    if is_sound:
        yield from engine.mistakes(rulebook)
    yield from _bad_evidence(rulebook, engine.rules)
    yield from _bad_day(rulebook)
    if not rulebook.name.startswith(f"{rulebook.venue}/"):
        yield f"name must begin with {rulebook.venue}/, its venue, was {rulebook.name}"


def _bad_evidence(rulebook: Rulebook, rules: Sequence[str]) -> Iterator[str]:
    """Name tags of rules that are none: a misspelt one would leave its rule unverified."""
    for rule in rulebook.evidence:
        if rule not in rules:
            yield f"evidence.{rule} is no rule of this kind; there are {', '.join(rules)}"


def _bad_day(rulebook: Rulebook) -> Iterator[str]:
    """Refuse a date that is none: it decides which rulebook applies when."""
    try:
        is_day = date_utc(parse_ns(rulebook.as_of)) == rulebook.as_of
    except ValueError:
        is_day = False
    if not is_day:
        yield f"as_of must be a day such as 2026-02-15, was {rulebook.as_of}"


def _bad_numbers(part: object, path: str, signed: Sequence[str]) -> Iterator[str]:
    """Name every number that cannot be, with its path; only fields in `signed` may be negative."""
    if isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            place = f"{path}.{name}" if path else name
            yield from _bad_numbers(getattr(part, name), place, signed)
    elif isinstance(part, dict):
        for name, inner in part.items():
            yield from _bad_numbers(inner, f"{path}.{name}", signed)
    elif isinstance(part, list):
        for at, inner in enumerate(part):
            yield from _bad_numbers(inner, f"{path}.[{at}]", signed)
    elif isinstance(part, Decimal | int):
        number = Decimal(part)
        may_fall = any(name in path.split(".") for name in signed)
        if not number.is_finite() or (number < 0 and not may_fall):
            told = "finite" if may_fall else "finite and not negative"
            yield f"{path} must be {told}, was {part}"
