"""What every lending engine reads of an account: its loans, each with its index and its price.

Positions are scaled units (`instruments.LoanSupply`, `LoanDebt`); a protocol counts in integers of
a token's smallest unit. Whatever is turned into an integer here is rounded against the borrower:
supplies and their prices down, debts and theirs up.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Final

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin.records import unsupported
from hedgerow.market import LendingIndex, Snapshot
from hedgerow.portfolio import Account

__all__ = [
    "PRICE_DECIMALS",
    "RAY",
    "Loan",
    "by_side",
    "idle",
    "in_coins",
    "loan_of",
    "price_base",
    "read_loans",
    "scaled_raw",
    "worth_told",
]

RAY: Final = 10**27
# What protocols on the chain count dollars in.
PRICE_DECIMALS: Final = 8
# Wide enough for any amount of the chain: 256 bits are 78 digits.
_WIDE: Final = Context(prec=160)


@dataclass(frozen=True, slots=True)
class Loan:
    """One instrument of a lending market and all that the account has of it.

    `quantity_contracts` is in scaled units and without sign, `price_usd` the protocol's oracle.
    """

    terms: LoanSupply | LoanDebt
    quantity_contracts: Fraction
    index: LendingIndex
    price_usd: Decimal

    @property
    def is_debt(self) -> bool:
        """Which side of the market it is on."""
        return isinstance(self.terms, LoanDebt)

    @property
    def index_ray(self) -> int:
        """What one scaled unit of its side has grown to."""
        return self.index.borrow_index_ray if self.is_debt else self.index.liquidity_index_ray

    @property
    def price_base(self) -> int:
        """Give the price in dollars scaled 1e8."""
        return price_base(self.price_usd, is_debt=self.is_debt)

    def scaled_raw(self, digits_more: int = 0) -> int:
        """Give the scaled units in the token's smallest unit, or so many digits finer."""
        decimals = self.terms.asset_decimals + digits_more
        return scaled_raw(self.quantity_contracts, decimals, is_debt=self.is_debt)


def scaled_raw(quantity_contracts: Decimal | Fraction, decimals: int, *, is_debt: bool) -> int:
    """Turn a position (scaled units as a decimal) into the protocol's integer, without its sign.

    Digits beyond the token's own round against us: a supply down, a debt up.
    """
    units: Fraction = abs(Fraction(quantity_contracts)) * Fraction(10**decimals)
    return ceil(units) if is_debt else floor(units)


def price_base(price_usd: Decimal, *, is_debt: bool) -> int:
    """Turn an oracle price into dollars scaled 1e8; a shocked price rounds against us."""
    return scaled_raw(price_usd, PRICE_DECIMALS, is_debt=is_debt)


def in_coins(amount_raw: int, decimals: int) -> Decimal:
    """Write an integer of so many decimals as a decimal, to its last digit."""
    return Decimal(amount_raw).scaleb(-decimals, context=_WIDE)


def read_loans(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    *,
    rulebook: str,
    market: str,
    decimals: Mapping[str, int],
    at_par: Collection[str] = (),
) -> Outcome[tuple[Loan, ...]]:
    """Give the loans of an account, positions in one instrument taken together.

    Parameters
    ----------
    rulebook
        Its name, for what is said when it does not cover a loan.
    decimals
        Of every asset that the rulebook covers.
    at_par
        Assets that the protocol takes at one dollar, whatever they are worth.

    Returns
    -------
    tuple of Loan or Failure
        A Failure that names the leg whose terms are of another market, asset or side than they are
        held for, or which has no oracle price or no index.
    """
    held: dict[str, Fraction] = {}
    for position in account.positions:
        terms = instruments[position.instrument_id]
        if not isinstance(terms, LoanSupply | LoanDebt) or terms.market != market:
            return unsupported(account, f"{position.instrument_id} is no loan on {market}")
        if terms.asset not in decimals:
            return unsupported(account, f"{rulebook} has no reserve {terms.asset}")
        if terms.asset_decimals != decimals[terms.asset]:
            return unsupported(
                account,
                f"{position.instrument_id} has {terms.asset_decimals} decimals, "
                f"{rulebook} has {decimals[terms.asset]}",
            )
        quantity = Fraction(position.quantity_contracts)
        if quantity > 0 if isinstance(terms, LoanDebt) else quantity < 0:
            return unsupported(
                account, f"{position.instrument_id}: debt is held short, supply long"
            )
        held[position.instrument_id] = held.get(position.instrument_id, Fraction(0)) + abs(quantity)
    loans = []
    for instrument_id, quantity in held.items():
        terms = instruments[instrument_id]
        assert isinstance(terms, LoanSupply | LoanDebt)
        is_at_par = terms.asset in at_par
        oracle = Decimal(1) if is_at_par else snapshot.oracle_usd(terms.asset)
        if isinstance(oracle, Failure):
            return oracle
        index = snapshot.lending(terms.market, terms.asset)
        if isinstance(index, Failure):
            return index
        loans.append(Loan(terms=terms, quantity_contracts=quantity, index=index, price_usd=oracle))
    return tuple(loans)


def by_side(
    account: Account,
    loans: Iterable[Loan],
    *,
    market: str,
    owed_asset: str,
    collateral_asset: str,
) -> Iterator[Outcome[Loan]]:
    """Give the loans of a market that lends one asset against one other: at most one a side.

    In place of a loan that is on the wrong side, a second of its side, or collateral that grows,
    stands a Failure that names its leg.
    """
    seen: set[bool] = set()
    for loan in loans:
        name = loan.terms.instrument_id
        if loan.is_debt != (loan.terms.asset == owed_asset):
            yield unsupported(
                account,
                f"{name}: on {market} {owed_asset} is owed and {collateral_asset} is collateral",
            )
        elif loan.is_debt in seen:
            yield unsupported(account, f"{name}: one position a side, there is another")
        else:
            seen.add(loan.is_debt)
            grown = None if loan.is_debt else idle(account, loan)
            yield loan if grown is None else grown


def loan_of(
    instruments: Mapping[str, Instrument], market: str, asset: str, *, is_debt: bool
) -> LoanSupply | LoanDebt | None:
    """Find the instrument of a reserve; None where nobody described it."""
    for terms in instruments.values():
        if (
            isinstance(terms, LoanDebt if is_debt else LoanSupply)
            and terms.market == market
            and terms.asset == asset
        ):
            return terms
    return None


def idle(account: Account, loan: Loan) -> Failure | None:
    """Refuse collateral that grows where the protocol pays nothing on it: its index is one."""
    if loan.index_ray == RAY:
        return None
    return unsupported(
        account,
        f"{loan.terms.instrument_id}: collateral earns nothing on {loan.terms.market}, its index "
        f"must be {RAY}, was {loan.index_ray}",
    )


def worth_told(loan: Loan, amount_raw: int) -> str:
    """Say how an amount, interest included, becomes dollars."""
    price_usd = in_coins(loan.price_base, PRICE_DECIMALS).normalize(context=_WIDE)
    return f"{amount_raw} / 10^{loan.terms.asset_decimals} x {price_usd:f}"
