"""Read dated files of rescue routes: the one that comes with the package, or a desk's own."""

from importlib.resources import files
from pathlib import Path

from hedgerow.errors import RulebookRejected
from hedgerow.solvency import RouteBook, decode_routes

__all__ = ["read_routes"]


def read_routes(path: Path | None) -> RouteBook:
    """Give the routes of a file, or the latest that are packaged.

    Raises
    ------
    RulebookRejected
        If the file is not there or cannot be decoded.
    """
    if path is not None:
        if not path.is_file():
            raise RulebookRejected(f"{path}: no such file; name a .toml that lists routes")
        return decode_routes(path.read_bytes(), where=str(path))
    folder = files("hedgerow.solvency") / "routes"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return decode_routes((folder / names[-1]).read_bytes(), where=names[-1])
