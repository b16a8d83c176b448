"""A lending market: supply, repay, withdraw, and liquidation, in the protocol's own integers.

Balances are scaled units times an index (`margin.rules.aave_v3`). Every rounding goes against the
account: supplying mints rounded down, repaying burns rounded down, withdrawing burns rounded up. A
liquidator repays the largest debt against the largest collateral, as much as the close factor lets
it, again and again until the health factor is back at one (Aave v3, onchain-margin.md section 5).
It acts on the protocol's oracle, not on the market.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin import LoanAmount, Rulebook, reach_of, terms_of
from hedgerow.margin.loans import price_base, scaled_raw
from hedgerow.margin.rules.aave_v3 import balance_raw, collateral_base, debt_base, debt_raw
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.simulation.ledger import Change, Flow, FlowReason, with_position
from hedgerow.simulation.perpetual_venue import Liquidated
from hedgerow.units import mul_div_down, mul_div_up

__all__ = ["liquidate", "repaid", "supplied", "swapped", "withdrawn"]

_RAY = 10**27
_BASE = Decimal(10) ** 8


def supplied(account: Account, terms: LoanSupply, quantity_coin: Decimal, index_ray: int) -> Change:
    """Mint scaled units for an amount that arrived."""
    amount = _raw(quantity_coin, terms.asset_decimals)
    quantity = account.quantity_contracts(terms.instrument_id)
    held = scaled_raw(quantity, terms.asset_decimals, is_debt=False)
    minted = mul_div_down(amount, _RAY, index_ray)
    return Change(
        account=_scaled(account, terms, held + minted),
        flows=_through(terms.asset, quantity_coin, "transit", "pool"),
    )


def repaid(
    account: Account, terms: LoanDebt, quantity_coin: Decimal, index_ray: int
) -> tuple[Change, Decimal]:
    """Burn scaled debt for an amount that arrived; the second is what was more than the debt."""
    offered = _raw(quantity_coin, terms.asset_decimals)
    quantity = account.quantity_contracts(terms.instrument_id)
    held = scaled_raw(quantity, terms.asset_decimals, is_debt=True)
    owed = debt_raw(held, index_ray)
    paid = min(offered, owed)
    burned = held if paid == owed else mul_div_down(paid, _RAY, index_ray)
    paid_coin = _coin(paid, terms.asset_decimals)
    change = Change(
        account=_scaled(account, terms, held - burned),
        flows=_through(terms.asset, paid_coin, "transit", "pool"),
    )
    return change, quantity_coin - paid_coin


def withdrawn(
    account: Account, terms: LoanSupply, quantity_coin: Decimal, index_ray: int
) -> Change | None:
    """Burn scaled units and put the amount into the account's balance; None beyond the supply."""
    amount = _raw(quantity_coin, terms.asset_decimals)
    quantity = account.quantity_contracts(terms.instrument_id)
    held = scaled_raw(quantity, terms.asset_decimals, is_debt=False)
    if amount > balance_raw(held, index_ray):
        return None
    burned = min(held, mul_div_up(amount, _RAY, index_ray))
    flows = (Flow(asset=terms.asset, quantity_coin=quantity_coin, reason="pool"),)
    return Change(account=_scaled(account, terms, held - burned), flows=flows)


def swapped(
    account: Account,
    give: LoanSupply,
    take: LoanSupply,
    given_coin: Decimal,
    taken_coin: Decimal,
    indices_ray: tuple[int, int],
) -> Change | None:
    """Withdraw one collateral, sell it, and supply what it brought; None beyond the supply."""
    out = withdrawn(account, give, given_coin, indices_ray[0])
    if out is None:
        return None
    back = supplied(out.account, take, taken_coin, indices_ray[1])
    flows = (
        *out.flows,
        Flow(asset=give.asset, quantity_coin=-given_coin, reason="trade"),
        Flow(asset=take.asset, quantity_coin=taken_coin, reason="trade"),
        Flow(asset=take.asset, quantity_coin=-taken_coin, reason="pool"),
    )
    return Change(account=back.account, flows=flows)


def liquidate(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
) -> Outcome[Liquidated]:
    """Let liquidators take all they may, again and again until they may take nothing."""
    at_par = terms_of(rulebook).at_par
    flows: list[Flow] = []
    loss_base = 0
    done: list[str] = []
    while True:
        reach = reach_of(account, instruments, snapshot, rulebook)
        if isinstance(reach, Failure):
            return reach
        if reach is None:
            break
        done.append(reach.detail)
        if reach.after == account:
            break
        account = reach.after
        # A fee that is added to the debt is raised out of what was seized.
        kept = (each for each in reach.fee if _is_supply(each, instruments))
        taken = _together((*reach.seized, *kept))
        for amount in taken:
            flows += _through(amount.asset, amount.quantity_coin, "pool", "seized")
        given = (*reach.repaid, *reach.returned)
        for amount in given:
            flows += _through(amount.asset, amount.quantity_coin, "seized", "pool")
        loss_base += _worth_base(taken, instruments, snapshot, at_par)
        loss_base -= _worth_base(given, instruments, snapshot, at_par)
    return Liquidated(
        change=Change(account=account, flows=tuple(flows)),
        loss_ccy=max(Decimal(loss_base) / _BASE, Decimal(0)),
        currency="USD",
        message="; ".join(done),
    )


def _is_supply(amount: LoanAmount, instruments: Mapping[str, Instrument]) -> bool:
    return isinstance(instruments[amount.instrument_id], LoanSupply)


def _together(amounts: Sequence[LoanAmount]) -> list[LoanAmount]:
    """Add amounts of one loan up, whoever gets them."""
    whole: dict[str, LoanAmount] = {}
    for each in amounts:
        before = whole.get(each.instrument_id)
        coins = each.quantity_coin + (before.quantity_coin if before else 0)
        whole[each.instrument_id] = msgspec.structs.replace(each, quantity_coin=coins)
    return list(whole.values())


def _worth_base(
    amounts: Sequence[LoanAmount],
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    at_par: Sequence[str],
) -> int:
    """Value amounts as the protocol does, in dollars scaled 1e8."""
    worth = 0
    for each in amounts:
        terms = instruments[each.instrument_id]
        assert isinstance(terms, LoanSupply | LoanDebt)
        is_debt = isinstance(terms, LoanDebt)
        oracle = Decimal(1) if each.asset in at_par else snapshot.oracle_usd(each.asset)
        # Known, or there were no reach.
        assert not isinstance(oracle, Failure)
        value = debt_base if is_debt else collateral_base
        worth += value(
            _raw(each.quantity_coin, terms.asset_decimals),
            price_base(oracle, is_debt=is_debt),
            terms.asset_decimals,
        )
    return worth


def _scaled(account: Account, terms: LoanSupply | LoanDebt, scaled: int) -> Account:
    """Set the position to so many scaled units; debt is held short."""
    quantity = _coin(scaled, terms.asset_decimals)
    return with_position(
        account, terms.instrument_id, -quantity if isinstance(terms, LoanDebt) else quantity
    )


def _through(
    asset: str, quantity_coin: Decimal, source: FlowReason, target: FlowReason
) -> tuple[Flow, ...]:
    """Pass an amount through the account: in for one reason, out for another."""
    return (
        Flow(asset=asset, quantity_coin=quantity_coin, reason=source),
        Flow(asset=asset, quantity_coin=-quantity_coin, reason=target),
    )


def _raw(quantity_coin: Decimal, decimals: int) -> int:
    return int(quantity_coin.scaleb(decimals))


def _coin(amount_raw: int, decimals: int) -> Decimal:
    return Decimal(amount_raw).scaleb(-decimals)
