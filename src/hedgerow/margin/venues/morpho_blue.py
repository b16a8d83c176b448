"""Morpho Blue: one market, its loan asset owed against its collateral, at one threshold (LLTV).

Everything is counted in the loan asset, as the protocol counts it: equity is what the collateral
carries, ``floor(floor(collateral · price) · LLTV)``, the requirement is the debt, and an account is
liquidatable where the debt is more, to the last unit (onchain-margin.md section 7, [V]). The price
is the ratio of the two oracle answers in dollars.

Borrowing and liquidation share one threshold, so the initial requirement is the maintenance. Who
opted into a pre-liquidation contract may lose a part from that contract's threshold on; somebody
may act there, hence it is that account's threshold, and the market's stands in the detail.

A position in debt counts millions of shares, which owe one unit each when the market begins; the
snapshot's index of it must be `Debt.index_ray` of the totals that come with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.loans import Loan, by_side, in_coins, read_loans
from hedgerow.margin.reach import LiquidationReach, amount_of, with_loans
from hedgerow.margin.records import (
    MarginLine,
    MarginReport,
    Rulebook,
    beyond_digits,
    report_of,
    unsupported,
)
from hedgerow.margin.rules import morpho_blue as rules
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "MorphoPreLiquidation", "MorphoRulebook", "reach", "require"]

_WAD_DECIMALS = 18
_PRICE_DECIMALS = 36
# A position counts millions of shares: six digits finer than its token.
_SHARE_DIGITS = 6


class MorphoPreLiquidation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contract the accounts opted into; its factors grow in a line up to the market's threshold.

    `close_*_frac` is the part of the debt that may be repaid, `incentive_*_frac` what a repaid unit
    is worth in collateral.
    """

    lltv_frac: Decimal
    close_min_frac: Decimal
    close_max_frac: Decimal
    incentive_min_frac: Decimal
    incentive_max_frac: Decimal


class MorphoRulebook(Rulebook, frozen=True, kw_only=True, tag="morpho_blue"):
    """One market; its incentive follows from the threshold."""

    market: str
    loan_asset: str
    loan_decimals: int
    collateral_asset: str
    collateral_decimals: int
    lltv_frac: Decimal
    pre_liquidation: MorphoPreLiquidation | None = None

    @property
    def threshold_frac(self) -> Decimal:
        """The loan-to-value beyond which somebody may act."""
        early = self.pre_liquidation
        return self.lltv_frac if early is None else early.lltv_frac


@dataclass(frozen=True, slots=True)
class _Price:
    """What the market's oracle answers, and how it came about."""

    ratio_raw: int
    told: str


@dataclass(frozen=True, slots=True)
class _Borrower:
    """An account of the market, in the protocol's integers; a side that is not held is None."""

    collateral: Loan | None
    owed: Loan | None
    position: rules.Position
    debt: rules.Debt
    price: _Price

    @property
    def price_raw(self) -> int:
        """Loan units a collateral unit, scaled 1e36."""
        return self.price.ratio_raw

    def standing(self, threshold_frac: Decimal) -> rules.Standing:
        """Weigh it at a threshold."""
        return rules.standing(
            self.position, self.debt, price_raw=self.price_raw, lltv_wad=_wad(threshold_frac)
        )


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MorphoRulebook,
) -> Outcome[MarginReport]:
    """Give debt against what the collateral carries; see `hedgerow.margin.require`."""
    borrower = _read(account, instruments, snapshot, rulebook)
    if isinstance(borrower, Failure):
        return borrower
    stands = borrower.standing(rulebook.threshold_frac)
    beyond = beyond_digits(account, stands.debt_raw, stands.borrow_max_raw)
    if beyond is not None:
        return beyond
    lines: list[MarginLine] = []
    equity_lines: list[MarginLine] = []
    if borrower.owed is not None:
        owed = in_coins(stands.debt_raw, rulebook.loan_decimals)
        lines.append(
            MarginLine(
                rule="debt",
                subject=rulebook.loan_asset,
                amount_ccy=owed,
                detail=f"{borrower.position.borrow_shares_raw} shares x "
                f"({borrower.debt.assets_raw} + 1) / ({borrower.debt.shares_raw} + 1000000), to "
                f"1e-{rulebook.loan_decimals} up; loan to value {_shown(stands.ltv_wad)}, the "
                f"market liquidates above {rulebook.lltv_frac}",
                amount_initial_ccy=owed,
                evidence=rulebook.known("debt"),
            )
        )
    if borrower.collateral is not None:
        equity_lines.append(
            MarginLine(
                rule="collateral x threshold",
                subject=rulebook.collateral_asset,
                amount_ccy=in_coins(stands.borrow_max_raw, rulebook.loan_decimals),
                detail=f"{borrower.position.collateral_raw} x {borrower.price_raw} / 1e36 "
                f"({borrower.price.told}), to 1e-{rulebook.loan_decimals} down, that times "
                f"{rulebook.threshold_frac} down",
                evidence=rulebook.known("collateral"),
            )
        )
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.loan_asset,
        lines=lines,
        equity_lines=equity_lines,
        used=() if rulebook.pre_liquidation is None else (rulebook.known("pre_liquidation"),),
    )


