"""A book as legs: what each position is worth, gains in every scenario, and asks beyond that.

Positions of one account in one instrument are one leg, added up exactly: how a position was split,
or in which order it was listed, cannot change a digit.
"""

from collections.abc import Iterable, Sequence
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
from hedgerow.margin.portfolio.told import figure, worth_told
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
    worths_told
        How that comes about, as the detail of a line.
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
    worths_told: tuple[str, ...]
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
            worths_told=tuple(self.worths_told[i] for i in rows),
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


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One leg; what `Legs` holds as columns."""

    subject: str
    account: str
    coin: str
    expiry_ns: int | None
    profit_usd: Floats
    worth_usd: float
    worth_told: str
    notional_usd: float
    notional_coin: float
    delta_usd: float
    short_usd: float
    is_dollar: bool


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
    rows: list[_Row] = []
    for account in sorted(book.accounts, key=lambda each: each.account_id):
        held = _held(account, book)
        if isinstance(held, Failure):
            return held
        for instrument_id, sums in sorted(held.items()):
            at = terms_at[instrument_id]
            terms, row = book.instruments[at], row_of[at]
            delta = float(values.delta_own_coin[row])
            coin = snapshot.coin_of(underlying_of(terms))
            if not has_entry(terms) and values.settlement_coins[row] == coin:
                unit = float(values.unit_ccy[row])
                delta += unit * float(values.settlement_delta_coin_per_unit[row])
            leg = _row(account, terms, sums, worths[instrument_id], delta, snapshot, model)
            if isinstance(leg, Failure):
                return leg
            rows.append(leg)
    return _columns(rows, len(scenarios))


def _row(
    account: Account,
    terms: Instrument,
    sums: _Held,
    worth: Worth,
    delta_coin: float,
    snapshot: Snapshot,
    model: PortfolioModel,
) -> Outcome[_Row]:
    """Give one leg; a failure where its coin has no price or no traded volume."""
    coin = snapshot.coin_of(underlying_of(terms))
    is_dollar = coin in snapshot.dollars_usd
    if not is_dollar and coin not in model.volume_coin_per_day:
        return Failure(
            subject=terms.instrument_id,
            reason="missing_data",
            message=f"no traded volume of {coin}, so nobody knows how long an exit takes",
        )
    spot = snapshot.spot_usd(coin)
    if isinstance(spot, Failure):
        return Failure(subject=terms.instrument_id, reason=spot.reason, message=spot.message)
    price, quantity = to_model(spot), float(sums.quantity)
    entered = float(sums.entered_ccy)
    notional = abs(quantity) * _size_usd(terms, worth, price, delta_coin)
    is_short = isinstance(terms, Option) and quantity < 0
    return _Row(
        subject=f"{account.account_id} {terms.instrument_id}",
        account=account.account_id,
        coin=coin,
        expiry_ns=expiry_of(terms),
        profit_usd=quantity
        * (worth.then_ccy * worth.price_then_usd - worth.now_ccy * worth.price_now_usd)
        - entered * (worth.price_then_usd - worth.price_now_usd)
        - quantity * worth.paid_usd,
        worth_usd=(quantity * worth.now_ccy - entered) * worth.price_now_usd,
        worth_told=worth_told(
            quantity_contracts=quantity,
            unit_ccy=worth.now_ccy,
            unit_told=worth.told,
            entered_ccy=entered,
            entered_told=_entered_told(terms, sums),
            price_usd=worth.price_now_usd,
        ),
        notional_usd=notional,
        notional_coin=notional / price,
        delta_usd=0.0 if is_asset_holding(terms) else quantity * delta_coin * price,
        short_usd=notional if is_short else 0.0,
        is_dollar=is_dollar,
    )


def _columns(rows: Sequence[_Row], scenarios_count: int) -> Legs:
    """Turn legs into columns, in the order given."""

    def column(given: Iterable[float]) -> Floats:
        return np.array(list(given), dtype=np.float64)

    return Legs(
        subjects=tuple(row.subject for row in rows),
        accounts=tuple(row.account for row in rows),
        coins=tuple(row.coin for row in rows),
        expiries_ns=tuple(row.expiry_ns for row in rows),
        profits_usd=(
            np.stack([row.profit_usd for row in rows], axis=1)
            if rows
            else np.zeros((scenarios_count, 0))
        ),
        worth_usd=column(row.worth_usd for row in rows),
        worths_told=tuple(row.worth_told for row in rows),
        notional_usd=column(row.notional_usd for row in rows),
        notional_coin=column(row.notional_coin for row in rows),
        delta_usd=column(row.delta_usd for row in rows),
        short_usd=column(row.short_usd for row in rows),
        is_dollar=np.array([row.is_dollar for row in rows], dtype=np.bool_),
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


def _entered_told(terms: Instrument, sums: _Held) -> str:
    """Say the size of what was entered, by its mean entry price; nothing where sides cancel."""
    if not has_entry(terms) or not sums.quantity or not sums.entered_ccy:
        return ""
    size = figure(abs(float(sums.quantity)))
    each = abs(sums.entered_ccy / sums.quantity)
    if is_inverse(terms):
        face = Fraction(terms.multiplier_usd_per_contract)
        return f"{size} x {figure(float(face))} / {figure(float(face / each))}"
    slope = Fraction(slope_ccy_per_usd(terms))
    entry = figure(float(each / slope))
    return f"{size} x {entry}" if slope == 1 else f"{size} x {figure(float(slope))} x {entry}"


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
