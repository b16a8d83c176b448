"""What an earlier look left behind: the JSON that a command printed, read back as records."""

from pathlib import Path
from typing import TypeVar

import msgspec

from hedgerow.errors import RequestRejected

__all__ = ["recalled"]

T = TypeVar("T")


def recalled(path: Path | None, key: str, kind: type[T]) -> list[T]:
    """Read the records under one key of a file; nothing where no file is named.

    Raises
    ------
    RequestRejected
        If the file cannot be read, or is not what the command prints.
    """
    if path is None:
        return []
    try:
        read = msgspec.json.decode(path.read_bytes())
        return msgspec.convert(read[key], list[kind])  # type: ignore[valid-type]
    except OSError as bad:
        raise RequestRejected(f"--previous {path}: {bad.strerror or bad}") from bad
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError) as bad:
        raise RequestRejected(
            f"--previous {path}: not what this command prints with --json ({bad})"
        ) from bad
