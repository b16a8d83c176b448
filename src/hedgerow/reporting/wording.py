"""The words and units that page, terminal and tables share."""

from hedgerow.limits import METRICS, LimitState, Toward
from hedgerow.reporting.figures import UNKNOWN, amount, percent
from hedgerow.reporting.records import LimitTrouble

__all__ = [
    "ASSUMPTIONS_NONE",
    "LEGEND",
    "RANGE_NOTE",
    "SEARCHED",
    "SIGN_NOTE",
    "bound_value",
    "distance_now",
    "limit_now",
    "limit_value",
    "trouble_value",
    "worst_first",
]

# Rungs are a closed set (limits/records.py), so a new one fails here, loudly.
_SERIOUSNESS = {"hard": 0, "unknown": 1, "expired": 2, "soft": 3, "watch": 4, "calm": 5}

ASSUMPTIONS_NONE = "The run stated no assumptions."

# What solvency/distance.py searches; a test holds the two together.
SEARCHED = "-70 % to +200 %"
SIGN_NOTE = (
    "A distance is the move of all prices that liquidates: a fall is negative, a rise positive. "
    "Bounds of it are its size either way."
)
RANGE_NOTE = f"none in range: no move of all prices from {SEARCHED} makes the account liquidatable."
_FURTHER = "none in range"

# Each word of the report, as docs/glossary.md has it, in the order in which a reader meets them.
LEGEND: tuple[tuple[str, str], ...] = (
    (
        "Equity",
        "What an account is worth at the venue's marks. Against a requirement it is what the venue "
        "itself counts: margin balance on exchanges; collateral times its liquidation threshold on "
        "lending protocols. Desk equity is everything together, in USD.",
    ),
    (
        "Requirement",
        "What the venue's rulebook demands of an account to leave it alone (maintenance). The "
        "account is liquidatable as soon as equity is below it.",
    ),
    ("Use", "Requirement over equity. At 100 % the venue may liquidate."),
    (
        "Distance",
        "How far the prices of all coins may move together, up or down, before an account is "
        "liquidatable, given everything else it holds. -10 % means: a fall of ten per cent. Moves "
        f"from {SEARCHED} are searched; “none in range” means that none of those breaks it.",
    ),
    (
        "Delta",
        "Change of the desk's value in USD if a coin doubled at today's rate of change: the USD "
        "amount of the coin it is in effect long (positive) or short (negative).",
    ),
    ("Gamma", "Change of delta, in USD, for a one per cent move of the coin."),
    ("Vega", "Change of value, in USD, for one point (0.01) of annualised volatility."),
    ("Theta", "Change of value, in USD, as one day passes and nothing else changes."),
    (
        "Costs",
        "What an action cost: fees and slippage of a hedge, fees of a transfer; positive when "
        "paid. Fees are all that the desk paid; funding is positive when received. Both are inside "
        "the profit and loss already.",
    ),
    (
        "Confidence",
        "exact: certified against the venue's own cases. reconciled: agrees with the live account "
        "within a stated residual. estimate: neither; on it an agent may only reduce risk or add "
        "collateral. What a rulebook says of itself concerns its parameters; a requirement is an "
        "estimate under any rulebook where options or carried marks are in it.",
    ),
    (
        "Rungs of a limit",
        "calm, watch (most of the way to soft), soft (a plan is made), hard (broken), unknown "
        "(treated as broken), expired (a person has to renew the limit).",
    ),
    (
        "Unknown",
        "An input was missing or too old, so the number is not shown. It is never zero and never "
        "safe. Charts are hatched where a number is unknown.",
    ),
)


def limit_value(state: LimitState, value: float | None) -> str:
    """Write a value in the unit of a limit's metric."""
    if value is None:
        return UNKNOWN
    if state.metric.endswith("_frac"):
        return percent(value)
    unit = METRICS[state.metric].unit
    return f"{amount(value, unit)} {unit}"


def limit_now(state: LimitState) -> str:
    """Write where a limit stands: a move of prices with its sign."""
    value = state.value_frac_usd_or_coin
    if value is None or not state.toward:
        return limit_value(state, value)
    return distance_now(value, state.toward)


def distance_now(value_frac: float | None, toward: Toward) -> str:
    """Write a distance as the move of all prices that liquidates: a fall is negative."""
    if value_frac is None or not toward:
        return percent(value_frac)
    if toward == "nowhere":
        return _FURTHER
    return percent(-value_frac if toward == "fall" else value_frac, sign=True)


def trouble_value(trouble: LimitTrouble) -> str:
    """Write the worst value of a limit that was broken or unknown; no value is no equity.

    A liquidation left no distance; its use is beyond 100 %, which says enough.
    """
    if trouble.is_liquidated and METRICS[trouble.metric].side == "floor":
        return "liquidated"
    if trouble.value_worst_frac_usd_or_coin is None:
        return UNKNOWN if trouble.rung == "unknown" else trouble.message
    return limit_now(_as_state(trouble))


def bound_value(trouble: LimitTrouble) -> str:
    """Write the hard bound of a limit that was broken."""
    return limit_value(_as_state(trouble), trouble.hard_frac_usd_or_coin)


def _as_state(trouble: LimitTrouble) -> LimitState:
    return LimitState(
        node=trouble.node,
        metric=trouble.metric,
        value_frac_usd_or_coin=trouble.value_worst_frac_usd_or_coin,
        soft_frac_usd_or_coin=trouble.hard_frac_usd_or_coin,
        hard_frac_usd_or_coin=trouble.hard_frac_usd_or_coin,
        rung=trouble.rung,
        message=trouble.message,
        toward=trouble.toward,
    )


def worst_first(states: tuple[LimitState, ...]) -> tuple[LimitState, ...]:
    """Order limit states by how serious they are; equals keep their order."""
    return tuple(sorted(states, key=lambda state: _SERIOUSNESS[state.rung]))
