"""What enters the margin room and what leaves it: a rulebook, a requirement that explains itself.

Every venue's rulebook is a tagged struct on the base here (`margin.venues`), and decides which
engine is asked; every engine ends in `report_of`, or in `unsupported` where its rulebook does not
cover what is held.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.instruments import Instrument
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = [
    "Confidence",
    "Evidence",
    "MarginLine",
    "MarginReport",
    "Require",
    "Rulebook",
    "WorstScenario",
    "beyond_digits",
    "confidence_of",
    "report_of",
    "unsupported",
    "weaker",
]

# A report adds its lines in Decimals of so many digits; more would be rounded on the way.
_DIGITS = 28
# exact: certified against the venue's own cases. reconciled: agrees with the live account within a
# stated residual. estimate: anything less; on its own, an agent may only reduce risk upon it. The
# agent there is does nothing else: its hedges shrink a delta, its transfers add margin.
Confidence: TypeAlias = Literal["exact", "reconciled", "estimate"]
# How well one rule is known. V: reproduced to the digit against published figures. R: reproduced
# against the source code. D: stated in a document of the venue. S: from a third party only.
# U: not verified.
Evidence: TypeAlias = Literal["V", "R", "D", "S", "U"]
_WEAKNESS: Final[Mapping[Evidence, int]] = {"V": 0, "R": 1, "D": 2, "S": 3, "U": 4}


class Rulebook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every rulebook says of itself; a venue's own adds its figures and the tag of its kind.

    It holds from the first moment of `as_of` (a day, UTC) until the next one of its venue does.
    `evidence` is by the rule's name; a rule that is not named there is unverified.
    """

    name: str
    venue: str
    source: str
    as_of: str
    confidence: Confidence
    confidence_note: str
    evidence: dict[str, Evidence] = {}

    def known(self, rule: str) -> Evidence:
        """Say how well a rule is known; untold is unverified."""
        return self.evidence.get(rule, "U")


class MarginLine(msgspec.Struct, frozen=True, kw_only=True):
    """One addend: which rule, on what, how much.

    `detail` lets a calculator repeat it: a first expression that gives the amount, then, after
    semicolons, where each of its numbers comes from (``number = expression``) or a remark. Powers
    are written ``^``, sizes ``|…|``; ``max``, ``min``, ``bps`` and ``ppm`` are as read, and
    ``up(x, step)`` and ``down(x, step)`` round. ``initial`` goes before what gives the initial
    amount, where that is another; a line of nothing else begins with it.
    ``put(F …, K …, vol …, years …)`` and ``call(…)`` are values by Black's formula
    in dollars a coin, undiscounted, and ``delta of`` one is by the forward.
    `amount_initial_ccy` is what the same rule adds to the initial requirement; None on a line that
    is no part of a requirement. `evidence` is how well the rule is known; untold is unverified.
    `evidence_initial` is how well the rule is known that gives the initial amount, where that is
    another one; None where it is known as `evidence` says.
    """

    rule: str
    subject: str
    amount_ccy: Decimal
    detail: str = ""
    amount_initial_ccy: Decimal | None = None
    evidence: Evidence = "U"
    evidence_initial: Evidence | None = None


class WorstScenario(msgspec.Struct, frozen=True, kw_only=True):
    """Which cell of a scan lost most. People ask *which* before *how much*.

    The move is that of `coin`'s price: of several coins, of the one that loses most in it. A linear
    or abs shock moves vols by their strike: the skew, or the wings.
    """

    scenario_index: int
    coin: str
    price_move_frac: Decimal
    vol_shock: Literal["up", "same", "down", "linear", "abs"]
    profit_ccy: Decimal


class MarginReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one account must hold and what counts towards it, both in `currency`.

    `equity_ccy` is what the venue sets against the requirement: margin balance on exchanges,
    collateral · liquidation threshold on lending protocols. The account is liquidatable as soon as
    equity is below the maintenance requirement. `health_wad` is the health factor of a lending
    protocol that has one, rounded as the protocol rounds it; None elsewhere, and without debt.
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
    health_wad: int | None = None

    def __post_init__(self) -> None:
        # Our own bug if these do not add up, hence an assertion-like error and not a Failure.
        for lines, total, what in (
            (self.lines, self.requirement_maintenance_ccy, "requirement_maintenance_ccy"),
            (self.equity_lines, self.equity_ccy, "equity_ccy"),
        ):
            added = sum([line.amount_ccy for line in lines], Decimal(0))
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


def weaker(one: Evidence, other: Evidence) -> Evidence:
    """Give the less known of two."""
    return one if _WEAKNESS[one] >= _WEAKNESS[other] else other


