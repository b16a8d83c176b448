"""Compound III (Comet): one base asset owed against collateral; all of it is seized at once.

Equity is what the protocol sets against the debt, ``Σ collateral · liquidate factor``, in dollars;
the maintenance requirement is the base debt, the initial one adds what the lower borrow factors ask
(onchain-margin.md section 6, [V] for the rule; rounding read from the source, [R]). All of it is in
the protocol's integers, and an account is liquidatable where its liquidity is negative, to the last
unit. Prices are dollars of eight decimals, so a market whose feeds count in another coin is not
this one to its last unit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.loans import (
    PRICE_DECIMALS,
    Loan,
    idle,
    in_coins,
    loan_of,
    read_loans,
    worth_told,
)
from hedgerow.margin.reach import LiquidationReach, LoanAmount, amount_of, with_loans
from hedgerow.margin.records import (
    MarginLine,
    MarginReport,
    Rulebook,
    beyond_digits,
    report_of,
    unsupported,
)
from hedgerow.margin.rules import compound_v3 as rules
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import mul_div_down

__all__ = ["ENGINE", "CompoundCollateral", "CompoundRulebook", "reach", "require"]

_WAD_DECIMALS = 18


class CompoundCollateral(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One collateral asset: what of its worth counts, by the question that is asked.

    `borrow_frac` when borrowing, `liquidate_frac` for liquidation, and `liquidation_frac` is what
    is credited for it once it is seized.
    """

    borrow_frac: Decimal
    liquidate_frac: Decimal
    liquidation_frac: Decimal
    asset_decimals: int


class CompoundRulebook(Rulebook, frozen=True, kw_only=True, tag="compound_v3"):
    """One market: its base asset and what may be put up against it."""

    market: str
    base_asset: str
    base_decimals: int
    collateral: dict[str, CompoundCollateral]


@dataclass(frozen=True, slots=True)
class _Held:
    """One loan in the protocol's integers: the amount, and its worth in dollars scaled 1e8."""

    loan: Loan
    amount_raw: int
    worth_raw: int

    def weighed_raw(self, factor_frac: Decimal) -> int:
        """Give the part of the worth that counts."""
        return rules.weighed_1e8(self.worth_raw, int(factor_frac.scaleb(_WAD_DECIMALS)))


@dataclass(frozen=True, slots=True)
class _Standing:
    """An account of the market: the base asset, supplied or owed or neither, and collateral."""

    base: _Held | None
    collateral: tuple[_Held, ...]

    @property
    def debt(self) -> _Held | None:
        """The base asset where it is owed."""
        return self.base if self.base is not None and self.base.loan.is_debt else None


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: CompoundRulebook,
) -> Outcome[MarginReport]:
    """Give base debt against weighed collateral; see `hedgerow.margin.require`."""
    stands = _read(account, instruments, snapshot, rulebook)
    if isinstance(stands, Failure):
        return stands
    lines: list[MarginLine] = []
    equity_lines: list[MarginLine] = []
    total_raw = 0
    if stands.base is not None:
        total_raw = stands.base.worth_raw
        line = MarginLine(
            rule="base",
            subject=rulebook.base_asset,
            amount_ccy=in_coins(total_raw, PRICE_DECIMALS),
            detail=_worth(stands.base),
            evidence=rulebook.known("base"),
        )
        if stands.debt is not None:
            lines.append(msgspec.structs.replace(line, amount_initial_ccy=line.amount_ccy))
        else:
            equity_lines.append(line)
    for each in stands.collateral:
        asset = each.loan.terms.asset
        terms = rulebook.collateral[asset]
        counted_raw = each.weighed_raw(terms.liquidate_frac)
        total_raw += counted_raw
        equity_lines.append(
            MarginLine(
                rule="collateral x liquidate factor",
                subject=asset,
                amount_ccy=in_coins(counted_raw, PRICE_DECIMALS),
                detail=f"{_worth(each)}, that times {terms.liquidate_frac} down",
                evidence=rulebook.known("collateral"),
            )
        )
        if stands.debt is not None:
            beyond_raw = counted_raw - each.weighed_raw(terms.borrow_frac)
            lines.append(
                MarginLine(
                    rule="collateral x (liquidate - borrow factor)",
                    subject=asset,
                    amount_ccy=Decimal(0),
                    detail=f"{_worth(each)}, that times {terms.liquidate_frac} down, less that "
                    f"times {terms.borrow_frac} down",
                    amount_initial_ccy=in_coins(beyond_raw, PRICE_DECIMALS),
                    evidence=rulebook.known("borrow"),
                )
            )
    beyond = beyond_digits(account, total_raw)
    if beyond is not None:
        return beyond
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=equity_lines,
    )


