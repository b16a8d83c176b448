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
    """Print every mistake of every file; one that cannot be read does not hide the others.

    Raises
    ------
    RulebookRejected
        If there is one file only, and it cannot be read.
    """
    read = [(path, _bytes_of(path)) for path in paths]
    if len(read) == 1 and isinstance(read[0][1], str):
        raise RulebookRejected(f"{read[0][0]}: {read[0][1]}")
    found = [
        (path, (raw,) if isinstance(raw, str) else rulebook_mistakes(raw)) for path, raw in read
    ]
    lines = []
    for (path, mistakes), (_, raw) in zip(found, read, strict=True):
        if isinstance(raw, str):
            lines.append(f"{path}: {raw}")
            continue
        plural = "" if len(mistakes) == 1 else "s"
        lines.append(f"{path}: {f'{len(mistakes)} mistake{plural}' if mistakes else 'fine'}")
        lines += [f"  {mistake}" for mistake in mistakes]
    payload = [{"file": str(path), "mistakes": list(mistakes)} for path, mistakes in found]
    show(payload, Text("\n".join(lines)), as_json=as_json)
    bad_count = sum(1 for _, mistakes in found if mistakes)
    unread_count = sum(1 for _, raw in read if isinstance(raw, str))
    code = 2 if unread_count else min(bad_count, 1)
    if code and not as_json:
        unread = f", {unread_count} of them not even read" if unread_count else ""
        files = "file" if len(found) == 1 else "files"
        sys.stderr.write(
            f"exit {code}: {bad_count} of {len(found)} {files} cannot be used{unread}\n"
        )
    return code


def _bytes_of(path: Path) -> bytes | str:
    """Give what is in a file, or say why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as bad:
        return f"cannot be read: {bad.strerror}; name the .toml file of a rulebook"


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
