"""Read the dated rulebooks that come with the package."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from hedgerow.errors import RulebookRejected
from hedgerow.margin import Rulebook, decode_rulebook

__all__ = ["packaged_rulebooks"]


def packaged_rulebooks() -> Mapping[str, Rulebook]:
    """Give every packaged rulebook by name, such as ``deribit/2026-02-15``.

    Raises
    ------
    RulebookRejected
        If a file cannot be decoded or its name is not its place.
    """
    found: dict[str, Rulebook] = {}
    root = files("hedgerow.margin") / "rulebooks"
    for venue in sorted(root.iterdir(), key=_name):
        for file in sorted(venue.iterdir(), key=_name):
            where = f"{venue.name}/{file.name}"
            rulebook = decode_rulebook(file.read_bytes(), where=where)
            if f"{rulebook.name}.toml" != where:
                raise RulebookRejected(f"{where}: its name says {rulebook.name}")
            found[rulebook.name] = rulebook
    return found


def _name(entry: Traversable) -> str:
    return entry.name
