"""What an account must hold, under which rulebook.

An account, a snapshot and a rulebook enter; a `MarginReport` leaves whose lines add up to its
requirement to the last digit. An input that is missing makes the whole requirement a `Failure`: the
room refuses to give a number that might be too small.

Docstrings name sections of the sheets that the rules were taken from; what each rests on is listed
in ``docs/reference/sources.md``.
"""

from hedgerow.margin.across import (
    AcrossShocks,
    ByCell,
    Unanswered,
    are_cleared,
    require_across,
)
from hedgerow.margin.engine import Charges, Engine, VenueTerms
from hedgerow.margin.fills import WorstFills
from hedgerow.margin.legs import Leg, are_both_sides_held, mark_ccy, with_leg, with_legs
from hedgerow.margin.reach import LiquidationReach, LoanAmount
from hedgerow.margin.records import (
    Confidence,
    Evidence,
    MarginLine,
    MarginReport,
    Rulebook,
    WorstScenario,
    confidence_of,
)
from hedgerow.margin.rulebook import RULES, decode_rulebook, mistakes_of
from hedgerow.margin.rulebook_check import rulebook_mistakes
from hedgerow.margin.rulebook_dates import begun_in, in_force, rulebooks_at
from hedgerow.margin.rulebook_diff import Difference, differences
from hedgerow.margin.tiered import Tier
from hedgerow.margin.venues import reach_of, require, switch_refusal, terms_of
from hedgerow.margin.venues.aave_rulebook import LendingCategory, LendingReserve, LendingRulebook
from hedgerow.margin.venues.binance import TieredRulebook
from hedgerow.margin.venues.deribit_rulebook import ScanRulebook
from hedgerow.margin.what_if import what_if
from hedgerow.margin.worst_fills import worst_fills

__all__ = [
    "RULES",
    "AcrossShocks",
    "ByCell",
    "Charges",
    "Confidence",
    "Difference",
    "Engine",
    "Evidence",
    "Leg",
    "LendingCategory",
    "LendingReserve",
    "LendingRulebook",
    "LiquidationReach",
    "LoanAmount",
    "MarginLine",
    "MarginReport",
    "Rulebook",
    "ScanRulebook",
    "Tier",
    "TieredRulebook",
    "Unanswered",
    "VenueTerms",
    "WorstFills",
    "WorstScenario",
    "are_both_sides_held",
    "are_cleared",
    "begun_in",
    "confidence_of",
    "decode_rulebook",
    "differences",
    "in_force",
    "mark_ccy",
    "mistakes_of",
    "reach_of",
    "require",
    "require_across",
    "rulebook_mistakes",
    "rulebooks_at",
    "switch_refusal",
    "terms_of",
    "what_if",
    "with_leg",
    "with_legs",
    "worst_fills",
]
