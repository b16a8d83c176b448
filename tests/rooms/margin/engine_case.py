"""What an engine is tried on: accounts drawn for it, and what is special about its family.

An engine's own cases lie in `engine_cases`, one file each; `engines` finds them there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin import Rulebook, decode_rulebook
from hedgerow.margin.rules.morpho_blue import Debt
from hedgerow.market import LendingIndex, MarketEvent, Snapshot
from hedgerow.portfolio import Account, Position
from tests.builders import RAY, T0_NS, by_id, oracle, packaged

D = Decimal

CASH, FEW = st.integers(0, 10**6), st.integers(0, 3)
# What a made lending rulebook says of itself.
ABOUT: dict[str, Any] = {
    "venue": "made",
    "source": "made for tests",
    "as_of": "2026-01-01",
    "confidence": "estimate",
    "confidence_note": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCase:
    """One engine: a rulebook, accounts drawn for it, and a market that answers for all they hold.

    `fixed_ccy` is what the venue asks of any account, however small; `slack_ccy` how far its own
    rounding may move a requirement. Positions of one instrument are drawn of one sign.
    """

    name: str
    rulebook: Rulebook
    build_account: Callable[[st.DrawFn], Account]
    instruments: Mapping[str, Instrument]
    snapshot: Snapshot
    # Decimals cannot be changed: a default may be shared.
    fixed_ccy: Decimal = Decimal(0)
    slack_ccy: Decimal = Decimal("1e-9")


class ChainCase(NamedTuple):
    """One rulebook, what it may hold of `chain_market`, and how its requirement grows.

    `owed` is the balance that may be below zero; `unseen` are rules that take part without a line
    of their own.
    """

    name: str
    rulebook: Rulebook
    names: tuple[str, ...]
    balances: Mapping[str, int]
    exact_to: str  # what a sum of roundings may be off by
    grows: str = "in step"
    owed: str = "USDC"
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True)
class LendingCase:
    """One engine: its rulebook, its instruments, how many digits a position of each has.

    `unit_ccy` is one smallest unit of what is owed, in the report's currency, and one of the
    report's own digits. `by_shares` says that what is owed is told in shares of a total, not by an
    index; `at_par` that the debt is a dollar by rule and has no oracle; `rounds_equity` that what
    is lent is rounded by a smallest unit too.
    """

    name: str
    rulebook: Rulebook
    collateral: tuple[LoanSupply, ...]
    debt: LoanDebt
    digits: int = 0
    # Decimals cannot be changed: a default may be shared.
    unit_ccy: Decimal = Decimal("1.00000001e-6")
    by_shares: bool = False
    at_par: bool = False
    rounds_equity: bool = False

    @property
    def market(self) -> str:
        return self.debt.market

    @property
    def terms(self) -> dict[str, Instrument]:
        base = LoanSupply(
            instrument_id="base",
            market=self.market,
            asset=self.debt.asset,
            asset_decimals=self.debt.asset_decimals,
        )
        return by_id(*self.collateral, self.debt, base)

    def account(self, supplies_raw: Sequence[int], debt_raw: int) -> Account:
        """Hold so many smallest scaled units of each collateral, and of the debt."""
        held = [
            Position(
                instrument_id=each.instrument_id,
                quantity_contracts=D(raw).scaleb(-each.asset_decimals),
            )
            for each, raw in zip(self.collateral, supplies_raw, strict=False)
        ]
        owed = D(-debt_raw).scaleb(-self.debt.asset_decimals - self.digits)
        held.append(Position(instrument_id=self.debt.instrument_id, quantity_contracts=owed))
        return Account(
            account_id=self.name,
            venue="made",
            currency="USD",
            rulebook=None,
            positions=tuple(held),
            balances=(),
            time_observed_ns=T0_NS,
        )

    def events(self, price: Decimal, index_ray: int) -> list[MarketEvent]:
        """One price for all collateral, one dollar for what is owed."""
        totals = Debt(assets_raw=max(index_ray, 0) // 10**9, shares_raw=10**24)
        events: list[MarketEvent] = [
            LendingIndex(
                time_ns=T0_NS,
                market=self.market,
                asset=self.debt.asset,
                liquidity_index_ray=RAY,
                borrow_index_ray=totals.index_ray if self.by_shares else index_ray,
                borrowed_raw=totals.assets_raw if self.by_shares else None,
                borrowed_shares_raw=totals.shares_raw if self.by_shares else None,
            )
        ]
        if not self.at_par:
            events.append(oracle(self.debt.asset, 1))
        for each in self.collateral:
            events += [
                oracle(each.asset, price),
                LendingIndex(
                    time_ns=T0_NS,
                    market=self.market,
                    asset=each.asset,
                    liquidity_index_ray=RAY,
                    borrow_index_ray=RAY,
                ),
            ]
        return events


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedCase:
    """A rulebook, what is traded under it, and the other coin that backs that."""

    name: str
    rulebook: Rulebook
    traded: str
    asset: str
    currency: str = "USDC"
    other: tuple[tuple[str, int], ...] = ()


def sizes(most: int, *, places: int = 3) -> st.SearchStrategy[Decimal]:
    """Quantities of either sign, not zero, with so many decimals at most."""
    return st.decimals(-most, most, places=places, allow_nan=False).filter(bool)


def read(name: str) -> Rulebook:
    """A packaged rulebook."""
    return decode_rulebook(packaged(name), where=name)


def lent(market: str, asset: str, decimals: int = 18) -> LoanSupply:
    """Something supplied to a lending market."""
    return LoanSupply(
        instrument_id=f"supply:{asset}", market=market, asset=asset, asset_decimals=decimals
    )


def owed(market: str, asset: str, decimals: int) -> LoanDebt:
    """What is owed to a lending market."""
    return LoanDebt(instrument_id="debt", market=market, asset=asset, asset_decimals=decimals)
