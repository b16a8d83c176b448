"""Who hears that compiled code is not kept yet and is being made: nobody, until `app` says who.

Apart from the kernels, so that saying who does not import Numba.
"""

from collections.abc import Callable

__all__ = ["begun", "hear"]

_heard: Callable[[], None] | None = None


def hear(call: Callable[[], None]) -> None:
    """Have somebody called when the first kernel from now on begins to be compiled; once."""
    global _heard
    _heard = call


def begun() -> None:
    """Say that a kernel is not kept on disk and begins to be compiled. Only kernels say so."""
    global _heard
    call, _heard = _heard, None
    if call is not None:
        call()
