"""What a report must say it assumed, and which rulebooks a run was made under."""

from hashlib import sha256

import msgspec

from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.errors import Failure
from hedgerow.margin import Rulebook, begun_in
from hedgerow.planning import LATE_STATEMENT
from hedgerow.simulation import OptionSpread
from hedgerow.units import date_utc

__all__ = ["assumptions", "rulebooks_digest"]


def rulebooks_digest(desk: Desk) -> str:
    """Give what changes when any figure of a rulebook of the desk's accounts does."""
    encoded = msgspec.json.encode(_used_rulebooks(desk), order="deterministic")
    return sha256(encoded).hexdigest()


def assumptions(desk: Desk, market: Market) -> tuple[str, ...]:
    """Say everything a report must say it assumed."""
    said = list(market.statements)
    for asset, price in desk.dollars_usd.items():
        said.append(f"{asset} is taken at {price} USD throughout.")
    said.append(OptionSpread(half_spread_vol_frac=desk.option_half_spread_vol_frac).statement())
    if desk.planning is not None:
        said += (desk.planning.depth.statement(), LATE_STATEMENT)
    said.append(
        "Between option snapshots each vol stays with its strike and each forward moves with the "
        "perpetual; such marks are estimates and carry their age."
    )
    named = {account.rulebook for account in desk.accounts}
    for rulebook in _used_rulebooks(desk):
        said.append(
            f"Rulebook {rulebook.name} (its figures: {rulebook.confidence}). "
            f"{rulebook.confidence_note}"
        )
        if rulebook.name in named and rulebook.as_of > date_utc(desk.start_ns):
            said.append(
                f"Rulebook {rulebook.name} is known to hold from {rulebook.as_of}, later than the "
                f"start of this run ({date_utc(desk.start_ns)}); it is taken to have held before."
            )
    return tuple(said)


def _used_rulebooks(desk: Desk) -> tuple[Rulebook, ...]:
    """Give those that accounts name, and of a venue they name all that hold within the window."""
    names = {account.rulebook for account in desk.accounts if account.rulebook is not None}
    used = {
        each.name: each
        for name in names
        for _, each in begun_in(desk.rulebooks, name, desk.start_ns, desk.end_ns)
        if not isinstance(each, Failure)
    }
    return tuple(used[name] for name in sorted(used))
