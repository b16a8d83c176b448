"""A book as legs: what each position is worth, gains in every scenario, and asks beyond that.

Positions of one account in one instrument are one leg, added up exactly: how a position was split,
or in which order it was listed, cannot change a digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    Instrument,
    Option,
    expiry_of,
    has_entry,
    is_asset_holding,
    is_inverse,
    slope_ccy_per_usd,
    underlying_of,
)
from hedgerow.margin.portfolio.model import PortfolioModel
from hedgerow.margin.portfolio.revalue import Worth, worth_of
from hedgerow.market import JointScenarios, Snapshot
from hedgerow.portfolio import Account, Book
from hedgerow.pricing import Floats, value
from hedgerow.units import to_model

__all__ = ["Legs", "legs_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Item i of every column is one leg.

    Attributes
    ----------
    coins
        Whose price moves the leg; a dollar coin moves by its peg.
    expiries_ns
        None for what never expires and for plain assets.
    profits_usd
        Shape (scenarios, n).
    worth_usd
        What the leg adds to equity now, entry taken off.
    notional_usd, notional_coin
        Size without sign, at the price of now.
    delta_usd
        Of derivatives: what a roll is charged on. Zero for plain assets.
    short_usd
        Notional of options sold; zero for everything else.
    is_dollar
        Whether the leg's coin is a dollar coin, whose exit takes no time.
    """

    subjects: tuple[str, ...]
    accounts: tuple[str, ...]
    coins: tuple[str, ...]
    expiries_ns: tuple[int | None, ...]
    profits_usd: Floats
    worth_usd: Floats
    notional_usd: Floats
    notional_coin: Floats
    delta_usd: Floats
    short_usd: Floats
    is_dollar: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.subjects)

    def taken(self, at: Sequence[int]) -> "Legs":
        """Leave out all other legs."""
        rows = np.asarray(at, dtype=np.int64)
        return replace(
            self,
            subjects=tuple(self.subjects[i] for i in rows),
            accounts=tuple(self.accounts[i] for i in rows),
            coins=tuple(self.coins[i] for i in rows),
            expiries_ns=tuple(self.expiries_ns[i] for i in rows),
            profits_usd=self.profits_usd[:, rows],
            worth_usd=self.worth_usd[rows],
            notional_usd=self.notional_usd[rows],
            notional_coin=self.notional_coin[rows],
            delta_usd=self.delta_usd[rows],
            short_usd=self.short_usd[rows],
            is_dollar=self.is_dollar[rows],
        )


@dataclass(slots=True)
class _Held:
    """Exact sums over the positions of one account in one instrument."""

    quantity: Fraction
    entered_ccy: Fraction


