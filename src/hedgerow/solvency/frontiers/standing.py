"""How an account stands, in one row; and two such rows side by side."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from hedgerow.margin import Confidence, Leg, MarginReport
from hedgerow.solvency.records import Distance

__all__ = ["Standing", "StandingChange", "WhatIf", "compared", "standing"]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Requirement, equity, and how near the venue is to acting.

    `use_frac` is None where equity is not positive; a distance is None where no breach lies within
    the range that `Distance` searches.
    """

    requirement_maintenance_ccy: Decimal
    requirement_initial_ccy: Decimal
    equity_ccy: Decimal
    headroom_ccy: Decimal
    use_frac: Decimal | None
    distance_down_frac: float | None
    distance_up_frac: float | None
    is_liquidatable: bool
    confidence: Confidence


class StandingChange(msgspec.Struct, frozen=True, kw_only=True):
    """After less before; None where one of the two is."""

    requirement_maintenance_ccy: Decimal
    requirement_initial_ccy: Decimal
    equity_ccy: Decimal
    headroom_ccy: Decimal
    use_frac: Decimal | None
    distance_down_frac: float | None
    distance_up_frac: float | None


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """One account before and after its legs.

    `marks_ccy` are the legs' marks in their order, in the unit of their prices: what a leg's price
    is away from its mark changes equity at once. None where a mark is not known.
    """

    account_id: str
    rulebook: str
    currency: str
    legs: tuple[Leg, ...]
    marks_ccy: tuple[float | None, ...]
    before: Standing
    after: Standing
    change: StandingChange


def standing(report: MarginReport, distance: Distance) -> Standing:
    """Put a requirement and a distance of one account into one row."""
    return Standing(
        requirement_maintenance_ccy=report.requirement_maintenance_ccy,
        requirement_initial_ccy=report.requirement_initial_ccy,
        equity_ccy=report.equity_ccy,
        headroom_ccy=report.headroom_ccy,
        use_frac=report.use_frac,
        distance_down_frac=distance.down_frac,
        distance_up_frac=distance.up_frac,
        is_liquidatable=report.is_liquidatable,
        confidence=report.confidence,
    )


def compared(
    report: MarginReport,
    legs: Sequence[Leg],
    marks_ccy: Sequence[float | None],
    before: Standing,
    after: Standing,
) -> WhatIf:
    """Set two standings of the account of `report` side by side; each leg has a mark or None."""
    return WhatIf(
        account_id=report.account_id,
        rulebook=report.rulebook,
        currency=report.currency,
        legs=tuple(legs),
        marks_ccy=tuple(marks_ccy),
        before=before,
        after=after,
        change=StandingChange(
            requirement_maintenance_ccy=after.requirement_maintenance_ccy
            - before.requirement_maintenance_ccy,
            requirement_initial_ccy=after.requirement_initial_ccy - before.requirement_initial_ccy,
            equity_ccy=after.equity_ccy - before.equity_ccy,
            headroom_ccy=after.headroom_ccy - before.headroom_ccy,
            use_frac=None
            if before.use_frac is None or after.use_frac is None
            else after.use_frac - before.use_frac,
            distance_down_frac=_less(after.distance_down_frac, before.distance_down_frac),
            distance_up_frac=_less(after.distance_up_frac, before.distance_up_frac),
        ),
    )


def _less(after_frac: float | None, before_frac: float | None) -> float | None:
    return None if after_frac is None or before_frac is None else after_frac - before_frac
