"""The registry: one module per venue, each with its rulebook and its `Engine`.

A new venue is a module here, a rulebook file and tests; nothing is told of it. Every module of this
folder is read, and one that holds an `ENGINE` is a venue.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.engine import Engine, VenueTerms, engines_in
from hedgerow.margin.reach import LiquidationReach
from hedgerow.margin.records import Require, Rulebook, unsupported
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINES", "ENGINE_OF", "reach_of", "require", "switch_refusal", "terms_of"]

# Each engine takes its own kind of rulebook, which the key below guarantees; hence Any.
ENGINES: tuple[Engine[Any], ...] = engines_in(
    import_module(f"{__name__}.{name}")
    for name in sorted(each.name for each in iter_modules(__path__))
)

ENGINE_OF: Mapping[type[Rulebook], Engine[Any]] = {engine.kind: engine for engine in ENGINES}

require = Require(ENGINE_OF)


def terms_of(rulebook: Rulebook) -> VenueTerms:
    """Give what a rulebook says beside the requirement: what it covers, counts and charges."""
    return ENGINE_OF[type(rulebook)].terms(rulebook)


def reach_of(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
) -> Outcome[LiquidationReach | None]:
    """Give what one liquidation may take of a lending account now.

    Parameters
    ----------
    instruments
        Terms by id, of every position held.

    Returns
    -------
    LiquidationReach, None or Failure
        None where the account is not liquidatable. A Failure where its requirement is one, and
        where the venue sells into an order book instead.
    """
    reach = ENGINE_OF[type(rulebook)].reach
    if reach is None:
        return unsupported(account, f"{rulebook.name} liquidates through an order book")
    return reach(account, instruments, snapshot, rulebook)


def switch_refusal(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    other: Rulebook,
) -> Failure | None:
    """Say why an account may not choose another category of its lending market (e-mode).

    Parameters
    ----------
    instruments
        Terms by id, of every position held.
    rulebook, other
        By which it is judged now, and by which it would be.

    Returns
    -------
    None or Failure
        None where the protocol lets it. A Failure where it does not, where that cannot be told, and
        where the venue leaves nothing to choose.
    """
    refusal = ENGINE_OF[type(rulebook)].switch_refusal
    if refusal is None:
        return unsupported(account, f"{rulebook.name} has no categories to switch between")
    return refusal(account, instruments, snapshot, rulebook, other)
