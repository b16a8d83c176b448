"""Holdings of a carry: where each begins, what it is sized to, and the path it goes through.

A desk file says which perpetual is sold against which coin, where, and from where margin may be
refilled; each holding is sized anew in dollars at its start. A holding in which the recording has a
hole longer than prices may be old is left out and told, not bridged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.errors import DeskRejected
from hedgerow.hedging import HedgePolicy
from hedgerow.instruments import LinearPerpetual
from hedgerow.market import FundingSettlement, IndexPrice
from hedgerow.portfolio import Account, Balance
from hedgerow.units import digits_of, quantise, to_model

__all__ = ["CarryPath", "Legs", "Window", "legs_of", "path_of", "sized", "windows"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

_CENT = Decimal("0.01")


class Legs(NamedTuple):
    """What is sold against what: the hedge, its perpetual, its account, and the wallet of spot."""

    hedge: HedgePolicy
    perpetual: LinearPerpetual
    perpetual_account: Account
    wallet: Account


class Window(NamedTuple):
    """From when to when one holding is."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class CarryPath:
    """Prices of the coin and settled rates, oldest first."""

    price_ns: Integers
    price_usd: Floats
    funding_ns: Integers
    funding_frac: Floats

    def price_at_usd(self, time_ns: int) -> float:
        """Give the last price until then; there is one, or the window has a hole."""
        return float(self.price_usd[np.searchsorted(self.price_ns, time_ns, side="right") - 1])

    def has_hole(self, window: Window, age_ns: int) -> bool:
        """Say whether a price is at any time of a window older than that, or missing."""
        first = int(np.searchsorted(self.price_ns, window.start_ns, side="right")) - 1
        if first < 0:
            return True
        last = int(np.searchsorted(self.price_ns, window.end_ns, side="right"))
        times = [*self.price_ns[first:last].tolist(), window.end_ns]
        return bool(np.max(np.diff(times)) > age_ns)

    def paid_frac(self, time_ns: int, over_ns: int) -> float:
        """Add up what shorts were paid in the time before, this moment's settlement included."""
        first = np.searchsorted(self.funding_ns, time_ns - over_ns, side="right")
        last = np.searchsorted(self.funding_ns, time_ns, side="right")
        return float(np.sum(self.funding_frac[first:last]))

    def settled(self, window: Window) -> Floats:
        """Give the rates after the start of a window up to its end."""
        first = np.searchsorted(self.funding_ns, window.start_ns, side="right")
        last = np.searchsorted(self.funding_ns, window.end_ns, side="right")
        return self.funding_frac[first:last]


def legs_of(desk: Desk) -> Legs:
    """Find both legs of a desk.

    Raises
    ------
    DeskRejected
        If there is not one hedge by a linear perpetual and one wallet that holds its coin, or the
        perpetual is held already.
    """
    if len(desk.hedges) != 1:
        raise DeskRejected(f"a carry has one of [[hedges]], the perpetual sold; {len(desk.hedges)}")
    (hedge,) = desk.hedges
    perpetual = desk.instruments[hedge.instrument_id]
    assert isinstance(perpetual, LinearPerpetual), "hedges are linear perpetuals"
    account = next(each for each in desk.accounts if each.account_id == hedge.account_id)
    wallets = [
        each
        for each in desk.accounts
        if each.rulebook is None and each.balance_coin(hedge.underlying) > 0
    ]
    if len(wallets) != 1 or wallets[0] is account:
        raise DeskRejected(
            f"{len(wallets)} accounts without a rulebook hold {hedge.underlying}; spot lies in one"
        )
    if any(each.positions for each in (account, wallets[0])):
        raise DeskRejected("a carry begins without positions: the perpetual is sold at its start")
    return Legs(hedge, perpetual, account, wallets[0])


def path_of(desk: Desk, market: Market, coin: str) -> CarryPath:
    """Read the prices and rates of a coin; DeskRejected where there are none."""
    prices: list[tuple[int, float]] = []
    rates: list[tuple[int, float]] = []
    name = desk.hedges[0].instrument_id
    for event in market.events():
        if isinstance(event, IndexPrice) and event.underlying == coin:
            prices.append((event.time_ns, to_model(event.price_usd)))
        elif isinstance(event, FundingSettlement) and event.instrument_id == name:
            rates.append((event.time_ns, to_model(event.rate_frac)))
    if not prices or not rates:
        raise DeskRejected(
            f"no price of {coin}, or no funding of {name}; name spot and funding in [recording]"
        )
    return CarryPath(
        price_ns=np.array([at for at, _ in prices], dtype=np.int64),
        price_usd=np.array([price for _, price in prices]),
        funding_ns=np.array([at for at, _ in rates], dtype=np.int64),
        funding_frac=np.array([rate for _, rate in rates]),
    )


def windows(start_ns: int, end_ns: int, hold_ns: int) -> Iterator[Window]:
    """Give holdings one after another; what is left at the end is none."""
    for first_ns in range(start_ns, end_ns - hold_ns + 1, hold_ns):
        yield Window(first_ns, first_ns + hold_ns)


def sized(
    desk: Desk,
    legs: Legs,
    window: Window,
    price_usd: float,
    *,
    notional_usd: float,
    leverage_frac: float,
    reserve_frac: float,
) -> tuple[Desk, Decimal]:
    """Give the desk of one holding, and how many coins it holds: as many whole lots as fit.

    The wallet gets the coins and the reserve, the perpetual's account the notional over the
    leverage; both in what the perpetual settles in, taken at a dollar. Other balances go.

    Raises
    ------
    DeskRejected
        If not one lot fits.
    """
    lot = legs.perpetual.lot_contracts * legs.perpetual.multiplier_coin_per_contract
    coins = quantise(digits_of(notional_usd / price_usd), lot, "down")
    if coins <= 0:
        raise DeskRejected(f"{notional_usd:,.0f} USD buy less than one lot at {price_usd:,.2f}")
    worth = to_model(coins) * price_usd
    dollars = legs.perpetual.settlement
    held = {
        legs.perpetual_account.account_id: {dollars: worth / leverage_frac},
        legs.wallet.account_id: {dollars: worth * reserve_frac},
    }
    accounts = []
    for account in desk.accounts:
        amounts = held.get(account.account_id)
        if amounts is not None:
            balances = [
                Balance(asset=asset, quantity_coin=quantise(digits_of(amount), _CENT, "down"))
                for asset, amount in amounts.items()
            ]
            if account.account_id == legs.wallet.account_id:
                balances.append(Balance(asset=legs.hedge.underlying, quantity_coin=coins))
            account = structs.replace(account, balances=tuple(balances))
        accounts.append(structs.replace(account, time_observed_ns=window.start_ns))
    sized_desk = replace(
        desk,
        accounts=tuple(accounts),
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        assumptions=structs.replace(desk.assumptions, start_ns=window.start_ns),
    )
    return sized_desk, coins
