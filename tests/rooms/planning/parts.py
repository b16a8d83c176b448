"""What tests of plans are made of in more than one file: routes, and plans of option trades."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from hedgerow.collateral import Route
from hedgerow.hedging import ChosenTrade, crossing_and_fee_usd
from hedgerow.limits import Survey
from hedgerow.planning import Joint
from hedgerow.units import SECOND_NS
from tests.rooms.planning.test_joint_options import offers


def route(
    source: str,
    target: str,
    asset: str,
    use: Literal["balance", "supply", "repay"],
    fee_coin: str = "0",
    step_coin: str = "0.1",
) -> Route:
    """Make a route of a minute."""
    return Route(
        source_account_id=source,
        target_account_id=target,
        asset=asset,
        use=use,
        latency_ns=60 * SECOND_NS,
        fee_coin=Decimal(fee_coin),
        step_coin=Decimal(step_coin),
    )


def plan_of_options(now: Survey, wanted: Mapping[str, float]) -> Joint:
    """Give a plan of these trades of the account `deri`, in this order, at what they cost."""
    offered = {each.instrument_id: each for each in offers(now)}
    trades = []
    for name, quantity in wanted.items():
        crossing, fee = crossing_and_fee_usd(offered[name], quantity)
        trades.append(
            ChosenTrade(
                instrument_id=name,
                account_id="deri",
                quantity_contracts=quantity,
                crossing_usd=crossing,
                fee_usd=fee,
                carry_usd=0.0,
                ticket_usd=0.0,
            )
        )
    return Joint(
        trades=tuple(trades),
        moves=(),
        cost_usd=0.0,
        bound_usd=0.0,
        excess_frac=0.0,
        before=now,
        after=now,
        offers=tuple(offered.values()),
        asks=(),
        shadows=(),
        conflicts=(),
        unplanned=(),
        refused=(),
        remark="",
    )
