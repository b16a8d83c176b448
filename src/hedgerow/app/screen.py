"""Where answers are printed: as wide as the terminal, never too narrow for a table of numbers."""

from typing import final

from rich.console import Console

__all__ = ["wide_console"]

_COLUMNS_MIN = 118


@final
class _Screen(Console):
    """A console that leaves a closed pipe to `main`; rich would end with 1, which is a breach."""

    def on_broken_pipe(self) -> None:
        """Pass it on."""
        raise BrokenPipeError


def wide_console() -> Console:
    """Give a console on stdout; a narrower terminal wraps the lines and loses nothing."""
    console = _Screen()
    return console if console.width >= _COLUMNS_MIN else _Screen(width=_COLUMNS_MIN)