def reach(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MorphoRulebook,
) -> Outcome[LiquidationReach | None]:
    """Give the largest call there is; see `hedgerow.margin.reach_of`.

    Beyond the market's threshold that is all debt, or all collateral where that is less; what is
    then still owed is lost by the lenders. Between a contract's and the market's it is the
    contract's part.
    """
    borrower = _read(account, instruments, snapshot, rulebook)
    if isinstance(borrower, Failure):
        return borrower
    if borrower.standing(rulebook.threshold_frac).is_healthy:
        return None
    owed, collateral = borrower.owed, borrower.collateral
    assert owed is not None
    if collateral is None or borrower.position.collateral_raw == 0 or borrower.price_raw == 0:
        return LiquidationReach(
            account_id=account.account_id,
            rulebook=rulebook.name,
            after=account,
            detail="no collateral of any worth is left to seize",
        )
    taken = _seizure(borrower, rulebook)
    is_last = taken.seized_raw == borrower.position.collateral_raw
    shares_left = borrower.position.borrow_shares_raw - taken.repaid_shares_raw
    left = {
        collateral.terms.instrument_id: in_coins(
            borrower.position.collateral_raw - taken.seized_raw, rulebook.collateral_decimals
        ),
        # What is still owed with the last collateral gone is written off, and its shares with it.
        owed.terms.instrument_id: -in_coins(
            0 if is_last else shares_left, rulebook.loan_decimals + _SHARE_DIGITS
        ),
    }
    return LiquidationReach(
        account_id=account.account_id,
        rulebook=rulebook.name,
        repaid=amount_of(owed.terms, taken.repaid_raw),
        seized=amount_of(collateral.terms, taken.seized_raw),
        lost=amount_of(owed.terms, taken.lost_raw),
        after=with_loans(account, left),
        detail=f"{in_coins(taken.seized_raw, rulebook.collateral_decimals)} "
        f"{rulebook.collateral_asset} seized for "
        f"{in_coins(taken.repaid_raw, rulebook.loan_decimals)} {rulebook.loan_asset}, "
        f"{taken.repaid_shares_raw} shares",
    )


def _seizure(borrower: _Borrower, rulebook: MorphoRulebook) -> rules.Seizure:
    lltv_wad = _wad(rulebook.lltv_frac)
    at_market = borrower.standing(rulebook.lltv_frac)
    early = rulebook.pre_liquidation
    if early is not None and at_market.is_healthy:
        return rules.pre_seize(
            borrower.position,
            borrower.debt,
            rules.PreLiquidation(
                lltv_wad=_wad(early.lltv_frac),
                close_wad_min=_wad(early.close_min_frac),
                close_wad_max=_wad(early.close_max_frac),
                incentive_wad_min=_wad(early.incentive_min_frac),
                incentive_wad_max=_wad(early.incentive_max_frac),
            ),
            price_raw=borrower.price_raw,
            lltv_wad=lltv_wad,
        )
    every = rules.seized_for_raw(
        borrower.position.borrow_shares_raw,
        borrower.debt,
        price_raw=borrower.price_raw,
        incentive_wad=rules.incentive_factor_wad(lltv_wad),
    )
    # Where all shares would take more than there is, all collateral takes no more than all shares:
    # every rounding up of the second undoes one down of the first.
    is_short = every > borrower.position.collateral_raw
    return rules.seize(
        borrower.position,
        borrower.debt,
        price_raw=borrower.price_raw,
        lltv_wad=lltv_wad,
        seized_raw=borrower.position.collateral_raw if is_short else None,
        repaid_shares_raw=None if is_short else borrower.position.borrow_shares_raw,
    )


