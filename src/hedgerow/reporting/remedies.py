"""What a desk file may say where an input never came: the tables that bring it or assume it."""

from typing import Final

from hedgerow.errors import Failure

__all__ = ["with_remedy"]

# By what is missing, as `market.ages.missing` calls it. A pair of market and asset has two parts.
_REMEDIES: Final = {
    "oracle answer": "name its rounds in [recording] oracle_rounds, or assume a feed in "
    "[assumptions.oracle.{subject}]; that of a staked or wrapped coin in "
    "[assumptions.staking.{subject}] with a heartbeat",
    "staking rate": "assume one in [assumptions.staking.{subject}]",
    "share rate": "assume one in [assumptions.share.{subject}]",
    "lending index": "assume its rates in [assumptions.lending.{subject}]",
}


def with_remedy(failure: Failure) -> str:
    """Give the message of a failure, and what to write into the desk file where that would help."""
    if failure.reason != "missing_data":
        return failure.message
    for what, remedy in _REMEDIES.items():
        if failure.message.startswith(f"no {what} for "):
            key = failure.subject.replace(" ", ".")
            return f"{failure.message}; {remedy.format(subject=key)}"
    return failure.message
