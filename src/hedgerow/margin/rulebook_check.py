"""Every mistake of a rulebook file at once, for whoever writes one.

Decoding stops at the first value that has the wrong type. Here each value is read on its own, and
what fits together is judged once all of them can be read.
"""

import typing
from collections.abc import Iterator, Mapping

import msgspec

from hedgerow.margin.records import Rulebook
from hedgerow.margin.rulebook import ANY_KIND, mistakes_of
from hedgerow.margin.venues import ENGINES

__all__ = ["rulebook_mistakes"]

_KINDS: Mapping[str, type[Rulebook]] = {
    engine.tag: engine.kind for engine in sorted(ENGINES, key=lambda engine: engine.tag)
}


def rulebook_mistakes(raw: bytes) -> tuple[str, ...]:
    """List what keeps a rulebook from being used; nothing where `decode_rulebook` takes it."""
    try:
        table = msgspec.toml.decode(raw)
    except RecursionError:
        return ("nested too deeply",)
    except (msgspec.MsgspecError, ValueError) as bad:  # ValueError: not UTF-8, an endless integer
        return (f"this is no TOML: {bad}",)
    written = table.pop("type", None)
    kind = _KINDS.get(written) if isinstance(written, str) else None
    if written is None and "desk" in table:
        return ("this is a desk file, not a rulebook: it has [desk] and no type",)
    if written is None:
        return (f"this is no rulebook: type is missing; it must be one of {', '.join(_KINDS)}",)
    if kind is None:
        return (f"type must be one of {', '.join(_KINDS)}, was {written}",)
    found = tuple(_misread(table, kind, ""))
    if found:
        return found
    rulebook: Rulebook = msgspec.toml.decode(raw, type=ANY_KIND)
    return tuple(mistakes_of(rulebook))


def _misread(value: object, hint: object, path: str) -> Iterator[str]:
    """Name what cannot be read as its type, going down to the single value."""
    inner = typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and isinstance(value, dict):
        yield from _misread_record(value, hint, path)
    elif typing.get_origin(hint) is dict and isinstance(value, dict):
        for name, item in value.items():
            yield from _misread(item, inner[1], f"{path}.{name}")
    elif typing.get_origin(hint) is list and isinstance(value, list):
        for at, item in enumerate(value):
            yield from _misread(item, inner[0], f"{path}.[{at}]")
    else:
        try:
            msgspec.convert(value, type=hint)
        except msgspec.ValidationError as bad:
            yield f"{path}: {bad}"


def _misread_record(
    value: Mapping[str, object], kind: type[msgspec.Struct], path: str
) -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        place = f"{path}.{field.name}" if path else field.name
        if field.name in value:
            yield from _misread(value[field.name], hints[field.name], place)
        elif field.required:
            yield f"{place} is missing"
    for name in value:
        if name not in hints:
            yield f"{path}.{name} is no field" if path else f"{name} is no field"
