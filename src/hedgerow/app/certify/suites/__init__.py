"""Which function computes which kind of case: the one place where vector files meet our engines.

One kind's name means other inputs in another suite, so a computation is found by both. It takes the
inputs of one case (`Given`) and gives a table of outputs, or the one number that is asked for.

Every module of this folder is read. Its `KINDS` are those of the suite that it is named for, and
its `SUITES`, where it serves more than one, those of each by name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Final, TypeAlias

from hedgerow.app.certify.given import Given

__all__ = ["COMPUTATIONS", "Compute", "computations_in"]

Compute: TypeAlias = Callable[[Given], object]
_Kinds: TypeAlias = Mapping[str, Compute]


def computations_in(modules: Iterable[ModuleType]) -> Mapping[tuple[str, str], Compute]:
    """Collect what modules compute, by suite and kind.

    Raises
    ------
    ValueError
        If two modules speak for one suite.
    """
    found: dict[str, tuple[str, _Kinds]] = {}
    for module in modules:
        for suite, kinds in _suites_of(module):
            if suite in found:
                raise ValueError(f"{found[suite][0]} and {module.__name__} both compute {suite}")
            found[suite] = module.__name__, kinds
    return {
        (suite, kind): compute
        for suite, (_, kinds) in found.items()
        for kind, compute in kinds.items()
    }


def _suites_of(module: ModuleType) -> Iterator[tuple[str, _Kinds]]:
    if hasattr(module, "KINDS"):
        yield module.__name__.rpartition(".")[2], module.KINDS
    yield from getattr(module, "SUITES", {}).items()


COMPUTATIONS: Final[Mapping[tuple[str, str], Compute]] = computations_in(
    import_module(f"{__name__}.{name}")
    for name in sorted(each.name for each in iter_modules(__path__))
)
