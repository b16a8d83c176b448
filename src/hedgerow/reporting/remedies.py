"""What a desk file may say where an input or a rule is missing: the tables that bring it."""

import re
from typing import Final

from hedgerow.errors import Failure

__all__ = ["INTO_A_COPY", "with_remedy"]

# By what is missing, as `market.ages.missing` calls it; `key` is what it is missing for, as TOML
# writes it. A pair of market and asset has two parts.
_REMEDIES: Final = {
    "oracle answer": "name its rounds in [recording] oracle_rounds, or assume a feed in "
    "[assumptions.oracle.{key}]; that of a staked or wrapped coin in "
    "[assumptions.staking.{key}] with a heartbeat",
    "staking rate": "assume one in [assumptions.staking.{key}]",
    "share rate": "assume one in [assumptions.share.{key}]",
    "lending index": "assume its rates in [assumptions.lending.{key}]",
    "quote": "name in [recording] what brings its price by then (perpetuals or marks, "
    "dated_futures, perpetual_quotes), or lengthen warmup in [desk]",
    "option quote": "name in [recording] options a folder of chains that list it by then, or "
    "lengthen warmup in [desk]",
    "index": "name in [recording] what brings its price by then (options, or without them spot or "
    "perpetuals); list a dollar coin in [dollars]",
    "funding rate": "name its settlements in [recording] funding",
    "power perpetual's state": "name its states in [recording] power_perpetuals",
    "order book": "name it in [recording] books, or assume a depth in [assumptions.depth]",
}
INTO_A_COPY: Final = (
    "into a copy of the rulebook, at VENUE/DAY.toml in the folder that rulebooks in [desk] names"
)
# What a rulebook has no figures for, as its engine says it.
_UNWRITTEN: Final = {
    "no tiers for ": f"write them {INTO_A_COPY}",
    "no discount for ": f"write its tiers {INTO_A_COPY} (docs/venues/okx.md)",
    " knows the discount of ": f"write its tiers {INTO_A_COPY} (docs/venues/okx.md)",
}

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def with_remedy(failure: Failure) -> str:
    """Give the message of a failure, and what to write into the desk file where that would help."""
    if failure.reason == "unsupported":
        for words, remedy in _UNWRITTEN.items():
            if words in failure.message:
                return f"{failure.message}; {remedy}"
    if failure.reason != "missing_data":
        return failure.message
    for what, remedy in _REMEDIES.items():
        begins = f"no {what} for "
        if failure.message.startswith(begins):
            # From the message: a margin report's subject is the instrument that lacks the input.
            named = failure.message.removeprefix(begins).rpartition(" by ")[0]
            return f"{failure.message}; {remedy.format(key=_key(named))}"
    return failure.message


def _key(named: str) -> str:
    """Write names as a dotted key of TOML; one that is no bare key stands in quotes."""
    parts = (each if _BARE.fullmatch(each) else f'"{each}"' for each in named.split(" "))
    return ".".join(parts)
