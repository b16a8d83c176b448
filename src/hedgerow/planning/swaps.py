"""One collateral of a lending account given for another, as one transaction at the market's prices.

What is given is withdrawn and sold at its price less half a spread and the fee, and what it brings
is supplied, all at once. The protocol lets it where the health factor is not below one afterwards.
Caps of what may be supplied, and assets that bar one another as collateral, are not known here.
"""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanSupply
from hedgerow.limits import arrived, lending_market, loan_held_coin
from hedgerow.margin import Rulebook, require
from hedgerow.margin.loans import loan_of
from hedgerow.market import Snapshot
from hedgerow.planning.costs import ChosenSwap, SwapWay
from hedgerow.portfolio import Account
from hedgerow.units import digits_of, quantise, to_model

__all__ = ["after_swap", "swap_of", "swap_refusal", "swappable_coin"]


def swap_of(
    way: SwapWay,
    quantity_coin: Decimal,
    account: Account,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Outcome[ChosenSwap]:
    """Price a swap of so much; what comes for it is rounded down to the token's smallest unit.

    A failure where it is more than the market is said to take at that price.
    """
    most = way.quantity_coin_max
    if most is not None and quantity_coin > most:
        return Failure(
            subject=account.account_id,
            reason="unsupported",
            message=f"{quantity_coin:f} {way.asset} are more than the {most:f} that are swapped "
            "at once",
        )
    market = lending_market(account, rulebooks)
    take = None if market is None else loan_of(instruments, market, way.asset_take, is_debt=False)
    prices = snapshot.asset(way.asset), snapshot.asset(way.asset_take)
    for price in prices:
        if isinstance(price, Failure):
            return price
    if not isinstance(take, LoanSupply):
        return _refused(account, f"supplies no {way.asset_take}; describe it as an instrument")
    given, taken = (
        digits_of(price.price_usd) for price in prices if not isinstance(price, Failure)
    )
    left_frac = 1 - way.fee_frac - way.half_spread_frac
    step = Decimal(1).scaleb(-take.asset_decimals)
    worth_usd = to_model(quantity_coin * given)
    return ChosenSwap(
        way=way,
        quantity_coin=quantity_coin,
        quantity_take_coin=quantise(quantity_coin * given * left_frac / taken, step, "down"),
        crossing_usd=worth_usd * to_model(way.half_spread_frac),
        fee_usd=worth_usd * to_model(way.fee_frac),
    )


def swappable_coin(
    way: SwapWay,
    account: Account,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Outcome[Decimal]:
    """Give what an account supplies of the asset, in whole steps; a failure where it is unknown."""
    held = loan_held_coin(account, way.asset, snapshot, instruments, rulebooks, is_debt=False)
    return held if isinstance(held, Failure) else quantise(held, way.step_coin, "down")


def after_swap(
    account: Account,
    swap: ChosenSwap,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Outcome[Account]:
    """Give the account with one collateral in the place of the other."""
    way, market = swap.way, lending_market(account, rulebooks)
    for asset, coins in (
        (way.asset, -swap.quantity_coin),
        (way.asset_take, swap.quantity_take_coin),
    ):
        found = arrived(account, asset, "supply", coins, snapshot, instruments, market=market)
        if isinstance(found, Failure):
            return found
        account = found
    return account


def swap_refusal(
    account: Account,
    swap: ChosenSwap,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Failure | None:
    """Say why an account may not make a swap, None where the protocol lets it."""
    held = swappable_coin(swap.way, account, snapshot, instruments, rulebooks)
    if isinstance(held, Failure):
        return held
    if held < swap.quantity_coin:
        return _refused(account, f"supplies {held:f} {swap.way.asset}, less than is to be given")
    after = after_swap(account, swap, snapshot, instruments, rulebooks)
    if isinstance(after, Failure):
        return after
    report = require(after, instruments, snapshot, rulebooks[after.rulebook or ""])
    if isinstance(report, Failure):
        return report
    if report.equity_ccy < report.requirement_maintenance_ccy:
        return _refused(
            account,
            f"would hold {report.equity_ccy:f} {report.currency} against "
            f"{report.requirement_maintenance_ccy:f}, and the protocol lets nothing go below that",
        )
    return None


def _refused(account: Account, message: str) -> Failure:
    return Failure(
        subject=account.account_id, reason="unsupported", message=f"{account.account_id} {message}"
    )
