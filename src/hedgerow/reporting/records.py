"""What leaves the reporting room besides text: the same summary for page, terminal and JSON."""

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from hedgerow.limits import Toward

__all__ = [
    "AccountDay",
    "AccountGap",
    "DailyRow",
    "EpisodeSummary",
    "LimitTrouble",
    "LiquidatedAccount",
    "NearestDistance",
    "Outcome",
    "WorstUse",
]

# survived: nobody was liquidated, and every account could be judged in every frame. not liquidated:
# the same, but for a short stretch. unknown: nobody is known to have been liquidated.
Outcome: TypeAlias = Literal["liquidated", "survived", "not liquidated", "unknown"]


class WorstUse(msgspec.Struct, frozen=True, kw_only=True):
    """The highest requirement over equity among accounts and frames, and whose it was.

    Liquidations count, with the use at which the venue acted; `is_liquidated` says that the worst
    use is one of those. `use_frac_max` is None where no use is known, and where `is_exhausted`: a
    requirement stands against no equity at all, which is worse than any number. `unknown_count`
    counts the frames of accounts whose use could not be told; they are not in the maximum.
    """

    account_id: str | None
    use_frac_max: float | None
    is_exhausted: bool
    is_liquidated: bool
    unknown_count: int


class NearestDistance(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest move of the joint spot that makes some account liquidatable; negative is a fall.

    It is zero where an account was liquidated, which `is_liquidated` says. `distance_frac` is None
    with `is_known` True where no move of the searched range does, and None with `is_known` False
    where nothing could be computed. `unknown_count` counts the frames of accounts without an
    answer; any of them may have been nearer.
    """

    account_id: str | None
    distance_frac: float | None
    is_known: bool
    is_liquidated: bool
    unknown_count: int


class AccountDay(msgspec.Struct, frozen=True, kw_only=True):
    """One account over one UTC day; equity and requirement are those of its last frame."""

    account_id: str
    venue: str
    currency: str
    confidence: str
    equity_ccy: float | None
    requirement_ccy: float | None
    use: WorstUse
    distance: NearestDistance


class DailyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One UTC day of an episode.

    `pnl_usd` is the change of desk equity since the end of the day before, on the first day since
    the start of the episode; None where either end is unknown. Actions are those that were sent.
    """

    date: str
    equity_usd: float | None
    pnl_usd: float | None
    use: WorstUse
    distance: NearestDistance
    accounts: tuple[AccountDay, ...]
    actions_count: int
    proposals_count: int
    cost_usd: float
    liquidations_count: int
    loss_liquidation_usd: Decimal
    incomplete_count: int


class LiquidatedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Every liquidation of one account, added up. The loss is penalty and slippage."""

    account_id: str
    venue: str
    time_first_ns: int
    liquidations_count: int
    loss_usd: Decimal


class AccountGap(msgspec.Struct, frozen=True, kw_only=True):
    """When one account could not be judged: its use or its distance was unknown.

    `unknown_count` of `frames_count` frames, from the first to the last of them. `length_ns` adds
    up every stretch, each until the frame that knew again.
    """

    account_id: str
    unknown_count: int
    frames_count: int
    stretches_count: int
    time_first_ns: int
    time_last_ns: int
    length_ns: int
    reason: str


class LimitTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """One limit on one node that was broken, or could not be judged, at least once.

    `frames_count` counts frames. A liquidation of the account breaks the limits on it too, at the
    use that the venue saw and at no distance, and falls between two frames: where one was worst,
    `is_liquidated`. `value_worst_frac_usd_or_coin` is the worst of them all, signed as the limit's
    value is; None where none was known, or no equity was left. `message` is the worst's; of a limit
    that could not be judged it is the last of the most frequent kind, as of an `AccountGap`.
    """

    node: str
    metric: str
    rung: Literal["hard", "unknown"]
    hard_frac_usd_or_coin: float
    frames_count: int
    value_worst_frac_usd_or_coin: float | None
    time_first_ns: int
    time_last_ns: int
    is_at_end: bool
    message: str
    is_liquidated: bool = False
    toward: Toward = ""


class EpisodeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An episode in one row. Costs and fees are positive when paid, funding when received.

    Costs of actions are those the actions report; fees and funding are all the desk paid and
    received, those of its actions included, so the two are not to be added. Actions are those that
    were sent; proposals are counted apart and cost nothing.
    `incomplete_count` counts frames in which something was missing; `undone_steps_count` the steps
    in which something a plan wanted could not be done, at least.
    """

    name: str
    label: str
    with_hedgerow: bool
    mode: str | None
    outcome: Outcome
    verdict: str
    time_start_ns: int | None
    time_end_ns: int | None
    frames_count: int
    events_count: int
    incomplete_count: int
    equity_start_usd: float | None
    equity_end_usd: float | None
    equity_lowest_usd: float | None
    pnl_usd: float | None
    fees_usd: float
    funding_usd: float | None
    actions_count: int
    hedges_count: int
    transfers_count: int
    rejected_count: int
    unresolved_count: int
    proposals_count: int
    cost_hedges_usd: float
    cost_transfers_usd: float
    cost_actions_usd: float
    liquidated: tuple[LiquidatedAccount, ...]
    loss_liquidation_usd: Decimal
    alerts_count: int
    undone_steps_count: int
    gaps: tuple[AccountGap, ...]
    limits_broken: tuple[LimitTrouble, ...]
    limits_unknown: tuple[LimitTrouble, ...]
    use: WorstUse
    distance: NearestDistance
