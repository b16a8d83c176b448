"""What leaves the margin room: a requirement that explains itself."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "Confidence",
    "Evidence",
    "MarginLine",
    "MarginReport",
    "WorstScenario",
    "confidence_of",
]

# exact: certified against the venue's own cases. reconciled: agrees with the live account within a
# stated residual. estimate: anything less; on its own, an agent may only reduce risk upon it. The
# agent there is does nothing else: its hedges shrink a delta, its transfers add margin.
Confidence: TypeAlias = Literal["exact", "reconciled", "estimate"]
# How well one rule is known. V: reproduced to the digit against published figures. R: reproduced
# against the source code. D: stated in a document of the venue. S: from a third party only.
# U: not verified.
Evidence: TypeAlias = Literal["V", "R", "D", "S", "U"]


class MarginLine(msgspec.Struct, frozen=True, kw_only=True):
    """One addend: which rule, on what, how much. `detail` lets a calculator repeat it.

    `amount_initial_ccy` is what the same rule adds to the initial requirement; None on a line that
    is no part of a requirement. `evidence` is how well the rule is known; untold is unverified.
    """

    rule: str
    subject: str
    amount_ccy: Decimal
    detail: str = ""
    amount_initial_ccy: Decimal | None = None
    evidence: Evidence = "U"


class WorstScenario(msgspec.Struct, frozen=True, kw_only=True):
    """Which cell of a scan lost most. People ask *which* before *how much*."""

    scenario_index: int
    price_move_frac: Decimal
    vol_shock: Literal["up", "same", "down"]
    profit_ccy: Decimal


class MarginReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one account must hold and what counts towards it, both in `currency`.

    `equity_ccy` is what the venue sets against the requirement: margin balance on exchanges,
    collateral · liquidation threshold on lending protocols. The account is liquidatable as soon as
    equity is below the maintenance requirement.
    """

    account_id: str
    rulebook: str
    currency: str
    time_ns: int
    confidence: Confidence
    equity_ccy: Decimal
    requirement_maintenance_ccy: Decimal
    requirement_initial_ccy: Decimal
    lines: tuple[MarginLine, ...]
    equity_lines: tuple[MarginLine, ...]
    worst_scenario: WorstScenario | None = None

    def __post_init__(self) -> None:
        # Our own bug if these do not add up, hence an assertion-like error and not a Failure.
        for lines, total, what in (
            (self.lines, self.requirement_maintenance_ccy, "requirement_maintenance_ccy"),
            (self.equity_lines, self.equity_ccy, "equity_ccy"),
        ):
            added = sum((line.amount_ccy for line in lines), Decimal(0))
            if added != total:
                raise ValueError(
                    f"{self.account_id}: {what} is {total} but its lines add up to {added}"
                )
        initials = [line.amount_initial_ccy for line in self.lines]
        if any(each is not None for each in initials):
            added = sum((each or Decimal(0) for each in initials), Decimal(0))
            if added != self.requirement_initial_ccy:
                raise ValueError(
                    f"{self.account_id}: requirement_initial_ccy is {self.requirement_initial_ccy} "
                    f"but its lines add up to {added}"
                )

    @property
    def headroom_ccy(self) -> Decimal:
        """Equity above the maintenance requirement; negative when liquidatable."""
        return self.equity_ccy - self.requirement_maintenance_ccy

    @property
    def use_frac(self) -> Decimal | None:
        """Requirement over equity; None (unknown, not safe) when equity is not positive.

        An account that needs nothing and owes nothing uses nothing.
        """
        if self.requirement_maintenance_ccy == 0 and self.equity_ccy >= 0:
            return Decimal(0)
        if self.equity_ccy <= 0:
            return None
        return self.requirement_maintenance_ccy / self.equity_ccy

    @property
    def is_liquidatable(self) -> bool:
        """Whether the venue may act now."""
        return self.equity_ccy < self.requirement_maintenance_ccy


def confidence_of(best: Confidence, used: Iterable[Evidence]) -> Confidence:
    """Say how far a requirement may be trusted: no further than the least known rule it used.

    Parameters
    ----------
    best
        What the rulebook says of itself, parameters included.
    used
        The evidence of every rule that took part.
    """
    return best if all(each == "V" for each in used) else "estimate"
