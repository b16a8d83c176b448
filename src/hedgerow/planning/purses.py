"""What an account holds of an asset pays for all that is sent out of it or bought with it.

Routes from one balance share it, each with its fee where it is taken, and options are paid for out
of what is there: no plan borrows a coin, nor counts on what has not arrived. A future is not paid
for, and its costs are small beside its margin, which has rows of its own.
"""

from collections.abc import Sequence

import numpy as np

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.hedging import Offer
from hedgerow.instruments import Option, settlement_of
from hedgerow.planning.done import Desk
from hedgerow.solving import Uses
from hedgerow.units import to_model

__all__ = ["FENCE", "GIVES_LAST_FRAC", "is_fence", "purses"]

# What a unit outside a purse is compared with, over its size: of a demand that is 1e-3 at the least
# (`footing`), so that a purse, which is what there is, gives way last.
GIVES_LAST_FRAC = 1e-6
# Ends the name of a row that keeps a search near to what it knows: no limit of anybody's.
FENCE = "as far as it is known"


def is_fence(name: str) -> bool:
    """Say whether a row of a programme is only how far its search may go."""
    return name.endswith(f" {FENCE}")


def purses(desk: Desk, offers: Sequence[Offer], routes: Sequence[Route]) -> list[Uses]:
    """Write a row for each balance that more than one route, or any option, is paid out of."""
    sent: dict[tuple[str, str], list[int]] = {}
    paid: dict[tuple[str, str], list[int]] = {}
    for at, route in enumerate(routes, start=len(offers)):
        sent.setdefault((route.source_account_id, route.asset), []).append(at)
    for at, each in enumerate(offers):
        if isinstance(each.terms, Option):
            paid.setdefault((each.account_id, settlement_of(each.terms)), []).append(at)
    shared = {key for key, members in sent.items() if len(members) > 1}
    keys = [key for key in dict.fromkeys([*sent, *paid]) if key in shared or key in paid]
    if not keys:
        return []
    shape = (len(keys), len(offers) + len(routes))
    up, down, used = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    most = np.zeros(len(keys))
    for row, (account_id, asset) in enumerate(keys):
        held = desk.accounts[desk.node_of[account_id]].balance_coin(asset)
        most[row] = max(to_model(held), 0.0)
        for at in sent.get((account_id, asset), ()):
            up[row, at] = 1.0
            used[row, at] = to_model(routes[at - len(offers)].fee_coin)
        for at in paid.get((account_id, asset), ()):
            up[row, at], down[row, at] = _premium_coin(desk, offers[at], asset)
    return [
        Uses(
            names=tuple(f"{asset} of {account_id}" for account_id, asset in keys),
            up_figure_per_amount=up,
            down_figure_per_amount=down,
            figure_max=most,
            scale_figure=np.maximum(most, 1.0) * GIVES_LAST_FRAC,
            used_figure=used,
        )
    ]


def _premium_coin(desk: Desk, each: Offer, asset: str) -> tuple[float, float]:
    """Give what a contract bought takes of the purse, and one sold, at the dearest level of each.

    What is sold brings in its premium: a collar is paid for by its other side.
    """
    price = desk.now.snapshot.asset(asset)
    assert not isinstance(price, Failure), "an offer is priced in what it settles in"
    assert isinstance(each.terms, Option)
    premium = to_model(each.terms.multiplier_coin_per_contract) * each.price_mark_ccy
    buying, selling = (
        max((rung.cost_usd_per_contract for rung in side), default=0.0) / price.price_usd
        for side in (each.buys, each.sells)
    )
    return premium + buying, selling - premium