def _read(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MorphoRulebook,
) -> Outcome[_Borrower]:
    """Read an account of the market; a Failure that names the leg which cannot be."""
    loans = read_loans(
        account,
        instruments,
        snapshot,
        rulebook=rulebook.name,
        market=rulebook.market,
        decimals={
            rulebook.loan_asset: rulebook.loan_decimals,
            rulebook.collateral_asset: rulebook.collateral_decimals,
        },
    )
    if isinstance(loans, Failure):
        return loans
    collateral: Loan | None = None
    owed: Loan | None = None
    debt = rules.Debt(assets_raw=0, shares_raw=0)
    for loan in by_side(
        account,
        loans,
        market=rulebook.market,
        owed_asset=rulebook.loan_asset,
        collateral_asset=rulebook.collateral_asset,
    ):
        if isinstance(loan, Failure):
            return loan
        if loan.is_debt:
            found = _totals(account, loan)
            if isinstance(found, Failure):
                return found
            owed, debt = loan, found
        else:
            collateral = loan
    price = _price(snapshot, rulebook) if collateral else _Price(ratio_raw=0, told="")
    if isinstance(price, Failure):
        return price
    return _Borrower(
        collateral=collateral,
        owed=owed,
        position=rules.Position(
            collateral_raw=0 if collateral is None else collateral.scaled_raw(),
            borrow_shares_raw=0 if owed is None else owed.scaled_raw(_SHARE_DIGITS),
        ),
        debt=debt,
        price=price,
    )


def _totals(account: Account, owed: Loan) -> Outcome[rules.Debt]:
    """Give all that is borrowed in the market; it and the index must say the same."""
    index, name = owed.index, f"{owed.terms.market} {owed.terms.asset}"
    if index.borrowed_raw is None or index.borrowed_shares_raw is None:
        return Failure(
            subject=name,
            reason="missing_data",
            message=f"no total of what is borrowed, and of its shares, for {name}",
        )
    debt = rules.Debt(assets_raw=index.borrowed_raw, shares_raw=index.borrowed_shares_raw)
    if index.borrow_index_ray != debt.index_ray:
        return unsupported(
            account,
            f"{owed.terms.instrument_id}: a borrow index of {index.borrow_index_ray}, but the "
            f"market's totals give {debt.index_ray}",
        )
    return debt


def _price(snapshot: Snapshot, rulebook: MorphoRulebook) -> Outcome[_Price]:
    """Give the ratio of the two oracle answers, rounded against the borrower."""
    collateral_usd = snapshot.oracle_usd(rulebook.collateral_asset)
    if isinstance(collateral_usd, Failure):
        return collateral_usd
    loan_usd = snapshot.oracle_usd(rulebook.loan_asset)
    if isinstance(loan_usd, Failure):
        return loan_usd
    digits = _PRICE_DECIMALS + rulebook.loan_decimals - rulebook.collateral_decimals
    ratio = Fraction(collateral_usd) / Fraction(loan_usd)
    return _Price(
        ratio_raw=floor(ratio * Fraction(10) ** digits),
        told=f"{collateral_usd} / {loan_usd} x 1e{digits} down",
    )


def _wad(part_frac: Decimal) -> int:
    return int(part_frac.scaleb(_WAD_DECIMALS))


def _shown(ltv_wad: int | None) -> str:
    return "infinite" if ltv_wad is None else str(in_coins(ltv_wad, _WAD_DECIMALS).normalize())


def _terms(rulebook: MorphoRulebook) -> VenueTerms:
    incentive_wad = rules.incentive_factor_wad(_wad(rulebook.lltv_frac))
    incentive_frac = in_coins(incentive_wad, _WAD_DECIMALS)
    if rulebook.pre_liquidation is not None:
        incentive_frac = max(incentive_frac, rulebook.pre_liquidation.incentive_max_frac)
    return VenueTerms(
        instruments=(LoanSupply, LoanDebt),
        market=rulebook.market,
        threshold_frac={
            rulebook.collateral_asset: rulebook.threshold_frac,
            rulebook.loan_asset: Decimal(0),
        },
        penalty_frac={rulebook.collateral_asset: incentive_frac - 1},
    )


def _mistakes(rulebook: MorphoRulebook) -> Iterator[str]:
    """Name figures that contradict each other, or that the protocol's contracts refuse."""
    yield from outside(rulebook, "[0, 77]", "loan_decimals", "collateral_decimals")
    if rulebook.lltv_frac >= 1:
        yield "lltv_frac must be below 1"
    if rulebook.loan_asset == rulebook.collateral_asset:
        yield "loan_asset and collateral_asset must be two assets"
    early = rulebook.pre_liquidation
    if early is None:
        return
    if early.lltv_frac >= rulebook.lltv_frac:
        yield "pre_liquidation: lltv_frac must be below the market's"
    if not early.close_min_frac <= early.close_max_frac <= 1:
        yield "pre_liquidation: close_max_frac must be within close_min_frac and 1"
    if not 1 <= early.incentive_min_frac <= early.incentive_max_frac:
        yield "pre_liquidation: incentive_max_frac must not be below incentive_min_frac, nor that 1"
    if early.incentive_max_frac * rulebook.lltv_frac > 1:
        yield "pre_liquidation: incentive_max_frac may be at most one over the market's lltv_frac"


ENGINE = Engine(
    kind=MorphoRulebook,
    rules=("collateral", "debt", "pre_liquidation"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    reach=reach,
)
