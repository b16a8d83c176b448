"""hedgerow's own portfolio margin: joint scenarios of all factors, full revaluation, offsets shown.

A book, a snapshot, joint scenarios and a `PortfolioModel` enter; a `PortfolioReport` or a
`Comparison` leaves. It is an estimate of ours, no venue's rule.
"""

from hedgerow.margin.portfolio.columns import AccountScans, scan_accounts, scans_of
from hedgerow.margin.portfolio.compare import Comparison, Form, FormRow, compare
from hedgerow.margin.portfolio.legs import Legs, legs_of
from hedgerow.margin.portfolio.model import PortfolioModel
from hedgerow.margin.portfolio.need import Crowding, Need, TailLoss, crowding, need, tail_weights
from hedgerow.margin.portfolio.offsets import Offset, OffsetOf
from hedgerow.margin.portfolio.require import PortfolioReport, require_portfolio, require_together
from hedgerow.margin.portfolio.revalue import Worth, factors_of, worth_of

__all__ = [
    "AccountScans",
    "Comparison",
    "Crowding",
    "Form",
    "FormRow",
    "Legs",
    "Need",
    "Offset",
    "OffsetOf",
    "PortfolioModel",
    "PortfolioReport",
    "TailLoss",
    "Worth",
    "compare",
    "crowding",
    "factors_of",
    "legs_of",
    "need",
    "require_portfolio",
    "require_together",
    "scan_accounts",
    "scans_of",
    "tail_weights",
    "worth_of",
]