def report_of(
    account: Account,
    rulebook: Rulebook,
    time_ns: int,
    *,
    currency: str,
    lines: Iterable[MarginLine],
    equity_lines: Iterable[MarginLine],
    used: Iterable[Evidence] = (),
    worst_scenario: WorstScenario | None = None,
    health_wad: int | None = None,
) -> MarginReport:
    """Add an engine's lines up to a report.

    Parameters
    ----------
    currency
        What every line is counted in.
    lines
        Each with the initial requirement it adds beside the maintenance.
    used
        Evidence of rules that took part and have no line of their own.
    health_wad
        What the protocol's own arithmetic gives, where it has a health factor.
    """
    needed, counted = tuple(lines), tuple(equity_lines)
    every = (*needed, *counted)
    initial = [line.evidence_initial for line in needed if line.evidence_initial is not None]
    evidence = (*(line.evidence for line in every), *initial, *used)
    return MarginReport(
        account_id=account.account_id,
        rulebook=rulebook.name,
        currency=currency,
        time_ns=time_ns,
        confidence=confidence_of(rulebook.confidence, evidence),
        equity_ccy=sum([line.amount_ccy for line in counted], Decimal(0)),
        requirement_maintenance_ccy=sum([line.amount_ccy for line in needed], Decimal(0)),
        requirement_initial_ccy=sum(
            (line.amount_initial_ccy or Decimal(0) for line in needed), Decimal(0)
        ),
        lines=needed,
        equity_lines=counted,
        worst_scenario=worst_scenario,
        health_wad=health_wad,
    )


def unsupported(account: Account, message: str) -> Failure:
    """Refuse an account that its rulebook does not cover: a requirement would look too small."""
    return Failure(subject=account.account_id, reason="unsupported", message=message)


class Counts(Protocol):
    """What a rulebook says of balances; see `hedgerow.margin.engine.VenueTerms`."""

    def reads_owed(self, asset: str, currency: str) -> bool:
        """Say whether a negative balance is set against the requirement, or silently left out."""


def beyond_digits(account: Account, *totals_raw: int) -> Failure | None:
    """Refuse amounts with more digits than a report adds up exactly."""
    most = max(totals_raw, default=0)
    if most < 10**_DIGITS:
        return None
    return unsupported(
        account, f"an amount of {most} smallest units has more than {_DIGITS} digits"
    )


class Answers(Protocol):
    """Whoever answers for one kind of rulebook; see `hedgerow.margin.engine.Engine`."""

    @property
    def require(
        self,
    ) -> Callable[[Account, Mapping[str, Instrument], Snapshot, Any], Outcome[MarginReport]]:
        """Give the requirement under a rulebook of this kind."""

    @property
    def terms(self) -> Callable[[Any], Counts]:
        """Give what a rulebook of this kind says beside the requirement."""

    @property
    def knows_orders(self) -> bool:
        """Whether it asks margin for orders that rest."""


class Require:
    """Asks the engine of an account's rulebook what the account must hold.

    The house asks the one made of the registry, `hedgerow.margin.require`.
    """

    def __init__(self, engines: Mapping[type[Rulebook], Answers]) -> None:
        self._engines = engines

    def __call__(
        self,
        account: Account,
        instruments: Mapping[str, Instrument],
        snapshot: Snapshot,
        rulebook: Rulebook,
    ) -> Outcome[MarginReport]:
        """Give an account's requirement under a rulebook.

        Parameters
        ----------
        instruments
            Terms by id, of every position held and every order that rests.

        Returns
        -------
        MarginReport or Failure
            A Failure as soon as one input is missing, stale or outside what a model can take, or
            one position is of a kind the rulebook does not cover, or orders rest for which it has
            no rule, or something is owed that it does not count: a requirement without them would
            look too small.
        """
        engine = self._engines[type(rulebook)]
        for position in account.positions:
            if position.instrument_id not in instruments:
                return unsupported(account, f"no terms of {position.instrument_id}, which is held")
        for order in account.orders:
            if not engine.knows_orders:
                return unsupported(
                    account,
                    f"{rulebook.name} has no rule for open orders, and one rests in "
                    f"{order.instrument_id}; in Python, hedgerow.margin.worst_fills says what they "
                    "may lead to",
                )
            if order.instrument_id not in instruments:
                return unsupported(
                    account, f"no terms of {order.instrument_id}, in which an order rests"
                )
        try:
            report = engine.require(account, instruments, snapshot, rulebook)
        except OutOfDomain as bad:
            subject = _out_of_domain(engine, account, instruments, snapshot, rulebook)
            return Failure(subject=subject, reason="unsupported", message=f"{subject}: {bad}")
        if isinstance(report, Failure):
            return report
        for asset in dict.fromkeys(each.asset for each in account.balances):
            owed_coin = -account.balance_coin(asset)
            if owed_coin > 0 and not engine.terms(rulebook).reads_owed(asset, account.currency):
                return unsupported(
                    account,
                    f"{owed_coin} {asset} are owed, and {rulebook.name} does not count {asset} in "
                    f"an account kept in {account.currency}",
                )
        return report


def _out_of_domain(
    engine: Answers,
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
) -> str:
    """Name the first instrument that no model can take alone either; the account if there is none.

    Columns of many positions are refused by their row, and only by themselves do rows have names.
    """
    bare = msgspec.structs.replace(account, positions=(), orders=())
    alone = [
        *(
            (e.instrument_id, msgspec.structs.replace(bare, positions=(e,)))
            for e in account.positions
        ),
        *((e.instrument_id, msgspec.structs.replace(bare, orders=(e,))) for e in account.orders),
    ]
    for name, part in alone:
        try:
            engine.require(part, instruments, snapshot, rulebook)
        except OutOfDomain:
            return name
    return account.account_id
