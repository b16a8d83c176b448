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
from types import ModuleType

import msgspec
import numpy as np
from scipy import sparse

import hedgerow

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FIRST_CELL = re.compile(r"^\| `(_[a-z0-9_]+)` \|", re.MULTILINE)
_FIRST_CELL_WORDS = re.compile(r"^\| (`[a-z]+`(?:, `[a-z]+`)*) \|", re.MULTILINE)
# A number of any unit that the caller knows; numbers by name, each of which says its own.
_ANY_UNIT = re.compile(r"values?(?:_.*)?|given")
# A flag; a paper's letters, alone or as in d1, st and cp.
_NO_NUMBER = r"(?:is|are|has)_.*|[A-Za-z]\d?|[a-z]{2}"
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


def word_pattern(page: str) -> re.Pattern[str]:
    """Build the pattern of names that need no unit, from the glossary's table of them."""
    parts = _HEADING.split(page)
    section = parts[parts.index("Names of no unit") + 1]
    words = re.findall(r"`([a-z]+)`", " ".join(_FIRST_CELL_WORDS.findall(section)))
    return re.compile(rf"{'|'.join(words)}|{_ANY_UNIT.pattern}|{_NO_NUMBER}")


def glossary(root: Path) -> str:
    return (root / "docs" / "glossary.md").read_text(encoding="utf-8")


def is_number(hint: object) -> bool:
    """Whether a type holds numbers: itself, in a union, or as the items of a container or array."""
    if isinstance(hint, typing.NewType):
        return is_number(hint.__supertype__)
    if isinstance(hint, typing.TypeVar):
        return any(is_number(one) for one in hint.__constraints__)
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


def modules() -> Iterator[ModuleType]:
    """Give every module of hedgerow."""
    for found in pkgutil.walk_packages(hedgerow.__path__, "hedgerow."):
        if found.name.rpartition(".")[2] != "__main__":
            yield importlib.import_module(found.name)


def public_functions() -> Iterator[Callable[..., object]]:
    """Give every function that a module of hedgerow lists as its own."""
    for module in modules():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isfunction(value) and value.__module__ == module.__name__:
                yield value


def functions_of(module: ModuleType) -> Iterator[Callable[..., object]]:
    """Give every function and method that is written in a module, whether others see it or not."""
    for place in (module, *(each for each in vars(module).values() if isinstance(each, type))):
        for each in vars(place).values():
            function = getattr(each, "__func__", each)  # what a class or static method is about
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                yield function


def nameless_arguments(
    function: Callable[..., object],
    pattern: re.Pattern[str],
    words: re.Pattern[str] = _ANY_UNIT,
) -> list[str]:
    """Give the numeric arguments of one function whose names carry no unit and are no such word."""
    hints = typing.get_type_hints(function, include_extras=True)
    return [
        f"{function.__module__}.{function.__qualname__}.{name}"
        for name in inspect.signature(function).parameters
        if name in hints and is_number(hints[name])
        if not pattern.fullmatch(name) and not words.fullmatch(name)
    ]
