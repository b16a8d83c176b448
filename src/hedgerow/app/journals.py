"""What ``hedgerow journal verify`` does: recompute the chain of hashes and print its head."""

import re
from pathlib import Path
from typing import Final

from hedgerow.app.asked import show
from hedgerow.errors import RequestRejected
from hedgerow.execution import verify

__all__ = ["show_verified"]

_HEAD: Final = re.compile("[0-9a-f]{64}")


def show_verified(path: Path, *, anchor: str | None, as_json: bool) -> int:
    """Verify a journal; `anchor` is a head seen earlier, through which the chain must pass.

    Raises
    ------
    RequestRejected
        If the anchor is no head: one cut short would look like a journal that was tampered with.
    """
    if anchor is not None:
        anchor = anchor.strip().lower()
        if _HEAD.fullmatch(anchor) is None:
            raise RequestRejected(
                "--anchor must be a whole head, 64 hexadecimal digits, as journal verify or run "
                f"prints it; was {anchor!r}, {len(anchor)} characters"
            )
    verified = verify(path, anchor=anchor)
    show(
        {"rows": verified.rows_count, "chain_head": verified.head, "ok": True},
        f"{verified.rows_count} rows, chain intact\nchain head {verified.head}",
        as_json=as_json,
    )
    return 0
