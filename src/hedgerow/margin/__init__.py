"""What an account must hold, under which rulebook.

An account, a snapshot and a rulebook enter; a `MarginReport` leaves whose lines add up to its
requirement to the last digit. An input that is missing makes the whole requirement a `Failure`: the
room refuses to give a number that might be too small.
"""

from hedgerow.margin.engine import Charges, Engine, VenueTerms
from hedgerow.margin.fills import WorstFills
from hedgerow.margin.legs import Leg, with_leg, with_legs
from hedgerow.margin.records import (
    Confidence,
    Evidence,
    MarginLine,
    MarginReport,
    Rulebook,
    WorstScenario,
    confidence_of,
)
from hedgerow.margin.require import require
from hedgerow.margin.rulebook import RULES, decode_rulebook, mistakes_of
from hedgerow.margin.rulebook_check import rulebook_mistakes
from hedgerow.margin.rulebook_dates import in_force
from hedgerow.margin.rulebook_diff import Difference, differences
from hedgerow.margin.tiered import Tier
from hedgerow.margin.venues import terms_of
from hedgerow.margin.venues.aave import LendingReserve, LendingRulebook
from hedgerow.margin.venues.binance import TieredRulebook
from hedgerow.margin.venues.deribit import ScanRulebook
from hedgerow.margin.what_if import what_if
from hedgerow.margin.worst_fills import worst_fills

__all__ = [
    "RULES",
    "Charges",
    "Confidence",
    "Difference",
    "Engine",
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
    "VenueTerms",
    "WorstFills",
    "WorstScenario",
    "confidence_of",
    "decode_rulebook",
    "differences",
    "in_force",
    "mistakes_of",
    "require",
    "rulebook_mistakes",
    "terms_of",
    "what_if",
    "with_leg",
    "with_legs",
    "worst_fills",
]
