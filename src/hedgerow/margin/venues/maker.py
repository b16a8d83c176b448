"""Maker vaults: one collateral against DAI drawn, unsafe where it is worth too little at `spot`.

Equity is ``ink · spot``, the requirement ``art · rate``, both in DAI; `spot` is the price over par
and liquidation ratio, floored at either division (onchain-margin.md section 8, [V]; the divisions
read from makerdao/dss src/spot.sol @ 018f9663a8, [R]). The protocol compares them in 45 decimals, a
report keeps 18: the requirement is rounded up and the equity so that their difference is rounded
down, which leaves every vault on the side where the protocol has it.

Drawing and liquidation share one ratio, so the initial requirement is the maintenance. A vault
whose price is unknown to the protocol (`spot` of zero) cannot be liquidated; here a price that is
missing is a Failure, never a zero.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin.bounds import outside
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.loans import RAY, Loan, by_side, in_coins, read_loans, scaled_raw
from hedgerow.margin.reach import LiquidationReach, amount_of, with_loans
from hedgerow.margin.records import (
    MarginLine,
    MarginReport,
    Rulebook,
    beyond_digits,
    report_of,
    unsupported,
)
from hedgerow.margin.rules import maker as rules
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import mul_div_down

__all__ = ["ENGINE", "MakerRulebook", "reach", "require"]

# Amounts of collateral and debt are wads whatever the token's own decimals are.
_WAD_DECIMALS = 18
_RAY_DECIMALS = 27
_RAD_DECIMALS = 45


class MakerRulebook(Rulebook, frozen=True, kw_only=True, tag="maker"):
    """One kind of vault (ilk).

    `penalty_frac` is what an auction has to raise beyond the debt. In the debt asset, `dust_coin`
    is the least debt a vault may have and `hole_coin` the most that auctions may raise at a time.
    """

    market: str
    collateral_asset: str
    liquidation_ratio_frac: Decimal
    penalty_frac: Decimal
    dust_coin: Decimal
    hole_coin: Decimal
    debt_asset: str = "DAI"


@dataclass(frozen=True, slots=True)
class _Vault:
    """A vault in the protocol's integers; a side that is not held is None."""

    collateral: Loan | None
    owed: Loan | None
    spot_ray: int

    @property
    def ink_wad(self) -> int:
        """Collateral locked."""
        return 0 if self.collateral is None else self.collateral.scaled_raw()

    @property
    def art_wad(self) -> int:
        """Normalised debt."""
        return 0 if self.owed is None else self.owed.scaled_raw()

    @property
    def rate_ray(self) -> int:
        """What a unit of normalised debt has grown to."""
        return RAY if self.owed is None else self.owed.index_ray

    @property
    def carried_rad(self) -> int:
        """What the collateral carries."""
        return self.ink_wad * self.spot_ray

    @property
    def owed_rad(self) -> int:
        """What is owed."""
        return self.art_wad * self.rate_ray


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MakerRulebook,
) -> Outcome[MarginReport]:
    """Give what is owed against what the collateral carries; see `hedgerow.margin.require`."""
    vault = _read(account, instruments, snapshot, rulebook)
    if isinstance(vault, Failure):
        return vault
    owed_wad = -(-vault.owed_rad // RAY)
    # Both are whole wads, and their difference is that of the protocol, rounded down.
    carried_wad = owed_wad + (vault.carried_rad - vault.owed_rad) // RAY
    beyond = beyond_digits(account, owed_wad, carried_wad)
    if beyond is not None:
        return beyond
    lines: list[MarginLine] = []
    equity_lines: list[MarginLine] = []
    if vault.owed is not None:
        owed = in_coins(owed_wad, _WAD_DECIMALS)
        lines.append(
            MarginLine(
                rule="debt",
                subject=rulebook.debt_asset,
                amount_ccy=owed,
                detail=f"art {vault.art_wad} x rate {vault.rate_ray} / 1e27, to 1e-18 up",
                amount_initial_ccy=owed,
                evidence=rulebook.known("debt"),
            )
        )
    if vault.collateral is not None:
        equity_lines.append(
            MarginLine(
                rule="collateral x spot",
                subject=rulebook.collateral_asset,
                amount_ccy=in_coins(carried_wad, _WAD_DECIMALS),
                detail=f"ink {vault.ink_wad} x spot {vault.spot_ray} / 1e27, spot being "
                f"{vault.collateral.price_usd} / {rulebook.liquidation_ratio_frac} to 1e-27 down; "
                "to 1e-18 so that it less the debt is rounded down",
                evidence=rulebook.known("collateral"),
            )
        )
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.debt_asset,
        lines=lines,
        equity_lines=equity_lines,
    )


