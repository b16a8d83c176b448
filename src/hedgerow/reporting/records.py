"""What leaves the reporting room besides text: the same summary for page, terminal and JSON."""

from decimal import Decimal

import msgspec

__all__ = [
    "AccountDay",
    "DailyRow",
    "EpisodeSummary",
    "LiquidatedAccount",
    "NearestDistance",
    "WorstUse",
]


class WorstUse(msgspec.Struct, frozen=True, kw_only=True):
    """The highest requirement over equity among accounts and frames, and whose it was.

    `use_frac_max` is None where no use is known, and where `is_exhausted`: a requirement stands
    against no equity at all, which is worse than any number. `unknown_count` counts the frames of
    accounts whose use could not be told; they are not in the maximum.
    """

    account_id: str | None
    use_frac_max: float | None
    is_exhausted: bool
    unknown_count: int


class NearestDistance(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest move of the joint spot that makes some account liquidatable; negative is a fall.

    `distance_frac` is None with `is_known` True where no move of the searched range does, and None
    with `is_known` False where nothing could be computed. `unknown_count` counts the frames of
    accounts without an answer; any of them may have been nearer.
    """

    account_id: str | None
    distance_frac: float | None
    is_known: bool
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
    the first frame; None where either end is unknown.
    """

    date: str
    equity_usd: float | None
    pnl_usd: float | None
    use: WorstUse
    distance: NearestDistance
    accounts: tuple[AccountDay, ...]
    actions_count: int
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


class EpisodeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An episode in one row. Costs and fees are positive when paid, funding when received.

    Costs of actions are those the actions report; fees and funding are all the desk paid and
    received, those of its actions included, so the two are not to be added.
    `incomplete_count` counts frames in which something was missing.
    """

    name: str
    with_hedgerow: bool
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
    funding_usd: float
    actions_count: int
    hedges_count: int
    transfers_count: int
    rejected_count: int
    unresolved_count: int
    cost_hedges_usd: float
    cost_transfers_usd: float
    cost_actions_usd: float
    liquidated: tuple[LiquidatedAccount, ...]
    loss_liquidation_usd: Decimal
    alerts_count: int
    use: WorstUse
    distance: NearestDistance
