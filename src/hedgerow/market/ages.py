"""How old an input may be, and what is said of one that is too old or never came."""

from typing import Final

import msgspec

from hedgerow.errors import Failure
from hedgerow.units import HOUR_NS, SECOND_NS, format_ns

__all__ = ["AgeLimits", "missing", "stale"]

_KEYS: Final = {
    "quote": "quote",
    "option quote": "option",
    "index": "index",
    "order book": "ladder",
    "lending index": "lending",
    "staking rate": "staking",
    "share rate": "share",
    "power perpetual's state": "power",
    "funding rate": "funding",
}


class AgeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How old an input may be before it counts as missing. Defaults: fault matrix, live desk.

    An oracle may be as old as its own heartbeat times `oracle_heartbeat_frac`.
    """

    quote_ns_max: int = 5 * SECOND_NS
    option_ns_max: int = 5 * SECOND_NS
    index_ns_max: int = 3 * SECOND_NS
    ladder_ns_max: int = 5 * SECOND_NS
    lending_ns_max: int = 60 * SECOND_NS
    staking_ns_max: int = 24 * HOUR_NS
    share_ns_max: int = 24 * HOUR_NS
    power_ns_max: int = 60 * SECOND_NS
    funding_ns_max: int = 9 * HOUR_NS
    account_ns_max: int = 15 * SECOND_NS
    oracle_heartbeat_frac: float = 1.2


def missing(subject: str, what: str, *, time_ns: int) -> Failure:
    """Say that an input never came."""
    return Failure(
        subject=subject,
        reason="missing_data",
        message=f"no {what} for {subject} by {format_ns(time_ns)}",
    )


def stale(subject: str, what: str, *, age_ns: int, limit_ns: int) -> Failure:
    """Say that an input is too old, and which key of the desk file says so.

    An oracle's limit goes by its heartbeat, and has none.
    """
    key = _KEYS.get(what)
    return Failure(
        subject=subject,
        reason="stale_data",
        message=f"{what} for {subject} is {age_ns / SECOND_NS:.0f} s old, "
        f"the limit is {limit_ns / SECOND_NS:.0f} s{'' if key is None else f' (ages.{key})'}",
    )