def legs_of(
    book: Book, snapshot: Snapshot, scenarios: JointScenarios, model: PortfolioModel
) -> Outcome[Legs]:
    """Revalue every position of a book in every scenario.

    Returns
    -------
    Legs or Failure
        In the order of account and instrument ids. A failure names the leg as soon as a price, a
        vol, an entry, a factor or the traded volume of its coin is missing or stale.
    """
    values = value(book, snapshot)
    if values.missing:
        return values.missing[0]
    row_of = {int(index): row for row, index in enumerate(values.instrument_index)}
    terms_at = {terms.instrument_id: i for i, terms in enumerate(book.instruments)}
    worths: dict[str, Worth] = {}
    for terms in book.instruments:
        worth = worth_of(
            terms,
            snapshot,
            scenarios,
            horizon_days=model.horizon_days,
            vol_tenor_power=model.vol_tenor_power,
        )
        if isinstance(worth, Failure):
            return worth
        worths[terms.instrument_id] = worth
    rows: list[tuple[object, ...]] = []
    profits: list[Floats] = []
    for account in sorted(book.accounts, key=lambda each: each.account_id):
        held = _held(account, book)
        if isinstance(held, Failure):
            return held
        for instrument_id, sums in sorted(held.items()):
            at = terms_at[instrument_id]
            terms, worth, row = book.instruments[at], worths[instrument_id], row_of[at]
            coin = snapshot.coin_of(underlying_of(terms))
            is_dollar = coin in snapshot.dollars_usd
            if not is_dollar and coin not in model.volume_coin_per_day:
                return Failure(
                    subject=instrument_id,
                    reason="missing_data",
                    message=f"no traded volume of {coin}, so nobody knows how long an exit takes",
                )
            spot = snapshot.spot_usd(coin)
            if isinstance(spot, Failure):
                return Failure(subject=instrument_id, reason=spot.reason, message=spot.message)
            price, quantity = to_model(spot), float(sums.quantity)
            entered = float(sums.entered_ccy)
            profits.append(
                quantity
                * (worth.then_ccy * worth.price_then_usd - worth.now_ccy * worth.price_now_usd)
                - entered * (worth.price_then_usd - worth.price_now_usd)
                - quantity * worth.paid_usd
            )
            delta = float(values.delta_own_coin[row])
            if not has_entry(terms) and values.settlement_coins[row] == coin:
                unit = float(values.unit_ccy[row])
                delta += unit * float(values.settlement_delta_coin_per_unit[row])
            notional = abs(quantity) * _size_usd(terms, worth, price, delta)
            is_short = isinstance(terms, Option) and quantity < 0
            rows.append(
                (
                    f"{account.account_id} {instrument_id}",
                    account.account_id,
                    coin,
                    expiry_of(terms),
                    (quantity * worth.now_ccy - entered) * worth.price_now_usd,
                    notional,
                    notional / price,
                    0.0 if is_asset_holding(terms) else quantity * delta * price,
                    notional if is_short else 0.0,
                    is_dollar,
                )
            )
    names, accounts, coins, expiries, *numbers = zip(*rows, strict=True) if rows else [()] * 10
    columns = [np.array(column, dtype=np.float64) for column in numbers]
    count = len(scenarios)
    return Legs(
        subjects=tuple(str(name) for name in names),
        accounts=tuple(str(each) for each in accounts),
        coins=tuple(str(coin) for coin in coins),
        expiries_ns=tuple(each if isinstance(each, int) else None for each in expiries),
        profits_usd=np.stack(profits, axis=1) if profits else np.zeros((count, 0)),
        worth_usd=columns[0],
        notional_usd=columns[1],
        notional_coin=columns[2],
        delta_usd=columns[3],
        short_usd=columns[4],
        is_dollar=columns[5] != 0.0,
    )


def _held(account: Account, book: Book) -> Outcome[dict[str, _Held]]:
    """Add up an account's positions and balances, exactly."""
    terms_of = {terms.instrument_id: terms for terms in book.instruments}
    found: dict[str, _Held] = {}
    for position in account.positions:
        terms = terms_of[position.instrument_id]
        entered = Fraction(0)
        if has_entry(terms):
            if position.price_entry_ccy is None:
                return Failure(
                    subject=position.instrument_id, reason="missing_data", message="no entry price"
                )
            entry = Fraction(position.price_entry_ccy)
            unit = (
                -Fraction(terms.multiplier_usd_per_contract) / entry
                if is_inverse(terms)
                else Fraction(slope_ccy_per_usd(terms)) * entry
            )
            entered = Fraction(position.quantity_contracts) * unit
        _add(found, position.instrument_id, position.quantity_contracts, entered)
    for balance in account.balances:
        _add(found, f"spot:{balance.asset}", balance.quantity_coin, Fraction(0))
    return found


def _add(found: dict[str, _Held], name: str, quantity: Decimal, entered: Fraction) -> None:
    held = found.setdefault(name, _Held(Fraction(0), Fraction(0)))
    held.quantity += Fraction(quantity)
    held.entered_ccy += entered


def _size_usd(terms: Instrument, worth: Worth, spot_usd: float, delta_coin: float) -> float:
    """Give the notional of one contract: of an option the coins it is on, whatever its delta."""
    if isinstance(terms, Option):
        return to_model(terms.multiplier_coin_per_contract) * spot_usd
    if has_entry(terms):
        if is_inverse(terms):
            return to_model(terms.multiplier_usd_per_contract)
        return abs(worth.now_ccy) * worth.price_now_usd
    if is_asset_holding(terms):
        return abs(worth.now_ccy) * worth.price_now_usd
    return max(abs(delta_coin) * spot_usd, abs(worth.now_ccy) * worth.price_now_usd)
