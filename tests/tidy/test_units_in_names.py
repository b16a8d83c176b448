"""Every number in a record names its unit; the units are those of the glossary."""

import sys
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tidy.units import (
    functions_of,
    glossary,
    is_number,
    is_record,
    modules,
    name_pattern,
    nameless,
    nameless_arguments,
    public_functions,
    word_pattern,
)

Floats: TypeAlias = NDArray[np.float64]

# Rooms where what nobody else sees is held to it too, but for one paper's own quantities. They hand
# on tables, whose names the glossary has.
_TO_THE_LAST = (
    "hedgerow.pricing.",
    "hedgerow.exposure.",
    "hedgerow.hedging.",
    "hedgerow.risk.",
    "hedgerow.solving.",
    "hedgerow.margin.model.",
    "hedgerow.limits.",
    "hedgerow.solvency.",
    "hedgerow.collateral.",
    "hedgerow.planning.",
    "hedgerow.agents.",
)
_OF_A_PAPER = "hedgerow.pricing.implied_reference"
# Rooms whose functions take numbers of any unit, columns under their paper's letters, or integers
# under the names of the venue's own source.
_UNITS_OF_THEIR_OWN = ("hedgerow.units", "hedgerow.market", "hedgerow.margin.rules")
# What holds numbers and is none.
_NO_UNIT = {
    "execution.chain.to_row.columns": "a row of the database",
    "reporting.drawing.svg.rows": "which rows are drawn",
    "reporting.curves.curves_svg.marks": "words at places across",
    "venues.recordings.tables.real.limit": "a bound of whatever the column holds",
}


class Side(IntEnum):
    BUY = 1


class Good(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    is_open: bool
    side: Side
    seed: int
    price_mark_usd: Decimal
    latency_ms_max: float | None = None
    gamma_coin_per_usd: float = 0.0
    funding_frac_per_8h_max: float = 0.0
    amounts_usd: tuple[Decimal, ...] = ()
    weights_frac: dict[str, float] = {}
    flags: tuple[bool, ...] = ()


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    price: Decimal
    usdish: float | None
    carry_per_year: float
    retries_max: int
    amounts: tuple[Decimal, ...]
    prices: dict[str, float]
    size: Annotated[int, msgspec.Meta(gt=0)]
    level: Literal[1, 2]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    forward_usd: Floats
    strike: Floats
    is_call: NDArray[np.bool_]
    rows: NDArray[np.int64]


@dataclass
class Scratch:
    anything: float


def test_every_number_of_every_record_names_its_unit(root: Path, classes: tuple[type, ...]) -> None:
    records = [cls for cls in classes if is_record(cls)]
    assert records, "no record found in hedgerow: this test looks in the wrong place"
    pattern = name_pattern(glossary(root))
    found = [name for cls in records for name in nameless(cls, pattern)]
    assert not found, "numbers without a unit of docs/glossary.md:\n" + "\n".join(found)


def test_every_number_a_public_function_takes_names_its_unit(root: Path) -> None:
    pattern = name_pattern(glossary(root))
    found = [
        name
        for function in public_functions()
        if not function.__module__.startswith((*_UNITS_OF_THEIR_OWN, *_TO_THE_LAST))
        for name in nameless_arguments(function, pattern)
        if name.removeprefix("hedgerow.") not in _NO_UNIT
    ]
    assert not found, "arguments without a unit of docs/glossary.md:\n" + "\n".join(found)


def test_every_number_that_models_hand_on_names_its_unit(root: Path) -> None:
    pattern, words = name_pattern(glossary(root)), word_pattern(glossary(root))
    functions = [
        each
        for module in modules()
        if module.__name__.startswith(_TO_THE_LAST) and module.__name__ != _OF_A_PAPER
        for each in functions_of(module)
    ]
    names = {each.__qualname__ for each in functions}
    assert {"scenario_profits", "_inverse", "MovedContracts.power", "TierColumns.needs"} <= names
    found = [name for each in functions for name in nameless_arguments(each, pattern, words)]
    assert not found, "neither a unit nor a word of docs/glossary.md:\n" + "\n".join(found)


def test_what_is_excused_is_there(root: Path) -> None:
    pattern = name_pattern(glossary(root))
    found = {name for each in public_functions() for name in nameless_arguments(each, pattern)}
    assert {f"hedgerow.{name}" for name in _NO_UNIT} <= found


def takes(
    price: float, size_px: float, name: str, value: float, moves_frac: tuple[float, ...]
) -> None:
    """Have one argument without a unit, and one of any."""


def test_the_checker_finds_an_argument_without_a_unit(root: Path) -> None:
    found = nameless_arguments(takes, name_pattern(glossary(root)))
    assert [name.rpartition(".")[2] for name in found] == ["price"]


class Hidden:
    """A class that nobody lists, with a method that says how much and not of what."""

    def hands_on(self, size: float, first: int, x: float, is_call: bool, price_usd: float) -> None:
        """Have one argument that is no unit, word, letter or flag."""


def test_the_checker_looks_into_classes_and_knows_the_words_of_the_glossary(root: Path) -> None:
    page, here = glossary(root), sys.modules[__name__]
    hidden = [each for each in functions_of(here) if each.__qualname__ == "Hidden.hands_on"]
    found = nameless_arguments(hidden[0], name_pattern(page), word_pattern(page))
    assert [name.rpartition(".")[2] for name in found] == ["size"]


def test_the_checker_passes_a_record_that_names_its_units(root: Path) -> None:
    assert nameless(Good, name_pattern(glossary(root))) == []


def test_the_checker_finds_every_field_of_a_bad_record(root: Path) -> None:
    found = [name.rpartition(".")[2] for name in nameless(Bad, name_pattern(glossary(root)))]
    assert found == list(Bad.__struct_fields__)


def test_the_checker_finds_a_bad_column(root: Path) -> None:
    found = [name.rpartition(".")[2] for name in nameless(Columns, name_pattern(glossary(root)))]
    assert found == ["strike", "rows"]


def test_a_record_is_a_struct_or_a_frozen_dataclass() -> None:
    assert [is_record(cls) for cls in (Good, Columns, Scratch, str)] == [True, True, False, False]


@pytest.mark.parametrize("hint", [bool, str, bytes, None, Side, list[str], dict[int, str]])
def test_what_is_no_number(hint: object) -> None:
    assert not is_number(hint)


def test_the_glossary_says_each_unit_once(root: Path) -> None:
    rows = [line for line in glossary(root).splitlines() if line.startswith("| `_")]
    assert len(rows) == len({row.split("|")[1] for row in rows})
