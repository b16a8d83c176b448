"""What every `Exchange` must do, whoever implements it. Ids are stable and spaced by ten.

To put another implementation under the contract, add one line to `ADAPTERS`: a function that gives
a `Bench`, a fresh venue with one account that may trade and one that holds money.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest

from hedgerow.execution import Exchange, Receipt
from hedgerow.planning import Order, Swap, Switch, Transfer
from hedgerow.simulation import World
from hedgerow.units import MINUTE_NS, SECOND_NS
from tests.fake_exchange import FakeExchange
from tests.rooms.simulation import desk

START_NS = 1_770_000_000 * SECOND_NS


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A fresh venue on the bench.

    `buy` fills at once when it is sent at `START_NS`; `transfer` is covered by its source and has
    arrived `delay_ns` later. `advance` lets the venue's own time pass; the other functions look
    into it without changing it.
    """

    exchange: Exchange
    buy: Order
    transfer: Transfer
    delay_ns: int
    position_contracts: Callable[[str, str], Decimal]
    balance_coin: Callable[[str, str], Decimal]
    advance: Callable[[int], None]


def fake() -> Bench:
    buy = Order(
        client_id="buy-1",
        account_id="perp",
        venue="fake",
        instrument_id="BTC-PERP",
        quantity_contracts=Decimal("0.5"),
        price_limit_usd=Decimal(70_100),
        cost_expected_usd=0.0,
        reason="contract",
    )
    transfer = Transfer(
        client_id="move-1",
        source_account_id="treasury",
        target_account_id="perp",
        asset="USDC",
        quantity_coin=Decimal("1000.5"),
        use="balance",
        cost_expected_usd=0.0,
        reason="contract",
    )
    exchange = FakeExchange(
        prices_usd={"BTC-PERP": Decimal(70_000)},
        balances_coin={("treasury", "USDC"): Decimal(5_000)},
        delay_ns=60 * SECOND_NS,
    )
    return Bench(
        exchange=exchange,
        buy=buy,
        transfer=transfer,
        delay_ns=60 * SECOND_NS,
        position_contracts=lambda *key: exchange.positions_contracts[key],
        balance_coin=lambda *key: exchange.balances_coin[key],
        advance=exchange.advance,
    )


@dataclass(frozen=True, slots=True)
class Ticking:
    """The simulated world as the loop drives it: settled whenever something is asked."""

    world: World

    def advance(self, time_ns: int) -> None:
        events = [
            msgspec.structs.replace(event, time_ns=START_NS)
            for event in (*desk.market(), desk.ladder())
        ]
        self.world.settle(desk.snapshot(*events, time_ns=time_ns))

    def place(self, order: Order, time_ns: int) -> Receipt:
        self.advance(time_ns)
        return self.world.place(order, time_ns)

    def move(self, transfer: Transfer, time_ns: int) -> Receipt:
        self.advance(time_ns)
        return self.world.move(transfer, time_ns)

    def switch(self, switch: Switch, time_ns: int) -> Receipt:
        self.advance(time_ns)
        return self.world.switch(switch, time_ns)

    def swap(self, swap: Swap, time_ns: int) -> Receipt:
        self.advance(time_ns)
        return self.world.swap(swap, time_ns)

    def query(self, client_id: str, time_ns: int) -> Receipt | None:
        self.advance(time_ns)
        return self.world.query(client_id, time_ns)


def simulator() -> Bench:
    free = desk.route("wallet", "perp", "USDC", latency_ns=5 * MINUTE_NS, fee_coin=Decimal(0))
    world = desk.world(desk.perp("50000"), desk.wallet(USDC="1000"), routes=[free])
    exchange = Ticking(world)
    return Bench(
        exchange=exchange,
        buy=desk.order("0.5", "100020"),
        transfer=desk.transfer("100"),
        delay_ns=5 * MINUTE_NS,
        position_contracts=lambda account_id, name: desk.held(world, account_id).quantity_contracts(
            name
        ),
        balance_coin=lambda account_id, asset: desk.held(world, account_id).balance_coin(asset),
        advance=exchange.advance,
    )


ADAPTERS: dict[str, Callable[[], Bench]] = {
    "fake": fake,
    "simulator": simulator,
}


@pytest.fixture(params=sorted(ADAPTERS))
def bench(request: pytest.FixtureRequest) -> Bench:
    return ADAPTERS[request.param]()


def held(bench: Bench) -> Decimal:
    return bench.position_contracts(bench.buy.account_id, bench.buy.instrument_id)


def balances(bench: Bench) -> tuple[Decimal, Decimal]:
    """Source and target of the transfer."""
    move = bench.transfer
    return (
        bench.balance_coin(move.source_account_id, move.asset),
        bench.balance_coin(move.target_account_id, move.asset),
    )


def test_c10_a_repeated_client_id_places_once(bench: Bench) -> None:
    before = held(bench)
    first = bench.exchange.place(bench.buy, START_NS)
    again = bench.exchange.place(bench.buy, START_NS + SECOND_NS)
    assert first.status == "filled"
    assert again == first
    assert held(bench) - before == bench.buy.quantity_contracts


def test_c20_a_transfer_is_credited_once(bench: Bench) -> None:
    source, target = balances(bench)
    amount, late_ns = bench.transfer.quantity_coin, START_NS + bench.delay_ns
    bench.exchange.move(bench.transfer, START_NS)
    for time_ns in (START_NS, late_ns, late_ns + SECOND_NS, late_ns + 10 * bench.delay_ns):
        bench.exchange.move(bench.transfer, time_ns)
        bench.advance(time_ns)
    assert balances(bench) == (source - amount, target + amount)


