"""What a lending market of Aave's kind is told by its rulebook, and an account in its integers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin.bounds import outside
from hedgerow.margin.loans import Loan, read_loans
from hedgerow.margin.records import Rulebook
from hedgerow.margin.rules.aave_v3 import (
    Category,
    Holding,
    Standing,
    balance_raw,
    collateral_base,
    debt_base,
    debt_raw,
    standing,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = [
    "Held",
    "LendingCategory",
    "LendingReserve",
    "LendingRulebook",
    "mistakes",
    "read_held",
    "standing_of",
]

_BPS = 10_000


class LendingReserve(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One reserve of a lending market, in the protocol's basis points.

    `ltv_bps` is what may be borrowed against it; None where no source gives it, and then nothing is
    said of the initial requirement beyond the maintenance.
    """

    liquidation_threshold_bps: int
    liquidation_bonus_bps: int
    asset_decimals: int
    ltv_bps: int | None = None


class LendingCategory(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The efficiency category (e-mode) that the accounts have joined; its members are assets.

    `borrowable` are the assets that may be owed in it; None where no source gives them, and then
    nobody who owes anything is known to be let in.

    `ltv_zero_members` still count for liquidation and no longer for borrowing. In an isolated
    category whatever is no member stops counting for borrowing too.
    """

    ltv_bps: int
    liquidation_threshold_bps: int
    liquidation_bonus_bps: int
    members: list[str]
    ltv_zero_members: list[str] = []
    is_isolated: bool = False
    borrowable: list[str] | None = None


# What is not told is not written either: the digest of a rulebook is that of its figures.
class LendingRulebook(Rulebook, frozen=True, kw_only=True, omit_defaults=True, tag="lending"):
    """Over-collateralised loans, liquidated when the health factor falls below one."""

    market: str
    close_factor_bps: int
    close_factor_full_below_health_frac: Decimal
    close_factor_full_below_usd: Decimal
    liquidation_protocol_fee_bps: int
    dust_base_usd: Decimal
    reserves: dict[str, LendingReserve]
    e_mode: LendingCategory | None = None

    @property
    def category(self) -> Category | None:
        """The category as the rules take it."""
        if self.e_mode is None:
            return None
        return Category(
            ltv_bps=self.e_mode.ltv_bps,
            liquidation_threshold_bps=self.e_mode.liquidation_threshold_bps,
            members=frozenset(self.e_mode.members),
            ltv_zero_members=frozenset(self.e_mode.ltv_zero_members),
            is_isolated=self.e_mode.is_isolated,
        )

    def threshold_bps(self, asset: str) -> int:
        """Give the liquidation threshold that counts for an asset."""
        own_bps = self.reserves[asset].liquidation_threshold_bps
        category = self.category
        return own_bps if category is None else category.threshold_bps(asset, own_bps)

    def bonus_bps(self, asset: str) -> int:
        """Give the liquidation bonus that counts for an asset; it goes as the threshold does."""
        if self.e_mode is not None and asset in self.e_mode.members:
            return self.e_mode.liquidation_bonus_bps
        return self.reserves[asset].liquidation_bonus_bps


@dataclass(frozen=True, slots=True)
class Held:
    """One loan in the protocol's integers: the amount, and its worth in dollars scaled 1e8."""

    loan: Loan
    amount_raw: int
    worth_base_raw: int

    @property
    def terms(self) -> LoanSupply | LoanDebt:
        """What the loan is."""
        return self.loan.terms


def read_held(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: LendingRulebook,
) -> Outcome[tuple[Held, ...]]:
    """Give every loan of an account with interest and worth; see `loans.read_loans`."""
    loans = read_loans(
        account,
        instruments,
        snapshot,
        rulebook=rulebook.name,
        market=rulebook.market,
        decimals={asset: each.asset_decimals for asset, each in rulebook.reserves.items()},
    )
    if isinstance(loans, Failure):
        return loans
    held = []
    for loan in loans:
        grow, worth = (debt_raw, debt_base) if loan.is_debt else (balance_raw, collateral_base)
        amount = grow(loan.scaled_raw(), loan.index_ray)
        base = worth(amount, loan.price_base, loan.terms.asset_decimals)
        held.append(Held(loan=loan, amount_raw=amount, worth_base_raw=base))
    return tuple(held)


def standing_of(held: tuple[Held, ...], rulebook: LendingRulebook) -> Standing:
    """Give how an account stands by the protocol's own sums."""
    return standing(
        (
            Holding(
                asset=each.terms.asset,
                supply_base_raw=0 if each.loan.is_debt else each.worth_base_raw,
                debt_base_raw=each.worth_base_raw if each.loan.is_debt else 0,
                ltv_bps=rulebook.reserves[each.terms.asset].ltv_bps or 0,
                liquidation_threshold_bps=(
                    rulebook.reserves[each.terms.asset].liquidation_threshold_bps
                ),
                is_collateral=True,
            )
            for each in held
        ),
        rulebook.category,
    )


def mistakes(rulebook: LendingRulebook) -> Iterator[str]:
    """Name figures that cannot be, contradict each other, or that the protocol refuses."""
    yield from outside(rulebook, "(0, 10000]", "close_factor_bps")
    yield from outside(rulebook, "[0, 10000]", "liquidation_protocol_fee_bps")
    yield from outside(rulebook, "[0, 1]", "close_factor_full_below_health_frac")
    for asset, reserve in rulebook.reserves.items():
        yield from outside(reserve, "[0, 77]", "asset_decimals", under=f"reserves.{asset}")
    told = {each.ltv_bps is not None for each in rulebook.reserves.values()}
    if len(told) > 1:
        yield "reserves: ltv_bps must be given for all of them or for none"
    parts = {f"reserves.{asset}": each for asset, each in rulebook.reserves.items()}
    if rulebook.e_mode is not None:
        category = rulebook.e_mode
        borrowable = category.borrowable or ()
        for asset in (*category.members, *category.ltv_zero_members, *borrowable):
            if asset not in rulebook.reserves:
                yield f"e_mode: {asset} is no reserve"
        for asset in category.ltv_zero_members:
            if asset not in category.members:
                yield f"e_mode: {asset} is no member"
    for place, part in {**parts, "e_mode": rulebook.e_mode}.items():
        if part is None:
            continue
        if part.liquidation_threshold_bps > _BPS:
            yield f"{place}: liquidation_threshold_bps must not be above 10000"
        if (part.ltv_bps or 0) > part.liquidation_threshold_bps:
            yield f"{place}: ltv_bps must not be above liquidation_threshold_bps"
        if part.liquidation_threshold_bps > 0 and part.liquidation_bonus_bps < _BPS:
            yield f"{place}: liquidation_bonus_bps must not be below 10000"
        # As PoolConfigurator asks: a debt at the threshold leaves enough to pay the bonus from.
        elif (
            part.liquidation_threshold_bps * part.liquidation_bonus_bps + _BPS // 2
        ) // _BPS > _BPS:
            yield (
                f"{place}: liquidation_threshold_bps x liquidation_bonus_bps must not be above "
                "10000 x 10000"
            )
