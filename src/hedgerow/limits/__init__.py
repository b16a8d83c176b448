"""What do we allow?

Limits that a person set, exposures, margin reports and distances enter; the state of every limit
leaves, worst first, and the breaches among them. Something missing under a limited node is a breach
of its own kind: the room refuses to call an unknown number safe.
"""

from hedgerow.limits.judge import breaches, judge
from hedgerow.limits.records import METRICS, Breach, Limit, LimitState, Metric, Rung, Side
from hedgerow.limits.survey import Survey, account_node, survey

__all__ = [
    "METRICS",
    "Breach",
    "Limit",
    "LimitState",
    "Metric",
    "Rung",
    "Side",
    "Survey",
    "account_node",
    "breaches",
    "judge",
    "survey",
]
