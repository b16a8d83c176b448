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
    """Give a console on stdout: as wide as the terminal, or wide enough for a file or a pipe."""
    console = _Screen()
    if console.is_terminal or console.width >= _COLUMNS_MIN:
        return console
    return _Screen(width=_COLUMNS_MIN)
