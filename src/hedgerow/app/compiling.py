"""Say on a terminal that compiled code is being made, which is some seconds of silence else."""

import sys

from hedgerow.pricing.compiling import hear

__all__ = ["say_compiling"]


def say_compiling() -> None:
    """Have it said once, on stderr where that is a terminal; nothing where code is kept already."""
    if sys.stderr.isatty():
        hear(_said, _lost)


def _said() -> None:
    sys.stderr.write("compiling the pricing code, of which none is kept here yet: some seconds\n")


def _lost(why: str) -> None:
    sys.stderr.write(
        f"it cannot be kept ({why}), so every command will take these seconds; set NUMBA_CACHE_DIR "
        "to a folder that can be written\n"
    )
