"""A venue of options in portfolio margin: orders, delivery at expiry, and liquidation in steps.

Liquidation buys back short options a fifth of the position at a time, each time from the series
whose absence would lower the maintenance requirement most, until the requirement is met; then
futures are sold into the book and long options sold, if that is what is left. There is no option
book here, so the price is the mark at a volatility that is worse by a half spread, which widens in
proportion to the volatility itself, rounded to the tick against the account; an order of any size
is filled at the same price. Deribit documents
small steps and futures first; the step size is not published, and futures come last here because
they are hedges of what is bought back.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, Option, has_entry
from hedgerow.margin import MarginReport, ScanRulebook, require
from hedgerow.market import OptionMark, Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import value_usd
from hedgerow.risk import Fill
from hedgerow.simulation.ledger import (
    Change,
    Flow,
    FlowReason,
    received,
    with_flows,
    with_position,
)
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.perpetual_venue import Liquidated, insured, sold_out
from hedgerow.units import percent, quantise, scaled, to_exact

__all__ = ["OptionSpread", "delivered", "liquidate", "price_ccy"]

# The venue reduces in small steps; a fifth of the position ends within a handful of them.
_STEPS_COUNT = 5


class OptionSpread(msgspec.Struct, frozen=True, kw_only=True):
    """Half of the spread of a trade, in volatility, at `vol_reference_frac`."""

    half_spread_vol_frac: float = 0.01
    vol_reference_frac: float = 0.5

    def __post_init__(self) -> None:
        if not (self.half_spread_vol_frac >= 0 and self.vol_reference_frac > 0):
            raise ValueError(
                f"option spread: {self.half_spread_vol_frac} must not be negative and the "
                f"reference {self.vol_reference_frac} must be positive"
            )

    def at(self, vol_frac: float) -> float:
        """Widen in proportion to the vol; never narrower than at the reference."""
        return self.half_spread_vol_frac * max(1.0, vol_frac / self.vol_reference_frac)

    def statement(self) -> str:
        """Say in one sentence what is assumed."""
        return (
            f"Forced option trades: no recorded option books; priced "
            f"{percent(self.half_spread_vol_frac)} of volatility worse than the mark "
            f"at {percent(self.vol_reference_frac, 0)} volatility, in proportion to it above."
        )


def price_ccy(option: Option, mark: OptionMark, vol_shift_frac: float) -> Decimal:
    """Give the price of one coin of notional at a shifted vol, rounded to the tick.

    A positive shift is a buyer's price and rounds up, at least one tick; any other is a seller's
    and rounds down. In coin for coin-settled options, else in dollars.
    """
    worth_usd = float(
        value_usd(
            np.array([mark.average_usd]),
            np.array([float(option.strike_usd)]),
            np.array([mark.vol_scale_frac * max(mark.vol_frac + vol_shift_frac, 0.0)]),
            np.array([mark.expiry_years]),
            np.array([option.right == "call"]),
        )[0]
    )
    worth = worth_usd / mark.average_usd if option.is_coin_settled else worth_usd
    if vol_shift_frac > 0:
        return max(to_exact(worth, option.tick_ccy, "up"), option.tick_ccy)
    return to_exact(worth, option.tick_ccy, "down")


def delivered(
    account: Account, option: Option, price_delivery_usd: Decimal, rulebook: ScanRulebook
) -> Change:
    """Pay out an expired option: ``max(±(A - K), 0)``, over A where it settles in coin.

    The fee is a fraction of the notional, capped by a fraction of the payoff; both in the
    settlement asset. What expires worthless costs nothing.
    """
    held = account.quantity_contracts(option.instrument_id)
    coins = held * option.multiplier_coin_per_contract
    sign = 1 if option.right == "call" else -1
    payoff = max(sign * (price_delivery_usd - option.strike_usd), Decimal(0))
    notional = price_delivery_usd
    if option.is_coin_settled:
        payoff, notional = payoff / price_delivery_usd, Decimal(1)
    fee = abs(coins) * min(
        rulebook.fee_delivery_frac * notional, rulebook.fee_cap_of_price_frac * payoff
    )
    flows = (
        *received(option.settlement, coins * payoff, "delivery", option.instrument_id),
        *received(option.settlement, -fee, "fee", option.instrument_id),
    )
    account = with_position(account, option.instrument_id, Decimal(0))
    return Change(account=with_flows(account, flows), flows=flows)


def liquidate(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
    spread: OptionSpread,
    books: OpenBooks,
) -> tuple[Liquidated, OpenBooks]:
    """Reduce an account until its requirement is met or nothing is left."""
    flows: list[Flow] = []
    fills: list[Fill] = []
    loss = Decimal(0)
    traded: dict[str, Decimal] = {}
    notes: list[str] = []
    steps: dict[str, Decimal] = {
        position.instrument_id: abs(position.quantity_contracts) / _STEPS_COUNT
        for position in account.positions
    }
    while True:
        report = require(account, instruments, snapshot, rulebook)
        if isinstance(report, Failure) or not report.is_liquidatable:
            break
        option = _next_option(account, instruments, snapshot, rulebook, is_short=True)
        if option is None:
            sold = _sell_future(account, instruments, snapshot, rulebook, report, books)
            if sold is not None:
                closed, books = sold
                account = closed.change.account
                flows += closed.change.flows
                fills += closed.change.fills
                loss += closed.loss_ccy
                notes.append(closed.message)
                continue
            option = _next_option(account, instruments, snapshot, rulebook, is_short=False)
        if option is None:
            break
        step = _one_step(account, option, steps[option.instrument_id], snapshot, rulebook, spread)
        if isinstance(step, Failure):
            notes.append(step.message)
            break
        change, cost, quantity = step
        account = change.account
        flows += change.flows
        fills += change.fills
        loss += cost
        traded[option.instrument_id] = traded.get(option.instrument_id, Decimal(0)) + quantity
    rest = insured(account, account.currency)
    words = [f"{'bought' if q > 0 else 'sold'} {abs(q)} {name}" for name, q in traded.items()]
    words += notes
    words += [f"the insurance fund paid {f.quantity_coin} {f.asset}" for f in rest.flows]
    return (
        Liquidated(
            change=Change(account=rest.account, flows=(*flows, *rest.flows), fills=tuple(fills)),
            loss_ccy=max(loss, Decimal(0)),
            currency=account.currency,
            message="; ".join(words),
        ),
        books,
    )


def _next_option(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
    *,
    is_short: bool,
) -> Option | None:
    """Find the series whose absence leaves the smallest requirement; the first of equals."""
    best: tuple[Decimal, Option] | None = None
    for position in account.positions:
        option = instruments[position.instrument_id]
        if not isinstance(option, Option) or (position.quantity_contracts < 0) != is_short:
            continue
        without = with_position(account, option.instrument_id, Decimal(0))
        report: Outcome[MarginReport] = require(without, instruments, snapshot, rulebook)
        if isinstance(report, Failure):
            continue
        left = report.requirement_maintenance_ccy
        if best is None or left < best[0]:
            best = (left, option)
    return None if best is None else best[1]


def _one_step(
    account: Account,
    option: Option,
    step_contracts: Decimal,
    snapshot: Snapshot,
    rulebook: ScanRulebook,
    spread: OptionSpread,
) -> tuple[Change, Decimal, Decimal] | Failure:
    """Trade one step of one series; the change, what it cost beyond the mark, and the quantity."""
    mark = snapshot.option(option)
    if isinstance(mark, Failure):
        return mark
    held = account.quantity_contracts(option.instrument_id)
    size = min(abs(held), quantise(step_contracts, option.lot_contracts, "up"))
    quantity = size if held < 0 else -size
    half_spread = spread.at(mark.vol_frac)
    price = price_ccy(option, mark, half_spread if held < 0 else -half_spread)
    fair = price_ccy(option, mark, 0.0)
    coins = size * option.multiplier_coin_per_contract
    fee = coins * (
        _fee_ccy(option, mark, price, rulebook)
        + rulebook.fee_liquidation_frac * _notional_ccy(option, mark)
    )
    change = _bought(account, option, quantity, price, fee, "liquidation_fee")
    return change, coins * abs(price - fair) + fee, quantity


def _notional_ccy(option: Option, mark: OptionMark) -> Decimal:
    """Give one coin of notional in what the option settles in."""
    return scaled(Decimal(1), 1.0 if option.is_coin_settled else mark.forward_usd)


def _fee_ccy(
    option: Option, mark: OptionMark, price_paid_ccy: Decimal, rulebook: ScanRulebook
) -> Decimal:
    """Give a taker's fee for one coin of notional, capped by a part of the price."""
    return min(
        rulebook.fee_taker_frac * _notional_ccy(option, mark),
        rulebook.fee_cap_of_price_frac * price_paid_ccy,
    )


