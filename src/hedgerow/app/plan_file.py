"""A plan as a file: with a digest of each part, by which a change to it is found and named.

The digests tell of an edit or a damaged disk. They are no signature: whoever writes them anew is
not found out.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from hedgerow.app.written import check_place
from hedgerow.errors import DeskRejected, RequestRejected
from hedgerow.planning import Plan

__all__ = ["PlanFile", "check_plan_place", "read_plan", "written_plan"]

_MADE: Final = "is no plan that `plan make --out` wrote"
_WRITE_ONE: Final = "write one with `plan make --out FILE`"


class PlanFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan, what its options' premiums come to by client id, and the digest of each part."""

    plan: Plan
    premiums_usd: dict[str, float]
    sha256_of: dict[str, str]


def written_plan(plan: Plan, premiums_usd: dict[str, float]) -> bytes:
    """Give the bytes of a plan's file."""
    parts = {"plan": msgspec.to_builtins(plan), "premiums_usd": premiums_usd}
    # As they will be read again: what JSON writes in one way is compared in that way.
    digests = _digests(json.loads(json.dumps(parts)))
    return json.dumps({**parts, "sha256_of": digests}, indent=2).encode() + b"\n"


def check_plan_place(path: Path) -> None:
    """Refuse a place where no plan can be written, or where it would replace what is no plan.

    A plan as it was written may be replaced, by the same command it can be made again. One that
    was edited may not, nor a desk file, a journal or anything else.

    Raises
    ------
    RequestRejected
        As `check_place`, and where something else stands there.
    """
    check_place(path, "--out")
    if not path.exists():
        return
    if not path.is_file():
        raise RequestRejected(f"--out {path} is no file of its own; name another")
    # Nothing is lost with an empty file, which `mktemp` leaves to keep a name.
    if path.stat().st_size == 0:
        return
    try:
        read_plan(path)
    except DeskRejected as other:
        raise RequestRejected(
            f"--out {path} is there and would be lost: it is not a plan as `plan make --out` wrote "
            "it; name another file, or move it away"
        ) from other


def read_plan(path: Path) -> PlanFile:
    """Read a plan again.

    Raises
    ------
    DeskRejected
        If it cannot be read, is no such file, or is not as it was written: what differs is named.
    """
    try:
        raw = json.loads(path.read_bytes())
        told = raw["sha256_of"]
        found = _digests(raw)
        differs = [name for name in {**told, **found} if told.get(name) != found.get(name)]
    except OSError as trouble:
        raise DeskRejected(f"{path}: cannot be read: {trouble.strerror}") from trouble
    except KeyError as trouble:
        raise DeskRejected(f"{path}: {_MADE}: it lacks {trouble}; {_WRITE_ONE}") from trouble
    except (ValueError, TypeError, AttributeError, RecursionError) as trouble:
        raise DeskRejected(f"{path}: {_MADE}; {_WRITE_ONE}") from trouble
    if differs:
        raise DeskRejected(
            f"{path}: not as `plan make --out` wrote it: {', '.join(differs)} "
            f"{'differs' if len(differs) == 1 else 'differ'} from what its digests say; "
            "make the plan again"
        )
    try:
        return msgspec.convert(raw, PlanFile)
    except (msgspec.MsgspecError, ValueError) as trouble:
        raise DeskRejected(f"{path}: {_MADE}: {trouble}; {_WRITE_ONE}") from trouble


def _digests(raw: dict[str, Any]) -> dict[str, str]:
    """Digest every part of a plan by itself, each leg too."""
    plan = dict(raw["plan"])
    legs = plan.pop("legs")
    parts = {f"leg {place}": leg for place, leg in enumerate(legs, start=1)}
    parts |= {"number of legs": len(legs), **plan, "premiums_usd": raw["premiums_usd"]}
    return {
        name: sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()
        for name, part in parts.items()
    }
