"""What do we allow?

Limits that a person set, exposures, margin reports and distances enter; the state of every limit
leaves, worst first, and the breaches among them. Something missing under a limited node is a breach
of its own kind: the room refuses to call an unknown number safe.
"""

from hedgerow.limits.records import Breach, Limit, LimitState, Metric, Rung, Side

__all__ = ["Breach", "Limit", "LimitState", "Metric", "Rung", "Side"]