def reach(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: CompoundRulebook,
) -> Outcome[LiquidationReach | None]:
    """Give the absorption: all collateral for all debt; see `hedgerow.margin.reach_of`.

    What is credited beyond the debt comes back as supply of the base asset.
    """
    stands = _read(account, instruments, snapshot, rulebook)
    if isinstance(stands, Failure):
        return stands
    debt = stands.debt
    kept = {asset: each.liquidate_frac for asset, each in rulebook.collateral.items()}
    if debt is None or _counted_raw(stands, kept) >= debt.worth_raw:
        return None
    paid = {asset: each.liquidation_frac for asset, each in rulebook.collateral.items()}
    # In base tokens, whose price the debt is valued at: the rule has them at one dollar.
    credit_raw = mul_div_down(
        _counted_raw(stands, paid),
        10**rulebook.base_decimals,
        debt.loan.price_base,
    )
    credited = rules.Collateral(
        quantity_coin=Fraction(credit_raw, 10**rulebook.base_decimals),
        price_usd=Fraction(1),
        factor_frac=Fraction(1),
    )
    absorbed = rules.absorb(-debt.amount_raw, [credited], base_unit_raw=10**rulebook.base_decimals)
    gone = (debt, *stands.collateral)
    left = {each.loan.terms.instrument_id: Decimal(0) for each in gone}
    returned: tuple[LoanAmount, ...] = ()
    if absorbed.base_balance_raw > 0:
        supply = loan_of(instruments, rulebook.market, rulebook.base_asset, is_debt=False)
        if supply is None:
            return unsupported(
                account,
                f"no instrument for {rulebook.base_asset} supplied to {rulebook.market}, in which "
                "what is left comes back",
            )
        principal_raw = rules.principal_supply_raw(
            absorbed.base_balance_raw, debt.loan.index.liquidity_index_ray
        )
        left[supply.instrument_id] = in_coins(principal_raw, rulebook.base_decimals)
        returned = amount_of(supply, absorbed.base_balance_raw)
    seized = tuple(
        amount
        for each in stands.collateral
        for amount in amount_of(each.loan.terms, each.amount_raw)
    )
    told = ", ".join(f"{each.quantity_coin} {each.asset}" for each in seized) or "nothing"
    return LiquidationReach(
        account_id=account.account_id,
        rulebook=rulebook.name,
        repaid=amount_of(debt.loan.terms, min(credit_raw, debt.amount_raw)),
        seized=seized,
        lost=amount_of(debt.loan.terms, max(debt.amount_raw - credit_raw, 0)),
        returned=returned,
        after=with_loans(account, left),
        detail=f"{told} absorbed, {in_coins(credit_raw, rulebook.base_decimals)} "
        f"{rulebook.base_asset} credited against "
        f"{in_coins(debt.amount_raw, rulebook.base_decimals)}",
    )


def _read(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: CompoundRulebook,
) -> Outcome[_Standing]:
    """Read an account of the market; a Failure that names the leg which cannot be."""
    decimals = {asset: each.asset_decimals for asset, each in rulebook.collateral.items()}
    loans = read_loans(
        account,
        instruments,
        snapshot,
        rulebook=rulebook.name,
        market=rulebook.market,
        decimals={**decimals, rulebook.base_asset: rulebook.base_decimals},
    )
    if isinstance(loans, Failure):
        return loans
    base: _Held | None = None
    collateral = []
    for loan in loans:
        name, scaled_raw, terms = loan.terms.instrument_id, loan.scaled_raw(), loan.terms
        if terms.asset == rulebook.base_asset:
            if scaled_raw == 0:
                continue
            if base is not None:
                return unsupported(
                    account,
                    f"{base.loan.terms.instrument_id} and {name}: the base asset has one balance, "
                    "supplied or owed",
                )
            base = _held(loan, rules.present_raw(scaled_raw, loan.index_ray))
            continue
        if loan.is_debt:
            return unsupported(
                account, f"{name}: only {rulebook.base_asset} is lent on {rulebook.market}"
            )
        grown = idle(account, loan)
        if grown is not None:
            return grown
        collateral.append(_held(loan, scaled_raw))
    return _Standing(base=base, collateral=tuple(collateral))


def _held(loan: Loan, amount_raw: int) -> _Held:
    worth_raw = rules.worth_1e8(amount_raw, loan.price_base, loan.terms.asset_decimals)
    return _Held(loan=loan, amount_raw=amount_raw, worth_raw=worth_raw)


def _counted_raw(stands: _Standing, factor_frac: Mapping[str, Decimal]) -> int:
    """Give what all collateral counts for by one of its factors, in dollars scaled 1e8."""
    return sum(each.weighed_raw(factor_frac[each.loan.terms.asset]) for each in stands.collateral)


def _worth(held: _Held) -> str:
    return f"{worth_told(held.loan, held.amount_raw)}, to 1e-8 USD down"


def _terms(rulebook: CompoundRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LoanSupply, LoanDebt),
        market=rulebook.market,
        threshold_frac={
            **{asset: each.liquidate_frac for asset, each in rulebook.collateral.items()},
            rulebook.base_asset: Decimal(1),
        },
    )


def _mistakes(rulebook: CompoundRulebook) -> Iterator[str]:
    """Name figures that contradict each other."""
    if rulebook.base_asset in rulebook.collateral:
        yield f"collateral.{rulebook.base_asset} is the base asset"
    yield from outside(rulebook, "[0, 77]", "base_decimals")
    for asset, each in rulebook.collateral.items():
        yield from outside(each, "[0, 77]", "asset_decimals", under=f"collateral.{asset}")
        if each.borrow_frac > each.liquidate_frac:
            yield f"collateral.{asset}: borrow_frac must not be above liquidate_frac"
        if max(each.liquidate_frac, each.liquidation_frac) > 1:
            yield f"collateral.{asset}: no part of a collateral may be above 1"


ENGINE = Engine(
    kind=CompoundRulebook,
    rules=("base", "collateral", "borrow"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    reach=reach,
)
