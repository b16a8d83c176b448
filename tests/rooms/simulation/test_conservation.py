"""SIM-1: nothing is made or lost.

For every asset, what all accounts hold and what left them for each reason add up to what there was,
to the last digit, whatever happened and in whatever order.
"""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.market import FundingSettlement
from hedgerow.planning import Transfer
from hedgerow.simulation import World
from hedgerow.units import HOUR_NS, MINUTE_NS
from tests.draws import draws
from tests.rooms.simulation.desk import (
    CALL,
    PUT,
    T0,
    chain,
    fresh_state,
    ladder,
    levels,
    loan,
    market,
    options,
    order,
    perp,
    route,
    transfer,
    wallet,
    world,
)

ASSETS = ("USDC", "BTC", "wstETH")
ROUTES = [
    route("wallet", "perp", "USDC"),
    route("perp", "wallet", "USDC"),
    route("wallet", "options", "BTC", fee_coin=Decimal("0.0001")),
    route("wallet", "loan", "wstETH", "supply", fee_coin=Decimal("0.001")),
    route("wallet", "loan", "USDC", "repay"),
    route("loan", "wallet", "wstETH", fee_coin=Decimal(0)),
]


def opening() -> World:
    return world(
        perp("60000", "-2"),
        options("6", (CALL.instrument_id, "-5", None), (PUT.instrument_id, "-10", None)),
        loan("20", "30000"),
        wallet(USDC="50000", BTC="5", wstETH="5"),
        routes=ROUTES,
    )


def totals(made: World) -> dict[str, Decimal]:
    inside = {
        asset: sum((a.balance_coin(asset) for a in made.accounts(0)), Decimal(0))
        for asset in ASSETS
    }
    for left in made.outflows():
        inside[left.asset] += left.quantity_coin
    return inside


def in_transit(made: World, asset: str) -> Decimal:
    moving = (leg for leg in made.pending() if isinstance(leg, Transfer) and leg.asset == asset)
    return sum((leg.quantity_coin for leg in moving), Decimal(0))


happenings = st.one_of(
    st.tuples(st.just("trade"), st.integers(-4000, 4000).filter(bool)),
    st.tuples(st.just("fund"), st.integers(-300, 300)),
    st.tuples(st.just("move"), st.integers(0, 6 * 4000)),
    st.tuples(st.just("price"), st.integers(-200, 200)),
)


@draws(60)
@given(st.lists(happenings, min_size=5, max_size=25))
def test_sim_1_nothing_is_made_or_lost(story: list[tuple[str, int]]) -> None:
    made = opening()
    before = totals(made)
    state = fresh_state()
    spot, time_ns = Decimal(100_000), T0
    for at, (kind, number) in enumerate(story):
        time_ns += 25 * MINUTE_NS
        if kind == "price":
            spot = max(spot * (1 + Decimal(number) / 1000), Decimal(20_000))
        if kind == "fund":
            made.on_event(
                FundingSettlement(
                    time_ns=time_ns, instrument_id="BTC-PERP", rate_frac=Decimal(number) / 100_000
                )
            )
        step = (spot / 1000).quantize(Decimal(1))
        bids = levels((str(spot - step), "1.5"), (str(spot - 3 * step), "9"))
        asks = levels((str(spot + step), "1.5"), (str(spot + 3 * step), "9"))
        steth = str((spot / 40).quantize(Decimal(1)))
        for event in (
            *market(str(spot), steth=steth, time_ns=time_ns),
            ladder(bids, asks, time_ns),
            *chain(str(spot), 0.7, time_ns),
        ):
            state.apply(event)
        made.settle(state.freeze(time_ns))
        if kind == "trade":
            limit = spot * 2 if number > 0 else spot / 2
            made.place(order(str(Decimal(number) / 1000), str(limit), client_id=f"o{at}"), time_ns)
        if kind == "move":
            way = ROUTES[number % len(ROUTES)]
            made.move(
                transfer(
                    str(Decimal(number) / 10),
                    way.source_account_id,
                    way.target_account_id,
                    way.asset,
                    way.use,
                    client_id=f"t{at}",
                ),
                time_ns,
            )
        assert totals(made) == before
        for asset in ASSETS:
            (sent,) = [
                left.quantity_coin
                for left in made.outflows()
                if (left.asset, left.reason) == (asset, "transit")
            ] or [Decimal(0)]
            assert sent == in_transit(made, asset)
    made.settle(state.freeze(time_ns + HOUR_NS))
    assert made.pending() == ()
    assert totals(made) == before