def _bought(
    account: Account,
    option: Option,
    quantity_contracts: Decimal,
    price_paid_ccy: Decimal,
    fee_ccy: Decimal,
    fee_reason: FlowReason,
) -> Change:
    """Book one trade of one series at a price for a coin of notional; selling is negative."""
    name = option.instrument_id
    paid = price_paid_ccy * quantity_contracts * option.multiplier_coin_per_contract
    flows = (
        *received(option.settlement, -paid, "trade", name),
        *received(option.settlement, -fee_ccy, fee_reason, name),
    )
    held = account.quantity_contracts(name)
    fills: tuple[Fill, ...] = ()
    if price_paid_ccy > 0:  # sold for nothing, it was given away
        fills = (
            Fill(
                account_id=account.account_id,
                instrument_id=name,
                quantity_contracts=quantity_contracts,
                price_ccy=price_paid_ccy,
                kind="trade" if fee_reason == "fee" else "liquidation",
            ),
        )
    account = with_position(account, name, held + quantity_contracts)
    return Change(account=with_flows(account, flows), flows=flows, fills=fills)


def _sell_future(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: ScanRulebook,
    report: MarginReport,
    books: OpenBooks,
) -> tuple[Liquidated, OpenBooks] | None:
    """Close the first future held; None where none is held or none could be closed."""
    fee_frac = rulebook.fee_taker_frac + rulebook.fee_liquidation_frac
    for position in account.positions:
        future = instruments[position.instrument_id]
        if not has_entry(future):
            continue
        mark = snapshot.mark_usd(future.instrument_id, future.underlying)
        if isinstance(mark, Failure):
            continue
        closed = sold_out(account, future, mark, report.equity_ccy, fee_frac, snapshot, books)
        if closed[0].change.account != account:
            return closed
    return None
