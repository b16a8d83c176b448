"""Where answers are printed: as wide as the terminal, never too narrow for a table of numbers."""

from rich.console import Console

__all__ = ["wide_console"]

_COLUMNS_MIN = 118


def wide_console() -> Console:
    """Give a console on stdout; a narrower terminal wraps the lines and loses nothing."""
    console = Console()
    return console if console.width >= _COLUMNS_MIN else Console(width=_COLUMNS_MIN)
