"""Read dated rulebooks: those that come with the package, and those of a folder."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from hedgerow.errors import RulebookRejected
from hedgerow.margin import Rulebook, decode_rulebook

__all__ = ["named_rulebook", "packaged_rulebooks", "rulebooks_in"]


@cache  # a package does not change while it runs, and sixty files take a tenth of a second
def packaged_rulebooks() -> Mapping[str, Rulebook]:
    """Give every packaged rulebook by name, such as ``deribit/2026-02-15``.

    Raises
    ------
    RulebookRejected
        If a file cannot be decoded or its name is not its place.
    """
    return MappingProxyType(rulebooks_in(files("hedgerow.margin") / "rulebooks"))


def rulebooks_in(folder: Traversable) -> dict[str, Rulebook]:
    """Give every rulebook of a folder by name; each lies at ``VENUE/DAY.toml``.

    Raises
    ------
    RulebookRejected
        If there is no such folder, or none in it, a file cannot be decoded, or its name is not its
        place.
    """
    if not folder.is_dir():
        raise RulebookRejected(f"{folder} is no folder")
    found: dict[str, Rulebook] = {}
    for where, file in _files(folder):
        rulebook = decode_rulebook(file.read_bytes(), where=where)
        if f"{rulebook.name}.toml" != where:
            raise RulebookRejected(f"{where}: its name says {rulebook.name}")
        found[rulebook.name] = rulebook
    if not found:
        raise RulebookRejected(f"{folder} holds no rulebook; they lie at VENUE/DAY.toml in it")
    return found


def named_rulebook(name: str) -> Rulebook:
    """Give a packaged rulebook by its name, or that of a file.

    Raises
    ------
    RulebookRejected
        If it is neither, or the file cannot be decoded.
    """
    packaged = packaged_rulebooks()
    if name in packaged:
        return packaged[name]
    path = Path(name)
    if not path.is_file():
        raise RulebookRejected(
            f"{name} is neither a file nor a packaged rulebook; there are: {', '.join(packaged)}"
        )
    return decode_rulebook(path.read_bytes(), where=name)


def _files(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    """Give each file with its place; what is no TOML in a venue's folder is none of ours."""
    for venue in sorted(folder.iterdir(), key=_name):
        if venue.is_dir():
            for file in sorted(venue.iterdir(), key=_name):
                if file.name.endswith(".toml"):
                    yield f"{venue.name}/{file.name}", file


def _name(entry: Traversable) -> str:
    return entry.name
