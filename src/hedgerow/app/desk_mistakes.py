"""What is wrong with the shape of a desk file, in the words of who wrote it.

Every mistake is listed at once with its path, what was seen and, for a key, the table it belongs
under or the nearest one that exists.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hedgerow.app.desk_fields import UNKNOWN_NAME
from hedgerow.app.desk_file import DeskFile
from hedgerow.app.desk_instruments import INSTRUMENT_KINDS
from hedgerow.app.name_meant import name_meant

__all__ = ["shape_mistakes"]


def shape_mistakes(raw: Mapping[str, Any]) -> tuple[DeskFile | None, list[str]]:
    """Check names, types and ranges; give the file or every mistake."""
    try:
        return DeskFile.model_validate(raw), []
    except ValidationError as bad:
        return None, [_tell(error, raw) for error in bad.errors()]


def _tell(error: Any, raw: Mapping[str, Any]) -> str:
    where = ".".join(_steps(error["loc"], raw))
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key{_meant(str(error['loc'][-1]), error['loc'][:-1])}"
    if error["type"] == "missing":
        needs = _required(error["loc"])
        return f"{where}: missing" + (f"; it needs {', '.join(needs)}" if needs else "")
    if error["type"] == "union_tag_not_found":
        return f"{where}.kind: missing; must be {_expected(', '.join(INSTRUMENT_KINDS))}"
    if error["type"] == "union_tag_invalid":
        tag, expected = error["ctx"]["tag"], _expected(error["ctx"]["expected_tags"])
        return f"{where}.kind: must be {expected}, was {_seen(tag)}"
    if error["type"] == UNKNOWN_NAME:
        return f"{where}: {error['msg']}"
    return f"{where}: {_words(error)}, was {_seen(error['input'])}"


def _meant(key: str, loc: tuple[Any, ...]) -> str:
    """Say where a key belongs that stands in the wrong table, or which one was probably meant."""
    homes = dict.fromkeys(
        header
        for header, kind in _tables(DeskFile, "")
        if header and key in kind.model_fields and not _is_at(header, loc)
    )
    if homes:
        return f"; it belongs under {' or '.join(homes)}"
    here = _keys_at(loc)
    if key in here:
        return "; only other kinds of it have one"
    close = name_meant(key, here)
    return f"; did you mean {close!r}?" if close else ""


def _is_at(header: str, loc: tuple[Any, ...]) -> bool:
    steps = [step for step in loc if isinstance(step, str) and step not in INSTRUMENT_KINDS]
    names = header.strip("[]").split(".")
    return len(names) == len(steps) and all(
        name in ("NAME", step) for name, step in zip(names, steps, strict=True)
    )


def _tables(annotation: Any, path: str, *, is_list: bool = False) -> Iterator[tuple[str, Any]]:
    """Give every table of the file as its header is written, and what it holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        header = f"[[{path}]]" if is_list else f"[{path}]"
        yield header if path else "", annotation
        for name, field in annotation.model_fields.items():
            yield from _tables(field.annotation, f"{path}.{name}" if path else name)
    is_named = get_origin(annotation) is dict
    for inner in get_args(annotation):
        below = f"{path}.NAME" if is_named else path
        yield from _tables(inner, below, is_list=is_list or get_origin(annotation) is list)


# What is said instead of the validator's own words; braces are filled from the rule that broke.
_WORDS = {
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be finite",
    "literal_error": "must be {expected}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} decimal places",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "may hold letters, digits and _ . : - only",
    "list_type": "must be a list",
    "too_short": "must have at least {min_length} entry",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


def _words(error: Any) -> str:
    said = _WORDS.get(error["type"])
    if said is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return said.format(**error.get("ctx", {}))


def _expected(listed: str) -> str:
    names = sorted(name.strip(" '") for name in listed.split(","))
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _required(loc: tuple[Any, ...]) -> list[str]:
    """List what a missing table, or each entry of a missing list of tables, must hold."""
    kinds: list[Any] = [DeskFile]
    for step in loc[:-1]:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    fields = [kind.model_fields.get(loc[-1]) for kind in kinds if hasattr(kind, "model_fields")]
    tables = [inner for field in fields if field for inner in _models(field.annotation)]
    return [k for table in tables for k, f in table.model_fields.items() if f.is_required()]


def _seen(written: Any) -> str:
    try:
        return f"{written!s:.60}"
    except ValueError:
        return "a number of thousands of digits"


def _steps(loc: tuple[Any, ...], raw: Any) -> Iterator[str]:
    """Write a location as a person would: list items carry their id, union tags are left out."""
    at = raw
    for step in loc:
        if isinstance(step, int):
            at = at[step] if isinstance(at, list) and step < len(at) else None
            name = at.get("id") if isinstance(at, Mapping) else None
            yield f"[{step}]" if name is None else f"[{step}: {name}]"
        elif isinstance(at, Mapping) and (step in at or step not in INSTRUMENT_KINDS):
            at = at.get(step)
            yield str(step)


def _keys_at(loc: tuple[Any, ...]) -> list[str]:
    """List the keys that would have been fine at a location."""
    kinds: list[Any] = [DeskFile]
    for step in loc:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    return sorted({key for kind in kinds for key in getattr(kind, "model_fields", {})})


def _inside(kind: Any, step: Any) -> list[Any]:
    """Give the models one step further in, looking through lists, dicts, unions and Annotated."""
    field = getattr(kind, "model_fields", {}).get(step) if isinstance(step, str) else None
    if field is not None:
        return list(_models(field.annotation))
    return [kind]


def _models(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)
