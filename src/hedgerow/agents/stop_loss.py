"""The simplest policy to hold others against: do nothing, and close once too much is lost.

A `View` enters. While the desk is worth less than it was by a stated loss, orders leave that close
every option on a hedged coin and trade the delta of what is left to its target; before that nothing
leaves. What it does follows from the view alone: once closed there is nothing left to do. A desk
whose value is unknown is not closed, and the decision says why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from msgspec import structs

from hedgerow.agents.hedger import deltas_of, written
from hedgerow.errors import Failure
from hedgerow.execution import Decision, View
from hedgerow.hedging import HedgePolicy
from hedgerow.hedging import plan as plan_trades
from hedgerow.instruments import Instrument, LinearPerpetual, Option
from hedgerow.planning import Order
from hedgerow.planning.plan import stamp
from hedgerow.portfolio import Account, Balance, book
from hedgerow.pricing import value
from hedgerow.units import quantise, scaled

__all__ = ["StopLossAgent"]

# A stop is filled at almost any price: half as much again as the mark, and ten ticks.
_WORSE_FRAC: Final = Decimal("0.5")
_TICKS_COUNT: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class StopLossAgent:
    """Close the options of these coins when the desk has lost `loss_usd_max` of its first value.

    `hedges` say which coins, their targets, and what and where the rest of the delta is traded; how
    far it may then stray is the policies' least width.
    """

    hedges: tuple[HedgePolicy, ...]
    perpetuals: tuple[LinearPerpetual, ...]
    equity_start_usd: float
    loss_usd_max: float

    def step(self, view: View, time_ns: int) -> Decision:
        """Decide whether to close, and by which orders."""
        state = deltas_of(view.book, view.snapshot)
        desk = state.exposures.row("desk")
        if isinstance(desk, Failure) or desk.missing:
            missing = (desk,) if isinstance(desk, Failure) else desk.missing
            why = ", ".join(sorted({failure.subject for failure in missing}))
            return _nothing(time_ns, f"the desk's value is unknown, not closed; missing: {why}")
        lost_usd = self.equity_start_usd - desk.value_usd
        if lost_usd < self.loss_usd_max:
            return _nothing(time_ns)
        reason = f"the desk lost {lost_usd:,.0f} USD, the stop is at {self.loss_usd_max:,.0f}"
        terms, units = view.book.terms, self._units_ccy(view)
        coins = {policy.underlying for policy in self.hedges}
        closing: list[Order] = []
        left: list[Account] = []
        for account in view.book.accounts:
            orders = list(_closing(account, terms, coins, units))
            left.append(_without(account, orders, terms, units))
            closing += orders
        dollars = self._dollars(view, closing, terms)
        closing = [
            structs.replace(
                each,
                client_id=f"{stamp(time_ns)}-s{at}",
                price_limit_usd=dollars[at],
                reason=reason,
            )
            for at, each in enumerate(closing)
        ]
        rest = deltas_of(book(left, terms), view.snapshot)
        trades = plan_trades(map(_plainly, self.hedges), rest, self.perpetuals)
        if not (closing or trades.trades or trades.unmet):
            return _nothing(time_ns)
        made = written(trades, rest, terms, self.perpetuals)
        made = structs.replace(made, legs=(*closing, *made.legs))
        undone = tuple(f"{each.subject}: {each.message}" for each in made.unmet)
        return Decision(time_ns=time_ns, limits=(), plan=made, reasons=(reason, *undone))

    def _units_ccy(self, view: View) -> dict[str, float]:
        """Give what one contract of each instrument is worth in its settlement asset."""
        values = value(view.book, view.snapshot)
        return {
            view.book.instruments[at].instrument_id: float(unit)
            for at, unit in zip(values.instrument_index, values.unit_ccy, strict=True)
        }

    def _dollars(
        self, view: View, closing: list[Order], terms: Mapping[str, Instrument]
    ) -> list[Decimal]:
        """Give each limit in dollars too."""
        found = []
        for order in closing:
            option = terms[order.instrument_id]
            assert isinstance(option, Option), "options alone are closed like this"
            price = view.snapshot.asset(option.settlement)
            assert not isinstance(price, Failure), "the desk has a value, so what it holds has one"
            assert order.price_limit_ccy is not None, "given where it was made"
            found.append(scaled(order.price_limit_ccy, price.price_usd))
        return found


def _nothing(time_ns: int, *reasons: str) -> Decision:
    return Decision(time_ns=time_ns, limits=(), plan=None, reasons=reasons)


def _plainly(policy: HedgePolicy) -> HedgePolicy:
    """Hold the delta within the least width of the policy, whatever band it has."""
    return structs.replace(
        policy, band="fixed", budget=None, risk_aversion_per_usd=None, interval_ns=None
    )


def _closing(
    account: Account,
    terms: Mapping[str, Instrument],
    coins: set[str],
    units_ccy: Mapping[str, float],
) -> Iterator[Order]:
    """Give an order against every option held on these coins; ids and dollars follow."""
    for position in account.positions:
        option = terms[position.instrument_id]
        if not isinstance(option, Option) or option.underlying not in coins:
            continue
        mark = scaled(Decimal(1), units_ccy[option.instrument_id])
        mark /= option.multiplier_coin_per_contract
        is_bought = position.quantity_contracts < 0
        worse = mark * _WORSE_FRAC + _TICKS_COUNT * option.tick_ccy
        limit = mark + worse if is_bought else max(mark - worse, Decimal(0))
        yield Order(
            client_id="",
            account_id=account.account_id,
            venue=account.venue,
            instrument_id=option.instrument_id,
            quantity_contracts=-position.quantity_contracts,
            price_limit_usd=Decimal(0),
            price_limit_ccy=quantise(limit, option.tick_ccy, "down"),
            cost_expected_usd=0.0,
            reason="",
        )


def _without(
    account: Account,
    closing: list[Order],
    terms: Mapping[str, Instrument],
    units_ccy: Mapping[str, float],
) -> Account:
    """Give an account as it is once these orders are filled at their marks."""
    if not closing:
        return account
    closed = {order.instrument_id: order.quantity_contracts for order in closing}
    coins = {balance.asset: balance.quantity_coin for balance in account.balances}
    for name, quantity in closed.items():
        option = terms[name]
        assert isinstance(option, Option), "options alone are closed like this"
        paid = scaled(quantity, units_ccy[name])
        coins[option.settlement] = coins.get(option.settlement, Decimal(0)) - paid
    return structs.replace(
        account,
        positions=tuple(each for each in account.positions if each.instrument_id not in closed),
        balances=tuple(Balance(asset=asset, quantity_coin=coin) for asset, coin in coins.items()),
    )
