"""A plain wallet, and what every account shares with it: an asset leaves, an asset arrives.

The fee of a route is charged to the source on top of the amount, so that what a transfer names is
what arrives.
"""

from decimal import Decimal

from hedgerow.portfolio import Account
from hedgerow.simulation.ledger import Change, Flow, with_flows

__all__ = ["arrived", "sent"]


def sent(account: Account, asset: str, quantity_coin: Decimal, fee_coin: Decimal) -> Change | str:
    """Debit an amount and its fee at once; a sentence where the balance does not cover both."""
    held = account.balance_coin(asset)
    if held < quantity_coin + fee_coin:
        return (
            f"{account.account_id} holds {held} {asset}, less than {quantity_coin} and the fee of "
            f"{fee_coin}"
        )
    flows = [Flow(asset=asset, quantity_coin=-quantity_coin, reason="transit")]
    if fee_coin:
        flows.append(Flow(asset=asset, quantity_coin=-fee_coin, reason="fee"))
    return Change(account=with_flows(account, flows), flows=tuple(flows))


def arrived(account: Account, asset: str, quantity_coin: Decimal) -> Change:
    """Credit an amount that was in transit."""
    flows = (Flow(asset=asset, quantity_coin=quantity_coin, reason="transit"),)
    return Change(account=with_flows(account, flows), flows=flows)
