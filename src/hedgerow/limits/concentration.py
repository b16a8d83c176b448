"""Who a desk leans on: how much of what it holds hangs on one venue, issuer, bridge or oracle.

A node is a kind and a name: ``venue/deribit``, ``issuer/circle``, ``bridge/wormhole``,
``oracle/chainlink``. On a venue lies the positive equity of each account there. On an issuer or a
bridge lies every token that it redeems or carries, held as a balance, a vault share or a supply; on
an oracle every supply that it prices. What is owed takes nothing off: the debt stands when the
token fails. Shares are of all that is held of the same sort: of all equity, or of all tokens.

Who stands behind a token is what a person said (`Backing`). A coin of its own has neither issuer
nor bridge unless one is named; a dollar coin, a staked token or a vault share of which nobody has
said so makes its kind unknown, the named ones too, since any of them may be behind it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import fsum
from typing import Final, Literal, TypeAlias, get_args

from hedgerow.errors import Failure
from hedgerow.exposure.aggregate import parts_of
from hedgerow.exposure.sums import Part
from hedgerow.instruments import LoanSupply, Spot, StakedCoin, VaultShare
from hedgerow.limits.seen import NOBODY, Given, Measured, Seen, incomplete, unknown
from hedgerow.market import Snapshot
from hedgerow.pricing import value
from hedgerow.units import percent

__all__ = ["KINDS", "UNKNOWN_NAME", "Kind", "concentration"]

Kind: TypeAlias = Literal["venue", "issuer", "bridge", "oracle"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

UNKNOWN_NAME = "unknown"
"""What stands behind tokens of which nobody has said who does."""


@dataclass(slots=True)
class _Shelf:
    """What lies on each name of one kind, and what is in the way of knowing it."""

    total_usd: float = 0.0
    held_usd: dict[str, list[float]] = field(default_factory=dict)
    unnamed: dict[str, None] = field(default_factory=dict)
    missing: dict[Failure, None] = field(default_factory=dict)


def concentration(
    name: str, seen: Seen, given: Given, covers: Callable[[str], bool]
) -> Iterator[Measured]:
    """Say how much lies on each name, in dollars or as a share."""
    for kind in KINDS:
        shelf = _venues(seen) if kind == "venue" else _tokens(kind, seen, given)
        for held_by, amounts in sorted(shelf.held_usd.items()):
            node = f"{kind}/{held_by}"
            if covers(node):
                yield _measured(name, node, fsum(amounts), shelf)


def _measured(name: str, node: str, held_usd: float, shelf: _Shelf) -> Measured:
    if shelf.missing:
        return incomplete(node, shelf.missing)
    if shelf.unnamed:
        kind, tokens = node.split("/")[0], ", ".join(sorted(shelf.unnamed))
        said = f"who is the {kind} of {tokens} is not said; write it under [backing]"
        return unknown(node, Failure(subject=node, reason="missing_data", message=said))
    share = held_usd / shelf.total_usd if shelf.total_usd > 0.0 else 0.0
    said = f"{held_usd:,.0f} USD, {percent(share)} of {shelf.total_usd:,.0f}"
    return Measured(node, share if name.endswith("_frac") else held_usd, said)


def _venues(seen: Seen) -> _Shelf:
    shelf = _Shelf()
    for row in seen.exposures.rows:
        steps = row.node.split("/")
        if steps[0] != "desk" or len(steps) != 3:
            continue
        shelf.missing.update(dict.fromkeys(row.missing))
        shelf.held_usd.setdefault(steps[1], []).append(max(0.0, row.value_usd))
    shelf.total_usd = fsum(amount for amounts in shelf.held_usd.values() for amount in amounts)
    return shelf


def _tokens(kind: Kind, seen: Seen, given: Given) -> _Shelf:
    shelf = _Shelf()
    everything = []
    for part in parts_of(seen.book, value(seen.book, seen.snapshot), seen.snapshot):
        terms = part.instrument
        if not isinstance(terms, Spot | StakedCoin | VaultShare | LoanSupply):
            continue
        shelf.missing.update(dict.fromkeys(part.troubles))
        if part.is_known and part.value_usd <= 0.0:
            continue
        name = _behind(kind, part, seen.snapshot, given)
        if name == UNKNOWN_NAME:
            shelf.unnamed[_token(part)] = None
        if not part.is_known:
            if name != NOBODY:
                shelf.held_usd.setdefault(name, [])
            continue
        everything.append(part.value_usd)
        if name != NOBODY:
            shelf.held_usd.setdefault(name, []).append(part.value_usd)
    shelf.total_usd = fsum(everything)
    if shelf.missing or shelf.unnamed:  # any name may have more than is known, or something at all
        for backing in given.backing.values():
            said = getattr(backing, kind)
            if said is not None and said != NOBODY:
                shelf.held_usd.setdefault(said, [])
    return shelf


def _token(part: Part) -> str:
    terms = part.instrument
    assert isinstance(terms, Spot | StakedCoin | VaultShare | LoanSupply)
    return terms.vault if isinstance(terms, VaultShare) else terms.asset


def _behind(kind: Kind, part: Part, snapshot: Snapshot, given: Given) -> str:
    """Name who stands behind a holding in one respect."""
    token = _token(part)
    if kind == "oracle" and not isinstance(part.instrument, LoanSupply):
        return NOBODY  # nothing asks an oracle what it is worth
    backing = given.backing.get(token)
    said = None if backing is None else getattr(backing, kind)
    if said is not None:
        return str(said)
    is_claim = isinstance(part.instrument, VaultShare) or (
        token in snapshot.dollars_usd or token in snapshot.stakings
    )
    return UNKNOWN_NAME if is_claim or kind == "oracle" else NOBODY
