"""The world under the contract of its port, `tests/contracts/test_exchange_port.py`."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from hedgerow.execution import Receipt
from hedgerow.planning import Order, Transfer
from hedgerow.simulation import World
from hedgerow.units import MINUTE_NS
from tests.contracts import test_exchange_port as contract
from tests.rooms.simulation.desk import (
    held,
    ladder,
    market,
    order,
    perp,
    route,
    snapshot,
    transfer,
    wallet,
    world,
)


class Ticking:
    """The world as the loop drives it: settled at every moment at which something is asked."""

    def __init__(self, inner: World) -> None:
        self.inner = inner

    def advance(self, time_ns: int) -> None:
        events = [
            msgspec.structs.replace(event, time_ns=contract.START_NS)
            for event in (*market(), ladder())
        ]
        self.inner.settle(snapshot(*events, time_ns=time_ns))

    def place(self, order: Order, time_ns: int) -> Receipt:
        self.advance(time_ns)
        return self.inner.place(order, time_ns)

    def move(self, transfer: Transfer, time_ns: int) -> Receipt:
        self.advance(time_ns)
        return self.inner.move(transfer, time_ns)

    def query(self, client_id: str, time_ns: int) -> Receipt | None:
        self.advance(time_ns)
        return self.inner.query(client_id, time_ns)


def bench() -> contract.Bench:
    free = route("wallet", "perp", "USDC", latency_ns=5 * MINUTE_NS, fee_coin=Decimal(0))
    made = world(perp("50000"), wallet(USDC="1000"), routes=[free])
    exchange = Ticking(made)
    return contract.Bench(
        exchange=exchange,
        buy=order("0.5", "100020"),
        transfer=transfer("100"),
        delay_ns=5 * MINUTE_NS,
        position_contracts=lambda account_id, name: held(made, account_id).quantity_contracts(name),
        balance_coin=lambda account_id, asset: held(made, account_id).balance_coin(asset),
        advance=exchange.advance,
    )


RULES = {
    name: rule
    for name, rule in vars(contract).items()
    if name.startswith("test_c") and name[6].isdigit()
}


def test_the_contract_has_rules() -> None:
    assert len(RULES) >= 10


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_world_keeps(name: str) -> None:
    rule: Callable[[contract.Bench], None] = RULES[name]
    rule(bench())
