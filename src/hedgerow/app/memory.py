"""What an earlier look left behind: the JSON that a command printed, read back as records."""

from pathlib import Path
from typing import TypeVar

import msgspec

from hedgerow.errors import RequestRejected
from hedgerow.units import format_ns

__all__ = ["recalled"]

T = TypeVar("T")


def recalled(path: Path | None, key: str, kind: type[T], at_ns: int) -> list[T]:
    """Read the records under one key of a file; nothing where no file is named.

    Parameters
    ----------
    at_ns
        The time of this look: the file must be of an earlier one, or of the same.

    Raises
    ------
    RequestRejected
        If the file cannot be read, is not what the command prints, or is of a later look.
    """
    if path is None:
        return []
    try:
        read = msgspec.json.decode(path.read_bytes())
        seen_ns, found = read["time_ns"], msgspec.convert(read[key], list[kind])  # type: ignore[valid-type]
    except OSError as bad:
        raise RequestRejected(f"--previous {path}: {bad.strerror or bad}") from bad
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError) as bad:
        raise RequestRejected(
            f"--previous {path}: not what this command prints with --json ({bad})"
        ) from bad
    if not isinstance(seen_ns, int):
        raise RequestRejected(f"--previous {path}: not what this command prints with --json")
    if seen_ns > at_ns:
        raise RequestRejected(
            f"--previous {path}: is of {format_ns(seen_ns)}, after the {format_ns(at_ns)} of this "
            "look; name an earlier one"
        )
    return found
