"""What an account must hold, under which rulebook.

An account, a snapshot and a rulebook enter; a `MarginReport` leaves whose lines add up to its
requirement to the last digit. An input that is missing makes the whole requirement a `Failure`: the
room refuses to give a number that might be too small.
"""

from hedgerow.margin.records import (
    Confidence,
    Evidence,
    MarginLine,
    MarginReport,
    WorstScenario,
    confidence_of,
)
from hedgerow.margin.require import require
from hedgerow.margin.rulebook import (
    RULES,
    LendingReserve,
    LendingRulebook,
    Rulebook,
    ScanRulebook,
    Tier,
    TieredRulebook,
    decode_rulebook,
)

__all__ = [
    "RULES",
    "Confidence",
    "Evidence",
    "LendingReserve",
    "LendingRulebook",
    "MarginLine",
    "MarginReport",
    "Rulebook",
    "ScanRulebook",
    "Tier",
    "TieredRulebook",
    "WorstScenario",
    "confidence_of",
    "decode_rulebook",
    "require",
]
