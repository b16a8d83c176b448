"""The simplest policy to hold others against: do nothing, and close once too much is lost.

A `View` enters. While the desk is worth less than it was by a stated loss, orders leave that close
every option on a hedged coin and trade the delta of what is left to its target; before that nothing
leaves. What it does follows from the view alone: once closed there is nothing left to do, and what
a book did not take is sent again at the next look. A desk whose value is unknown is not closed, and
the decision says why.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import structs

from hedgerow.agents.hedger import deltas_of, written
from hedgerow.errors import Failure
from hedgerow.execution import Decision, View
from hedgerow.hedging import HedgePolicy
from hedgerow.hedging import plan as plan_trades
from hedgerow.instruments import LinearPerpetual, Option
from hedgerow.margin import are_both_sides_held, mark_ccy, with_leg
from hedgerow.planning import Order
from hedgerow.planning.records import stamp
from hedgerow.portfolio import Account, Book, book
from hedgerow.units import digits_of, quantise, scaled

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
        """Decide whether to close, and by which orders.

        An option of which an account holds both sides is left as it is and said, for which of them
        an order joins is unknown; all else is closed, and its delta is hedged with the rest.
        """
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
        closing, left, kept = _closed(
            view, {each.underlying for each in self.hedges}, time_ns, reason
        )
        rest = deltas_of(left, view.snapshot)
        trades = plan_trades(map(_plainly, self.hedges), rest, self.perpetuals)
        if not (closing or trades.trades or trades.unmet or kept):
            return _nothing(time_ns)
        made = written(trades, rest, left.terms, self.perpetuals)
        made = structs.replace(made, legs=(*closing, *made.legs), unmet=(*kept, *made.unmet))
        undone = tuple(f"{each.subject}: {each.message}" for each in made.unmet)
        return Decision(time_ns=time_ns, limits=(), plan=made, reasons=(reason, *undone))


def _nothing(time_ns: int, *reasons: str) -> Decision:
    return Decision(time_ns=time_ns, limits=(), plan=None, reasons=reasons)


def _plainly(policy: HedgePolicy) -> HedgePolicy:
    """Hold the delta within the least width of the policy, whatever band it has."""
    return structs.replace(
        policy, band="fixed", budget=None, risk_aversion_per_usd=None, interval_ns=None
    )


class _Closed(NamedTuple):
    """Orders that close options, the book once marks filled them, and what stays open and why."""

    orders: list[Order]
    left: Book
    kept: list[Failure]


def _closed(view: View, coins: Collection[str], time_ns: int, reason: str) -> _Closed:
    """Close every option on these coins."""
    closing: list[Order] = []
    left: list[Account] = []
    kept: dict[tuple[str, str], Failure] = {}
    for account in view.book.accounts:
        after = account
        for position in account.positions:
            option = view.book.terms[position.instrument_id]
            if not isinstance(option, Option) or option.underlying not in coins:
                continue
            if are_both_sides_held(account, option.instrument_id):
                kept[account.account_id, option.instrument_id] = Failure(
                    subject=option.instrument_id,
                    reason="unsupported",
                    message=f"not closed: {account.account_id} holds both sides of it, and which "
                    "of them an order joins is not known",
                )
                continue
            found = mark_ccy(option, view.snapshot)
            assert not isinstance(found, Failure), "the desk has a value, so what it holds has one"
            mark, quantity_contracts = digits_of(found), -position.quantity_contracts
            limit_ccy = _limit_ccy(option, mark, is_buy=quantity_contracts > 0)
            paid = view.snapshot.asset(option.settlement)
            assert not isinstance(paid, Failure), "the desk has a value, so what it holds has one"
            closing.append(
                Order(
                    client_id=f"{stamp(time_ns)}-s{len(closing)}",
                    account_id=account.account_id,
                    venue=account.venue,
                    instrument_id=option.instrument_id,
                    quantity_contracts=quantity_contracts,
                    price_limit_usd=scaled(limit_ccy, paid.price_usd),
                    price_limit_ccy=limit_ccy,
                    cost_expected_usd=0.0,
                    reason=reason,
                )
            )
            after = with_leg(after, option, quantity_contracts, mark)
        left.append(after)
    return _Closed(closing, book(left, view.book.terms), list(kept.values()))


def _limit_ccy(option: Option, price_ccy: Decimal, *, is_buy: bool) -> Decimal:
    """Give the worst price at which an option is closed, in what it is quoted in."""
    worse_ccy = price_ccy * _WORSE_FRAC + _TICKS_COUNT * option.tick_ccy
    # At least a tick: for nothing nobody is to have it.
    limit_ccy = price_ccy + worse_ccy if is_buy else max(price_ccy - worse_ccy, option.tick_ccy)
    # Towards the mark: no order may fill beyond what is allowed.
    return quantise(limit_ccy, option.tick_ccy, "down" if is_buy else "up")
