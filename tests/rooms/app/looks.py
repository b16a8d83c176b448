"""Looks at a desk that tests share: most commands begin with one, and most of the desks are one."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from hedgerow.app import asked
from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market, open_market
from hedgerow.app.look import look
from hedgerow.limits import Survey
from hedgerow.market import MarketEvent

__all__ = ["share_looks"]


class _Key(NamedTuple):
    """What a look at a desk as its file says follows from, besides rulebooks in a folder."""

    desk_digest: str
    market_digest: str
    seed: int | None
    at_ns: int


_KNOWN_COUNT = 64
_known: dict[_Key, tuple[Desk, Survey]] = {}


def share_looks(patch: pytest.MonkeyPatch) -> None:
    """Let commands take a look that an earlier one took; what none took is taken as ever.

    Only a desk just as it was opened is shared: one that a command changed since is another. So is
    one with raw books, which the digest of its market does not cover.
    """
    opened: dict[int, tuple[Desk, Market]] = {}

    def opening(path: Path | None, data: Path | None, seed: int | None) -> tuple[Desk, Market]:
        desk, market = open_market(path, data, seed)
        if desk.recording.books_raw is None:
            opened[id(desk)] = desk, market
        return desk, market

    def looking(desk: Desk, events: Iterable[MarketEvent], at_ns: int) -> Survey:
        if id(desk) not in opened:
            return look(desk, events, at_ns)
        market = opened[id(desk)][1]
        key = _Key(desk.digest, market.digest, market.seed, at_ns)
        of, found = _known.get(key, (None, None))
        if of is None or found is None or of.rulebooks != desk.rulebooks:
            found = look(desk, events, at_ns)
            _known[key] = desk, found
            while len(_known) > _KNOWN_COUNT:
                del _known[next(iter(_known))]
        return found

    patch.setattr(asked, "open_market", opening)
    patch.setattr(asked, "look", looking)
