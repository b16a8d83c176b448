"""Whether a desk is fine: why a command that looks at one, or runs one, ends with 1.

Beyond the limits that a person set, an account that may be liquidated, or that cannot be judged, is
never fine: a desk without limits is not thereby safe.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from hedgerow.limits import METRICS, LimitState
from hedgerow.simulation import AccountFrame, Episode, Frame
from hedgerow.units import format_ns

__all__ = ["status", "troubles", "troubles_of_run"]

_BROKEN: Final[Mapping[str, str]] = {
    "hard": "is beyond hard",
    "unknown": "is unknown",
    "expired": "has an expired limit",
}


def troubles(
    now: Frame, why: Mapping[str, str] | None = None, lacking: Sequence[str] = ()
) -> tuple[str, ...]:
    """Say everything that is broken or unknown in one frame of a desk, accounts first.

    Parameters
    ----------
    why
        Why a distance is unknown, by account, where that is known: a frame does not say.
    lacking
        What the value of the desk lacks, where that is known.
    """
    reasons = why or {}
    found = [
        said for each in now.accounts if (said := _of_account(each, reasons.get(each.account_id)))
    ]
    if now.equity_usd is None:
        told = f" ({'; '.join(dict.fromkeys(lacking))})" if lacking else ""
        found.append(f"the value of the desk is unknown{told}")
    found += [_of_limit(limit) for limit in now.limits if limit.rung in _BROKEN]
    return tuple(found)


def troubles_of_run(episode: Episode) -> tuple[str, ...]:
    """Say what was liquidated at any time, and what is broken or unknown at the end."""
    hit: dict[str, int] = {}
    for liquidation in episode.liquidations:
        hit.setdefault(liquidation.account_id, liquidation.time_ns)
    found = [f"{name} was liquidated at {format_ns(time_ns)}" for name, time_ns in hit.items()]
    return (*found, *(troubles(episode.frames[-1]) if episode.frames else ("nothing was seen",)))


def status(found: Sequence[str], *, is_quiet: bool, asked: str | None = None) -> int:
    """Give the exit status, and say on stderr why it is 1: all of it, what was asked of first.

    Parameters
    ----------
    asked
        The account or node that the command was asked of, so that nobody takes the troubles of
        another for its; None for all of the desk.
    """
    if not found:
        return 0
    if not is_quiet:
        sys.stderr.write(f"exit 1: {_said(found, asked)}\n")
    return 1


def _said(found: Sequence[str], asked: str | None) -> str:
    if asked is None:
        return "; ".join(found)
    own = [words for words in found if asked in re.split(r"[ /]", words) or words.startswith(asked)]
    others = [words for words in found if words not in own]
    said = "; ".join(own) if own else f"nothing is broken or unknown at {asked}"
    return f"{said}; elsewhere on the desk: {'; '.join(others)}" if others else said


def _of_account(account: AccountFrame, reason: str | None) -> str | None:
    if account.equity_ccy is None or account.requirement_ccy is None:
        return f"the requirement of {account.account_id} is unknown"
    if account.equity_ccy < account.requirement_ccy:
        return f"{account.account_id} is liquidatable"
    if not account.is_distance_known:
        said = f"the distance of {account.account_id} is unknown"
        return f"{said} ({reason})" if reason else said
    return None


def _of_limit(limit: LimitState) -> str:
    said = _BROKEN[limit.rung]
    return f"{limit.node} {METRICS[limit.metric].title} {said}"
