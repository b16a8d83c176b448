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
    mistakes_of,
)
from hedgerow.margin.rulebook_check import rulebook_mistakes
from hedgerow.margin.rulebook_dates import in_force
from hedgerow.margin.rulebook_diff import Difference, differences
from hedgerow.margin.what_if import Leg, what_if, with_leg, with_legs

__all__ = [
    "RULES",
    "Confidence",
    "Difference",
    "Evidence",
    "Leg",
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
    "differences",
    "in_force",
    "mistakes_of",
    "require",
    "rulebook_mistakes",
    "what_if",
    "with_leg",
    "with_legs",
]
