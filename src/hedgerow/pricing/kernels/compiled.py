"""Our own decorator around Numba: types given, code cached on disk where that is possible.

Numba's cache sees a change in the file of a kernel, but not in a helper that stands in another. So
a kernel goes by a name that ends in a digest of all the code it is made of: other code, other name.

Numba refuses, when it decorates, to cache where no directory can be written (a read-only package
and no home). That must not take hedgerow down, so such a kernel is compiled anew in each process,
and `uncached` says why. Where the cache lies is chosen by `app`, before this module is imported.

Only `fastmath={"contract"}` is allowed: a product and a sum may become one rounding, nothing else
may change. Division by zero gives infinity, as in NumPy, because a check would stop vectorisation.
"""

from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast, final

from numba import njit, types

__all__ = [
    "BUFFER",
    "CODES",
    "COLUMN",
    "COLUMNS",
    "COUNT",
    "FLAG",
    "FLAGS",
    "INDICES",
    "PLACES",
    "RESULT",
    "Kernel",
    "compiled",
    "inlined",
    "uncached",
]

P = ParamSpec("P")
R = TypeVar("R")

COLUMNS: Final = types.Array(types.float64, 2, "C", readonly=True)  # takes writable arrays too
COLUMN: Final = types.Array(types.float64, 1, "C", readonly=True)
RESULT: Final = types.Array(types.float64, 1, "C")
CODES: Final = types.Array(types.int8, 1, "C")
BUFFER: Final = types.Array(types.float64, 2, "C")
FLAGS: Final = types.Array(types.boolean, 1, "C", readonly=True)
FLAG: Final = types.boolean
COUNT: Final = types.int64
INDICES: Final = types.Array(types.int64, 1, "C", readonly=True)
PLACES: Final = types.Array(types.int64, 1, "C")

_OPTIONS: Final[dict[str, Any]] = {
    "fastmath": {"contract"},
    "error_model": "numpy",
    "nogil": True,
}

_uncached: dict[str, str] = {}


def uncached() -> dict[str, str]:
    """Say which kernels are compiled anew in each process, and why; empty when all are cached."""
    return dict(_uncached)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a helper of kernels, which is compiled into each; whatever file it stands in."""
    return cast(Callable[P, R], njit(forceinline=True, **_OPTIONS)(function))


@final
class Kernel(Generic[P]):
    """A loop over columns, compiled or fetched from disk at its first call.

    Not at import, because compiling takes seconds, and a process seldom needs every kernel. Threads
    that come first together wait for one of them to compile.
    """

    def __init__(self, function: Callable[P, None], arguments: tuple[Any, ...]) -> None:
        self.__doc__ = function.__doc__
        function.__qualname__ = f"{function.__name__}_{_digest(function)}"
        self.__wrapped__ = function
        self._signature = types.void(*arguments)
        self._ready: Callable[P, None] | None = None
        self._making = Lock()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run the loop; arguments of other types than stated raise TypeError."""
        ready = self._ready
        if ready is None:
            with self._making:
                ready = self._ready = self._ready or self._made()
        ready(*args, **kwargs)

    def dispatcher(self, *, cache: bool) -> Any:
        """Compile, or fetch; what Numba gives can show its machine code if it was not fetched."""
        return njit(self._signature, cache=cache, **_OPTIONS)(self.__wrapped__)

    def _made(self) -> Callable[P, None]:
        try:
            return cast(Callable[P, None], self.dispatcher(cache=True))
        except (RuntimeError, OSError) as trouble:
            # RuntimeError: no directory at all; OSError: one that went bad, or a full disk.
            _uncached[self.__wrapped__.__name__] = str(trouble)
            return cast(Callable[P, None], self.dispatcher(cache=False))


def _digest(function: Any) -> str:
    """Give what changes when the code does: of a function, its helpers, and their constants."""
    seen = [f"{sorted(_OPTIONS['fastmath'])} {_OPTIONS['error_model']}"]

    def walk(function: Any) -> None:
        code = function.__code__
        found = [(name, function.__globals__.get(name)) for name in code.co_names]
        helpers = {name: each.py_func for name, each in found if hasattr(each, "py_func")}
        numbers = {name: each for name, each in found if isinstance(each, int | float)}
        mine = f"{code.co_code.hex()} {code.co_consts} {code.co_names} {numbers} {list(helpers)}"
        if mine not in seen:
            seen.append(mine)
            for helper in helpers.values():
                walk(helper)

    walk(function)
    return sha256("\n".join(seen).encode()).hexdigest()[:16]


def compiled(*arguments: Any) -> Callable[[Callable[P, None]], Kernel[P]]:
    """Make a kernel for arguments of these types; it writes into them and gives nothing back."""

    def decorate(function: Callable[P, None]) -> Kernel[P]:
        return Kernel(function, arguments)

    return decorate
