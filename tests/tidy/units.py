"""Which fields of a record are numbers, and whether their names end in a unit of the glossary."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
from scipy import sparse

import hedgerow

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FIRST_CELL = re.compile(r"^\| `(_[a-z0-9_]+)` \|", re.MULTILINE)
# A number of any unit that the caller knows; numbers by name, each of which says its own.
_ANY_UNIT = re.compile(r"values?(?:_.*)?|given")
_NUMBERS = (int, float, complex, Decimal, Fraction, np.integer, np.floating)


def section_suffixes(page: str, heading: str) -> tuple[str, ...]:
    """Give the suffixes in the first column of the table under a heading of the glossary."""
    parts = _HEADING.split(page)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return tuple(_FIRST_CELL.findall(sections[heading]))


def name_pattern(page: str) -> re.Pattern[str]:
    """Build the pattern that the name of every number matches, from the glossary's tables."""
    units = "|".join(re.escape(s[1:]) for s in section_suffixes(page, "Units"))
    bounds = "|".join(re.escape(s) for s in section_suffixes(page, "Bounds"))
    (per,) = section_suffixes(page, "Rates")
    return re.compile(rf"(?:.*_)?(?:{units})(?:{re.escape(per)}[a-z0-9_]+)?(?:{bounds})?")


def glossary(root: Path) -> str:
    return (root / "docs" / "glossary.md").read_text(encoding="utf-8")


def is_number(hint: object) -> bool:
    """Whether a type holds numbers: itself, in a union, or as the items of a container or array."""
    if isinstance(hint, typing.NewType):
        return is_number(hint.__supertype__)
    origin, items = typing.get_origin(hint), typing.get_args(hint)
    if origin is None and isinstance(hint, type):
        if issubclass(hint, bool | Enum):
            return False
        return issubclass(hint, (*_NUMBERS, sparse.sparray))
    if origin is typing.Literal:
        return any(is_number(type(item)) for item in items)
    if origin is typing.Annotated:
        return is_number(items[0])
    if isinstance(origin, type) and issubclass(origin, np.ndarray):
        return any(is_number(item) for item in typing.get_args(items[1]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return is_number(items[1])  # the keys of a mapping are named by its type
    if isinstance(origin, type) and issubclass(origin, sparse.sparray):
        return True
    if origin is Callable:
        return False
    return any(is_number(item) for item in items)


def is_record(cls: type) -> bool:
    """Whether a class is a record: a msgspec Struct or a frozen dataclass."""
    if issubclass(cls, msgspec.Struct):
        return True
    parameters = getattr(cls, "__dataclass_params__", None)
    return dataclasses.is_dataclass(cls) and parameters is not None and bool(parameters.frozen)


def nameless(cls: type, pattern: re.Pattern[str]) -> list[str]:
    """Give the numeric fields of one record whose names carry no unit."""
    hints = typing.get_type_hints(cls, include_extras=True)
    if issubclass(cls, msgspec.Struct):
        names = [field.name for field in msgspec.structs.fields(cls)]
    elif dataclasses.is_dataclass(cls):
        names = [field.name for field in dataclasses.fields(cls)]
    else:
        raise TypeError(f"{cls.__qualname__} is not a record")
    return [
        f"{cls.__module__}.{cls.__qualname__}.{name}"
        for name in names
        if is_number(hints[name]) and not pattern.fullmatch(name.removeprefix("_"))
    ]


def public_functions() -> Iterator[Callable[..., object]]:
    """Give every function that a module of hedgerow lists as its own."""
    for found in pkgutil.walk_packages(hedgerow.__path__, "hedgerow."):
        if found.name.rpartition(".")[2] == "__main__":
            continue
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isfunction(value) and value.__module__ == found.name:
                yield value


def nameless_arguments(function: Callable[..., object], pattern: re.Pattern[str]) -> list[str]:
    """Give the numeric arguments of one function whose names carry no unit."""
    hints = typing.get_type_hints(function, include_extras=True)
    return [
        f"{function.__module__}.{function.__qualname__}.{name}"
        for name in inspect.signature(function).parameters
        if name in hints and is_number(hints[name])
        if not pattern.fullmatch(name) and not _ANY_UNIT.fullmatch(name)
    ]
