"""What an account must hold, under which rulebook.

An account, a snapshot and a rulebook enter; a `MarginReport` leaves whose lines add up to its
requirement to the last digit. An input that is missing makes the whole requirement a `Failure`: the
room refuses to give a number that might be too small.
"""

from hedgerow.margin.records import Confidence, MarginLine, MarginReport, WorstScenario
from hedgerow.margin.require import require
from hedgerow.margin.rulebook import (
    LendingReserve,
    LendingRulebook,
    Rulebook,
    ScanRulebook,
    Tier,
    TieredRulebook,
    decode_rulebook,
)

__all__ = [
    "Confidence",
    "LendingReserve",
    "LendingRulebook",
    "MarginLine",
    "MarginReport",
    "Rulebook",
    "ScanRulebook",
    "Tier",
    "TieredRulebook",
    "WorstScenario",
    "decode_rulebook",
    "require",
]