def test_c30_what_was_placed_can_be_asked_for(bench: Bench) -> None:
    placed = bench.exchange.place(bench.buy, START_NS)
    assert bench.exchange.query(bench.buy.client_id, START_NS + SECOND_NS) == placed


def test_c40_what_the_venue_never_saw_is_none(bench: Bench) -> None:
    assert bench.exchange.query("never-sent", START_NS) is None
    bench.exchange.place(bench.buy, START_NS)
    assert bench.exchange.query("never-sent", START_NS) is None


def test_c50_a_receipt_names_its_leg_and_its_time(bench: Bench) -> None:
    for receipt, client_id in (
        (bench.exchange.place(bench.buy, START_NS), bench.buy.client_id),
        (bench.exchange.move(bench.transfer, START_NS), bench.transfer.client_id),
    ):
        assert receipt.client_id == client_id
        assert receipt.time_ns >= START_NS


def test_c60_an_order_never_fills_beyond_its_limit(bench: Bench) -> None:
    receipt = bench.exchange.place(bench.buy, START_NS)
    assert receipt.price_average_usd is not None
    assert 0 < receipt.price_average_usd <= bench.buy.price_limit_usd
    far = msgspec.structs.replace(bench.buy, client_id="buy-2", price_limit_usd=Decimal(1))
    before = held(bench)
    receipt = bench.exchange.place(far, START_NS)
    assert receipt.status in ("filled", "rejected")  # immediate or cancel: it does not rest
    assert receipt.filled_contracts == 0
    assert held(bench) == before


def test_c70_the_receipt_and_the_position_agree(bench: Bench) -> None:
    before = held(bench)
    bought = bench.exchange.place(bench.buy, START_NS)
    assert bought.filled_contracts == held(bench) - before == bench.buy.quantity_contracts
    sell = msgspec.structs.replace(
        bench.buy,
        client_id="sell-1",
        quantity_contracts=-bench.buy.quantity_contracts,
        price_limit_usd=bench.buy.price_limit_usd / 2,
    )
    sold = bench.exchange.place(sell, START_NS + SECOND_NS)
    assert sold.filled_contracts == sell.quantity_contracts
    assert held(bench) == before


def test_c80_a_transfer_that_is_not_covered_is_rejected_and_moves_nothing(bench: Bench) -> None:
    before = balances(bench)
    much = msgspec.structs.replace(bench.transfer, quantity_coin=before[0] * 2 + 1)
    receipt = bench.exchange.move(much, START_NS)
    bench.advance(START_NS + 2 * bench.delay_ns)
    assert (receipt.status, bool(receipt.message)) == ("rejected", True)
    assert balances(bench) == before
    found = bench.exchange.query(much.client_id, START_NS + 2 * bench.delay_ns)
    assert found is not None
    assert found.status == "rejected"


def test_c90_an_unknown_instrument_is_rejected(bench: Bench) -> None:
    stray = msgspec.structs.replace(bench.buy, instrument_id="NO-SUCH-PERP")
    receipt = bench.exchange.place(stray, START_NS)
    assert (receipt.status, bool(receipt.message)) == ("rejected", True)


def test_c100_money_under_way_is_counted_once(bench: Bench) -> None:
    source, target = balances(bench)
    receipt = bench.exchange.move(bench.transfer, START_NS)
    if bench.delay_ns:
        assert receipt.status == "acknowledged"
        bench.advance(START_NS + bench.delay_ns - 1)
        assert balances(bench) == (source - bench.transfer.quantity_coin, target)
    arrived = bench.exchange.query(bench.transfer.client_id, START_NS + bench.delay_ns)
    assert arrived is not None
    assert arrived.status == "credited"
    assert sum(balances(bench)) == source + target


def test_c110_a_rejected_leg_stays_rejected(bench: Bench) -> None:
    """Its client id is used up: a retry needs a new decision, not the same words again."""
    far = msgspec.structs.replace(bench.buy, price_limit_usd=Decimal(1))
    first = bench.exchange.place(far, START_NS)
    assert bench.exchange.place(bench.buy, START_NS + SECOND_NS) == first
    assert held(bench) == 0


def test_the_contract_can_fail() -> None:
    """A venue that forgets client ids breaks the first rule, and the rule notices."""

    class Forgetful:
        def __init__(self, inner: FakeExchange) -> None:
            self.inner = inner

        def place(self, order: Order, time_ns: int) -> Receipt:
            return self.inner.place(
                msgspec.structs.replace(order, client_id=f"{order.client_id} {time_ns}"), time_ns
            )

        def move(self, transfer: Transfer, time_ns: int) -> Receipt:
            return self.inner.move(transfer, time_ns)

        def switch(self, switch: Switch, time_ns: int) -> Receipt:
            return self.inner.switch(switch, time_ns)

        def swap(self, swap: Swap, time_ns: int) -> Receipt:
            return self.inner.swap(swap, time_ns)

        def query(self, client_id: str, time_ns: int) -> Receipt | None:
            return self.inner.query(client_id, time_ns)

    honest = fake()
    assert isinstance(honest.exchange, FakeExchange)
    broken = Bench(
        exchange=Forgetful(honest.exchange),
        buy=honest.buy,
        transfer=honest.transfer,
        delay_ns=honest.delay_ns,
        position_contracts=honest.position_contracts,
        balance_coin=honest.balance_coin,
        advance=honest.advance,
    )
    with pytest.raises(AssertionError):
        test_c10_a_repeated_client_id_places_once(broken)
