"""Our own decorator around Numba: types given, code cached on disk where that is possible.

Numba's cache sees a change in the file of a kernel, but not in a helper that stands in another. So
a kernel goes by a name that ends in a digest of all the code it is made of: other code, other name.

Numba refuses, when it decorates, to cache where no directory can be written (a read-only package
and no home). That must not take hedgerow down, so such a kernel is compiled anew in each process,
and `compiling.lost` says why. Where the cache lies is chosen by `app`, before this module is
imported.

Only `fastmath={"contract"}` is allowed: a product and a sum may become one rounding, nothing else
may change. Division by zero gives infinity, as in NumPy, because a check would stop vectorisation.
"""

from collections.abc import Callable
from hashlib import sha256
from types import BuiltinFunctionType, CodeType, ModuleType
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast, final

import numpy as np
from numba import njit, types
from numba.core.event import Event, Listener, install_listener

from hedgerow.pricing import compiling

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


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a helper of kernels, which is compiled into each; whatever file it stands in."""
    return cast(Callable[P, R], njit(forceinline=True, **_OPTIONS)(function))


@final
class Kernel(Generic[P]):
    """A loop over columns, compiled or fetched from disk at its first call.

    Not at import, because compiling takes seconds, and a process seldom needs every kernel. Threads
    that come first together may each compile or fetch it, one after the other because Numba has a
    lock; they all get the same. There is no lock of ours, which a fork could leave locked in the
    child. Numba's could be: fork before or after a kernel is compiled, not while one is.
    """

    def __init__(self, function: Callable[P, None], arguments: tuple[Any, ...]) -> None:
        self.__doc__ = function.__doc__
        function.__qualname__ = f"{function.__name__}_{_digest(function)}"
        self.__wrapped__ = function
        self._signature = types.void(*arguments)
        self._ready: Callable[P, None] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run the loop; arguments of other types than stated raise TypeError."""
        ready = self._ready
        if ready is None:
            ready = self._ready = self._made()
        ready(*args, **kwargs)

    def dispatcher(self, *, cache: bool) -> Any:
        """Compile, or fetch; what Numba gives can show its machine code if it was not fetched."""
        return njit(self._signature, cache=cache, **_OPTIONS)(self.__wrapped__)

    def _made(self) -> Callable[P, None]:
        with install_listener("numba:compile", _Compiling()):
            try:
                return cast(Callable[P, None], self.dispatcher(cache=True))
            except Exception as trouble:
                # RuntimeError: no directory at all; OSError: one that went bad, or a full disk;
                # and whatever reading half a file may raise. If it was the code, it is raised
                # again here.
                made = cast(Callable[P, None], self.dispatcher(cache=False))
                compiling.lost(f"{type(trouble).__name__}: {trouble}")
                return made


@final
class _Compiling(Listener):
    """Passes on that Numba begins to compile, which it says only of what it did not fetch."""

    def on_start(self, event: Event) -> None:
        del event
        compiling.begun()

    def on_end(self, event: Event) -> None:
        del event


def _digest(function: Any) -> str:
    """Give what changes when the code does: of a function, its helpers, and all they refer to."""
    seen = [f"{sorted(_OPTIONS['fastmath'])} {_OPTIONS['error_model']}"]

    def walk(function: Any) -> None:
        code = function.__code__
        if code.co_freevars or any(isinstance(each, CodeType) for each in code.co_consts):
            raise TypeError(f"{code.co_name} has code inside or around it, which goes by no name")
        known = function.__globals__
        found = {name: known[name] for name in code.co_names if name in known}
        helpers = {name: each.py_func for name, each in found.items() if hasattr(each, "py_func")}
        others = {name: _spelt(each) for name, each in found.items() if name not in helpers}
        defaults = {"": _spelt(function.__defaults__)}
        for name, each in (function.__kwdefaults__ or {}).items():
            defaults[name] = _spelt(each)
        mine = (
            f"{code.co_code.hex()} {code.co_consts} {code.co_names} {others} {list(helpers)} "
            f"{defaults}"
        )
        if mine not in seen:
            seen.append(mine)
            for helper in helpers.values():
                walk(helper)

    walk(function)
    return sha256("\n".join(seen).encode()).hexdigest()[:16]


def _spelt(value: Any) -> str:
    """Spell out something that compiled code has taken in, so that another spells otherwise.

    Raises
    ------
    TypeError
        If that is unknown: its kernel could be fetched from disk as it was before a change.
    """
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes() | np.generic():
            return f"{type(value).__name__} {value!r}"
        case tuple():
            return f"({', '.join(_spelt(each) for each in value)})"
        case np.ndarray() if value.dtype.kind in "biufc":
            return f"{value.dtype.str} {value.shape} {value.tobytes().hex()}"
        case ModuleType() if value.__name__ in ("math", "numpy"):
            return value.__name__
        case BuiltinFunctionType() | np.ufunc():
            return f"{getattr(value, '__module__', '')} {value.__name__}"
    raise TypeError(
        f"a kernel refers to {value!r}, of which no digest is known; make it a number, a tuple, an "
        "array or a helper marked as inlined"
    )


def compiled(*arguments: Any) -> Callable[[Callable[P, None]], Kernel[P]]:
    """Make a kernel for arguments of these types; it writes into them and gives nothing back."""

    def decorate(function: Callable[P, None]) -> Kernel[P]:
        return Kernel(function, arguments)

    return decorate
