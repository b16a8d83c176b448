"""What do we allow?

Limits that a person set, exposures, margin reports and distances enter; the state of every limit
leaves, worst first, and the breaches among them. Something missing under a limited node is a breach
of its own kind, and so is a limit that nobody renewed: the room refuses to call an unknown number
safe.

Rungs can be held so that they do not flap (`told_anew`), a trade can be judged before it is made
(`pre_trade`), limits can be suggested from what a person can bear (`suggested`), and accounts that
near their liquidation climb a ladder of calls (`on_ladder`) that only an observation closes.
"""

from hedgerow.limits.arrival import Use, arrived, lending_market
from hedgerow.limits.call_records import (
    LADDER,
    Call,
    CallPolicy,
    CallRoute,
    CallRung,
    OnLadder,
    Receipt,
    Triggers,
    Way,
)
from hedgerow.limits.calls import Look, on_ladder, open_calls
from hedgerow.limits.chance import FirstPassage, distance_at, first_passage_frac, horizon_at
from hedgerow.limits.concentration import KINDS
from hedgerow.limits.evidence import inputs_hash
from hedgerow.limits.hysteresis import CLEAR_FRAC, held, told_anew
from hedgerow.limits.judge import WORST_FIRST, breaches, covers, judge
from hedgerow.limits.loans_held import loan_held_coin
from hedgerow.limits.pretrade import Change, PreTrade, pre_trade
from hedgerow.limits.records import (
    METRICS,
    TRIGGERS,
    USE,
    Appetite,
    Breach,
    Held,
    Key,
    Limit,
    LimitState,
    Metric,
    Rung,
    Side,
    Suggestion,
)
from hedgerow.limits.seen import (
    NOBODY,
    Backing,
    Chance,
    Given,
    Seen,
    Stress,
    Toward,
    account_node,
)
from hedgerow.limits.suggest import suggested
from hedgerow.limits.survey import Survey, survey
from hedgerow.limits.tails import Tails, regime_vols_frac, tailed_passage_frac

__all__ = [
    "CLEAR_FRAC",
    "KINDS",
    "LADDER",
    "METRICS",
    "NOBODY",
    "TRIGGERS",
    "USE",
    "WORST_FIRST",
    "Appetite",
    "Backing",
    "Breach",
    "Call",
    "CallPolicy",
    "CallRoute",
    "CallRung",
    "Chance",
    "Change",
    "FirstPassage",
    "Given",
    "Held",
    "Key",
    "Limit",
    "LimitState",
    "Look",
    "Metric",
    "OnLadder",
    "PreTrade",
    "Receipt",
    "Rung",
    "Seen",
    "Side",
    "Stress",
    "Suggestion",
    "Survey",
    "Tails",
    "Toward",
    "Triggers",
    "Use",
    "Way",
    "account_node",
    "arrived",
    "breaches",
    "covers",
    "distance_at",
    "first_passage_frac",
    "held",
    "horizon_at",
    "inputs_hash",
    "judge",
    "lending_market",
    "loan_held_coin",
    "on_ladder",
    "open_calls",
    "pre_trade",
    "regime_vols_frac",
    "suggested",
    "survey",
    "tailed_passage_frac",
    "told_anew",
]
