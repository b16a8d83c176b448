"""Who hears that compiled code is not kept yet and is being made: nobody, until `app` says who.

Apart from the kernels, so that saying who does not import Numba.
"""

from collections.abc import Callable

__all__ = ["begun", "hear", "lost"]

_begun: Callable[[], None] | None = None
_lost: Callable[[str], None] | None = None


def hear(begun: Callable[[], None], lost: Callable[[str], None]) -> None:
    """Have somebody called, once each from now on.

    Parameters
    ----------
    begun
        When the first kernel begins to be compiled.
    lost
        When the first one was compiled that cannot be kept, so that the next process compiles it
        again; it is told why.
    """
    global _begun, _lost
    _begun, _lost = begun, lost


def begun() -> None:
    """Say that a kernel is not kept on disk and begins to be compiled. Only kernels say so."""
    global _begun
    call, _begun = _begun, None
    if call is not None:
        call()


def lost(why: str) -> None:
    """Say that a compiled kernel cannot be kept on disk. Only kernels say so."""
    global _lost
    call, _lost = _lost, None
    if call is not None:
        call(why)
