"""Every engine with accounts to try it on, for the tests that hold for all of them.

A new engine is one more file in `engine_cases`; nothing is told of it. What a file holds of the
kinds below is found by its kind.
"""

from importlib import import_module
from pathlib import Path
from typing import TypeVar

from tests.rooms.margin.engine_case import BackedCase, ChainCase, EngineCase, LendingCase

Case = TypeVar("Case", EngineCase, ChainCase, LendingCase, BackedCase)

_FOLDER = Path(__file__).parent / "engine_cases"
_FILES = [
    import_module(f"tests.rooms.margin.engine_cases.{path.stem}")
    for path in sorted(_FOLDER.glob("*.py"))
]


def _found(kind: type[Case]) -> dict[str, Case]:
    """Every case of a kind, by its name."""
    cases = [value for file in _FILES for value in vars(file).values() if isinstance(value, kind)]
    by_name = {case.name: case for case in cases}
    assert len(by_name) == len(cases), f"two {kind.__name__} have one name"
    return by_name


CASES: list[EngineCase] = list(_found(EngineCase).values())
ON_CHAIN: dict[str, ChainCase] = _found(ChainCase)
LENT: list[LendingCase] = list(_found(LendingCase).values())
BACKED: dict[str, BackedCase] = _found(BackedCase)
