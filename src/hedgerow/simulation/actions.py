"""The record of every leg that was sent or proposed: what became of it and what it cost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from hedgerow.errors import Failure
from hedgerow.execution import Receipt
from hedgerow.instruments import Instrument, Option, has_entry
from hedgerow.margin import mark_ccy
from hedgerow.market import Snapshot
from hedgerow.planning import Leg, Order, Swap, Switch, Transfer
from hedgerow.pricing import unit_ccy
from hedgerow.simulation.records import Action
from hedgerow.units import format_ns, to_model

__all__ = ["ActionLog", "cost_usd"]

# What two proposals must share to be one: account, instrument and side of an order; both accounts,
# asset and use of a transfer; and which of several such legs of a plan it is.
_Proposal: TypeAlias = tuple[str, ...]


def cost_usd(
    leg: Leg, receipt: Receipt, instruments: Mapping[str, Instrument], snapshot: Snapshot
) -> float:
    """Give what a leg cost: its fee, and for an order its fill against the mark.

    Falls back on what the plan expected where a price is unknown now.
    """
    if receipt.status == "rejected":
        return 0.0
    spent_ccy = receipt.fee_ccy
    if isinstance(leg, Order) and receipt.price_average_usd is not None:
        future = instruments.get(leg.instrument_id)
        if has_entry(future):
            mark = snapshot.mark_usd(future.instrument_id, future.underlying)
            if isinstance(mark, Failure):
                return leg.cost_expected_usd
            worse = unit_ccy(future, receipt.price_average_usd) - unit_ccy(future, mark)
            spent_ccy += receipt.filled_contracts * worse
        elif isinstance(future, Option):
            return _option_cost_usd(leg, future, receipt, receipt.price_average_usd, snapshot)
    if spent_ccy == 0:
        return 0.0
    asset = snapshot.asset(receipt.currency)
    if isinstance(asset, Failure):
        return leg.cost_expected_usd
    return to_model(spent_ccy) * asset.price_usd


def _option_cost_usd(
    leg: Order,
    option: Option,
    receipt: Receipt,
    price_average_usd: Decimal,
    snapshot: Snapshot,
) -> float:
    """Compare the dollars paid with those of the mark; the receipt's price is in dollars."""
    mark, paid = mark_ccy(option, snapshot), snapshot.asset(option.settlement)
    if isinstance(mark, Failure) or isinstance(paid, Failure):
        return leg.cost_expected_usd
    coins = to_model(receipt.filled_contracts * option.multiplier_coin_per_contract)
    worse = to_model(price_average_usd) - mark * paid.price_usd
    return to_model(receipt.fee_ccy) * paid.price_usd + coins * worse


class ActionLog:
    """Actions in the order in which their legs were first heard of."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._legs: dict[str, Leg] = {}
        self._repeats: dict[str, Leg] = {}
        self._sent: dict[Leg, int] = {}
        self._standing: dict[_Proposal, tuple[int, int]] = {}
        self._actions: list[Action] = []

    def planned(self, leg: Leg) -> None:
        """Remember the leg behind a client id, so that its receipts can be told apart."""
        if self._legs.setdefault(leg.client_id, leg) != leg:
            self._repeats[leg.client_id] = leg

    def leg(self, client_id: str) -> Leg | None:
        """Find the leg of a client id, the last one where an id was used again."""
        return self._repeats.get(client_id) or self._legs.get(client_id)

    def told(self, receipt: Receipt, snapshot: Snapshot) -> None:
        """Take a receipt; a later one of the same leg updates its action, cost counted once.

        The refusal of a client id that is in use already belongs to the leg that used it again, and
        says nothing of the one that the venue has taken.
        """
        leg = self._legs.get(receipt.client_id)
        if leg is None:
            return  # a leg of somebody else on the same account: not ours to report
        at = self._sent.get(leg)
        if receipt.status == "rejected" and at is not None and self._is_taken(at):
            if receipt.client_id not in self._repeats:
                return
            leg = self._repeats[receipt.client_id]
            at = self._sent.get(leg)
        if at is not None and self._actions[at].status == receipt.status:
            return
        done = receipt.filled_contracts
        if isinstance(leg, Transfer):
            done = leg.quantity_coin if receipt.status == "credited" else Decimal(0)
        if at is not None:
            before = self._actions[at]
            self._actions[at] = msgspec.structs.replace(
                before,
                status=receipt.status,
                message="; ".join(words for words in (before.message, receipt.message) if words),
                done_contracts_or_coin=done,
            )
            return
        self._sent[leg] = len(self._actions)
        self._actions.append(
            Action(
                time_ns=receipt.time_ns,
                leg=leg,
                status=receipt.status,
                message=receipt.message,
                cost_usd=cost_usd(leg, receipt, self._instruments, snapshot),
                done_contracts_or_coin=done,
                price_average_usd=receipt.price_average_usd,
            )
        )

    def proposed(self, legs: Iterable[Leg], time_ns: int) -> None:
        """Take what one step proposes without sending it; call it at every step.

        Nothing being sent, the same is proposed again a step later, for an amount that has moved
        with the market. What is proposed at consecutive steps for the same accounts, instrument or
        asset, and side is one action: of the time of the first, with the leg of the last. It costs
        nothing.
        """
        seen: Counter[_Proposal] = Counter()
        standing: dict[_Proposal, tuple[int, int]] = {}
        for leg in legs:
            about = _about(leg)
            seen[about] += 1
            key = (*about, str(seen[about]))
            at, steps_count = self._standing.get(key, (len(self._actions), 0))
            if not steps_count:
                self._actions.append(_proposal(leg, time_ns))
            else:
                self._actions[at] = msgspec.structs.replace(
                    self._actions[at],
                    leg=leg,
                    message=f"proposed at {steps_count + 1} steps in a row, the last "
                    f"{format_ns(time_ns)}",
                )
            standing[key] = (at, steps_count + 1)
        self._standing = standing

    def actions(self) -> tuple[Action, ...]:
        """List what was done so far."""
        return tuple(self._actions)

    def _is_taken(self, at: int) -> bool:
        return self._actions[at].status in ("acknowledged", "filled", "credited")


def _about(leg: Leg) -> _Proposal:
    if isinstance(leg, Order):
        side: Literal["buy", "sell"] = "buy" if leg.quantity_contracts > 0 else "sell"
        return ("order", leg.account_id, leg.instrument_id, side)
    if isinstance(leg, Switch):
        return ("switch", leg.account_id, leg.rulebook)
    if isinstance(leg, Swap):
        return ("swap", leg.account_id, leg.asset, leg.asset_take)
    return ("transfer", leg.source_account_id, leg.target_account_id, leg.asset, leg.use)


def _proposal(leg: Leg, time_ns: int) -> Action:
    return Action(
        time_ns=time_ns,
        leg=leg,
        status="proposed",
        message="",
        cost_usd=0.0,
        done_contracts_or_coin=Decimal(0),
        price_average_usd=None,
    )
