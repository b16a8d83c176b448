"""What ``hedgerow journal verify`` does: recompute the chain of hashes and print its head."""

from pathlib import Path

from hedgerow.app.asked import show
from hedgerow.execution import verify

__all__ = ["show_verified"]


def show_verified(path: Path, *, anchor: str | None, as_json: bool) -> int:
    """Verify a journal; `anchor` is a head seen earlier, through which the chain must pass."""
    verified = verify(path, anchor=anchor)
    show(
        {"rows": verified.rows_count, "chain_head": verified.head, "ok": True},
        f"{verified.rows_count} rows, chain intact\nchain head {verified.head}",
        as_json=as_json,
    )
    return 0
