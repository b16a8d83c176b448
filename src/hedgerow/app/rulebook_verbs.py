"""What ``hedgerow margin rulebooks`` does: read rulebooks, say what is in them and what differs."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from hedgerow.app.asked import show
from hedgerow.app.rulebooks import named_rulebook, packaged_rulebooks, rulebooks_in
from hedgerow.errors import RulebookRejected
from hedgerow.margin import differences, rulebook_mistakes
from hedgerow.reporting import builtins_of, differences_table, rulebooks_table

__all__ = ["show_check", "show_diff", "show_list"]


def show_list(folder: Path | None, *, as_json: bool) -> int:
    """Print a row a rulebook; one of the folder stands for a packaged one of its name."""
    found = dict(packaged_rulebooks())
    if folder is not None:
        found |= rulebooks_in(folder)
    listed = [found[name] for name in sorted(found)]
    payload = [
        {
            "name": each.name,
            "venue": each.venue,
            "as_of": each.as_of,
            "kind": str(type(each).__struct_config__.tag),
            "confidence": each.confidence,
            "confidence_note": each.confidence_note,
            "evidence": each.evidence,
            "source": each.source,
        }
        for each in listed
    ]
    show(payload, rulebooks_table(listed), as_json=as_json)
    return 0


def show_check(paths: Sequence[Path], *, as_json: bool) -> int:
    """Print every mistake of every file."""
    found = [(path, rulebook_mistakes(_bytes_of(path))) for path in paths]
    lines = []
    for path, mistakes in found:
        plural = "" if len(mistakes) == 1 else "s"
        lines.append(f"{path}: {f'{len(mistakes)} mistake{plural}' if mistakes else 'fine'}")
        lines += [f"  {mistake}" for mistake in mistakes]
    payload = [{"file": str(path), "mistakes": list(mistakes)} for path, mistakes in found]
    show(payload, Text("\n".join(lines)), as_json=as_json)
    bad_count = sum(1 for _, mistakes in found if mistakes)
    if bad_count and not as_json:
        files = "file" if len(found) == 1 else "files"
        sys.stderr.write(f"exit 1: {bad_count} of {len(found)} {files} cannot be used\n")
    return 1 if bad_count else 0


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as bad:
        raise RulebookRejected(
            f"{path}: cannot be read: {bad.strerror}; name the .toml file of a rulebook"
        ) from bad


def show_diff(old: str, new: str, *, as_json: bool) -> int:
    """Print what differs."""
    one, other = named_rulebook(old), named_rulebook(new)
    found = differences(one, other)
    show(
        {"old": one.name, "new": other.name, "differences": builtins_of(found)},
        differences_table(found, f"{one.name} to {other.name}"),
        as_json=as_json,
    )
    if found and not as_json:
        sys.stderr.write(
            f"exit 1: {len(found)} {'figure differs' if len(found) == 1 else 'figures differ'}\n"
        )
    return 1 if found else 0