def reach(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MakerRulebook,
) -> Outcome[LiquidationReach | None]:
    """Give what goes to auction now; see `hedgerow.margin.reach_of`.

    Debt and collateral leave the vault at once. `repaid` is the debt that the auction is to raise,
    `fee` the penalty on it; collateral that is left when both are raised comes back later, and how
    much that is depends on how far the auction's price has fallen by then (`margin.rules.maker`).
    The room for auctions is taken to be all of the limit: how many are running is no input.
    """
    vault = _read(account, instruments, snapshot, rulebook)
    if isinstance(vault, Failure):
        return vault
    collateral, owed = vault.collateral, vault.owed
    is_unsafe = rules.is_unsafe(
        collateral_wad=vault.ink_wad,
        spot_ray=vault.spot_ray,
        debt_wad=vault.art_wad,
        rate_ray=vault.rate_ray,
    )
    if owed is None or not is_unsafe:
        return None
    kick = rules.bark(
        collateral_wad=vault.ink_wad,
        debt_wad=vault.art_wad,
        rate_ray=vault.rate_ray,
        chop_wad=scaled_raw(1 + rulebook.penalty_frac, _WAD_DECIMALS, is_debt=True),
        room_rad=scaled_raw(rulebook.hole_coin, _RAD_DECIMALS, is_debt=False),
        dust_rad=scaled_raw(rulebook.dust_coin, _RAD_DECIMALS, is_debt=True),
    )
    if kick is None or collateral is None:
        return LiquidationReach(
            account_id=account.account_id,
            rulebook=rulebook.name,
            after=account,
            detail="no auction: no room for one, dust, or no collateral to sell",
        )
    due_rad = (vault.art_wad - kick.debt_left_wad) * vault.rate_ray
    left = {
        collateral.terms.instrument_id: in_coins(kick.collateral_left_wad, _WAD_DECIMALS),
        owed.terms.instrument_id: -in_coins(kick.debt_left_wad, _WAD_DECIMALS),
    }
    return LiquidationReach(
        account_id=account.account_id,
        rulebook=rulebook.name,
        repaid=amount_of(owed.terms, due_rad, _RAD_DECIMALS),
        seized=amount_of(collateral.terms, kick.lot_wad, _WAD_DECIMALS),
        fee=amount_of(owed.terms, kick.tab_rad - due_rad, _RAD_DECIMALS),
        after=with_loans(account, left),
        detail=f"{in_coins(kick.lot_wad, _WAD_DECIMALS)} {rulebook.collateral_asset} to auction "
        f"for {in_coins(kick.tab_rad, _RAD_DECIMALS).normalize():f} {rulebook.debt_asset}",
    )


def _read(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: MakerRulebook,
) -> Outcome[_Vault]:
    """Read a vault; a Failure that names the leg which cannot be."""
    loans = read_loans(
        account,
        instruments,
        snapshot,
        rulebook=rulebook.name,
        market=rulebook.market,
        decimals={
            rulebook.collateral_asset: _WAD_DECIMALS,
            rulebook.debt_asset: _WAD_DECIMALS,
        },
        at_par=(rulebook.debt_asset,),
    )
    if isinstance(loans, Failure):
        return loans
    collateral: Loan | None = None
    owed: Loan | None = None
    spot_ray = RAY  # any that is known: without collateral nothing is multiplied by it
    for loan in by_side(
        account,
        loans,
        market=rulebook.market,
        owed_asset=rulebook.debt_asset,
        collateral_asset=rulebook.collateral_asset,
    ):
        if isinstance(loan, Failure):
            return loan
        if loan.is_debt:
            owed = loan
            continue
        collateral, spot_ray = loan, _spot_ray(loan, rulebook)
        if spot_ray == 0:
            name = loan.terms.instrument_id
            return unsupported(account, f"{name}: a spot of zero is an unknown price")
    return _Vault(collateral=collateral, owed=owed, spot_ray=spot_ray)


def _spot_ray(collateral: Loan, rulebook: MakerRulebook) -> int:
    """Give the price over the liquidation ratio, at a par of one."""
    price_wad = scaled_raw(collateral.price_usd, _WAD_DECIMALS, is_debt=False)
    ratio_ray = scaled_raw(rulebook.liquidation_ratio_frac, _RAY_DECIMALS, is_debt=True)
    return mul_div_down(price_wad * 10 ** (_RAY_DECIMALS - _WAD_DECIMALS), RAY, ratio_ray)


def _terms(rulebook: MakerRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LoanSupply, LoanDebt),
        market=rulebook.market,
        threshold_frac={
            rulebook.collateral_asset: 1 / rulebook.liquidation_ratio_frac,
            rulebook.debt_asset: Decimal(0),
        },
        penalty_frac={rulebook.collateral_asset: rulebook.penalty_frac},
        at_par=(rulebook.debt_asset,),
    )


def _mistakes(rulebook: MakerRulebook) -> Iterator[str]:
    """Name figures that contradict each other."""
    yield from outside(rulebook, "[0, 1]", "penalty_frac")
    if rulebook.liquidation_ratio_frac < 1:
        yield "liquidation_ratio_frac must not be below 1"
    if rulebook.collateral_asset == rulebook.debt_asset:
        yield "collateral_asset and debt_asset must be two assets"


ENGINE = Engine(
    kind=MakerRulebook,
    rules=("collateral", "debt"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    reach=reach,
)
