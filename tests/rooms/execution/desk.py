"""A desk of two accounts and one perpetual, and venues that fail on command."""

import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from hedgerow.execution import Exchange, Guards, Receipt, Route
from hedgerow.instruments import Instrument, InversePerpetual, LinearPerpetual, Option, Spot
from hedgerow.market import AgeLimits, IndexPrice, MarketState, OptionQuote, Quote, Snapshot
from hedgerow.planning import Leg, Order, Plan, Swap, Switch, Transfer
from hedgerow.units import DAY_NS, SECOND_NS, parse_ns
from tests.fake_exchange import FakeExchange

NOW_NS = parse_ns("2026-02-05T21:00:00")
PERP, INVERSE, OPTION, SPOT = "BTC-PERP", "BTC-INVERSE", "BTC-CALL", "BTC-SPOT"

INSTRUMENTS: dict[str, Instrument] = {
    PERP: LinearPerpetual(
        instrument_id=PERP,
        underlying="BTC",
        settlement="USDC",
        multiplier_coin_per_contract=Decimal("0.001"),
        tick_usd=Decimal("0.1"),
        lot_contracts=Decimal(1),
        funding_interval_ns=8 * 3600 * SECOND_NS,
    ),
    INVERSE: InversePerpetual(
        instrument_id=INVERSE,
        underlying="BTC",
        multiplier_usd_per_contract=Decimal(10),
        tick_usd=Decimal("0.5"),
        lot_contracts=Decimal(1),
        funding_interval_ns=8 * 3600 * SECOND_NS,
    ),
    OPTION: Option(
        instrument_id=OPTION,
        underlying="BTC",
        settlement="BTC",
        expiry_ns=NOW_NS + DAY_NS,
        strike_usd=Decimal(70_000),
        right="call",
        multiplier_coin_per_contract=Decimal(1),
        averaging_ns=0,
        tick_ccy=Decimal("0.0001"),
        lot_contracts=Decimal("0.1"),
    ),
    SPOT: Spot(instrument_id=SPOT, asset="BTC"),
}

ROUTE = Route(source_account_id="treasury", target_account_id="perp", asset="USDC", use="balance")
GUARDS = Guards(
    order_usd_max=Decimal(100_000),
    orders_usd_per_day=Decimal(150_000),
    transfers_usd_per_day=Decimal(50_000),
    price_collar_frac=Decimal("0.02"),
    routes=(ROUTE, msgspec.structs.replace(ROUTE, asset="ETH", use="supply")),
)


def market(
    time_ns: int = NOW_NS, mark_usd: str = "70000", ages: AgeLimits | None = None
) -> Snapshot:
    """A perpetual, an inverse perpetual, an option and an index of BTC; ETH was never heard of."""
    state = MarketState(ages=ages or AgeLimits(), movers={}, dollars_usd={"USDC": Decimal(1)})
    for instrument_id in (PERP, INVERSE):
        state.apply(
            Quote(time_ns=NOW_NS, instrument_id=instrument_id, price_mark_usd=Decimal(mark_usd))
        )
    state.apply(IndexPrice(time_ns=NOW_NS, underlying="BTC", price_usd=Decimal(mark_usd)))
    state.apply(
        OptionQuote(
            time_ns=NOW_NS,
            instrument_id=OPTION,
            underlying="BTC",
            price_underlying_usd=Decimal(mark_usd),
            vol_mark_frac=0.5,
            price_mark_ccy=Decimal("0.02"),
        )
    )
    return state.freeze(time_ns)


def order(
    client_id: str = "o1", quantity: str = "100", limit_usd: str = "70100", **more: Any
) -> Order:
    return Order(
        client_id=client_id,
        account_id=more.get("account_id", "perp"),
        venue="venue",
        instrument_id=more.get("instrument_id", PERP),
        quantity_contracts=Decimal(quantity),
        price_limit_usd=Decimal(limit_usd),
        cost_expected_usd=1.5,
        reason="delta",
    )


def transfer(client_id: str = "t1", quantity: str = "10000", **more: Any) -> Transfer:
    return Transfer(
        client_id=client_id,
        source_account_id=more.get("source", "treasury"),
        target_account_id=more.get("target", "perp"),
        asset=more.get("asset", "USDC"),
        quantity_coin=Decimal(quantity),
        use=more.get("use", "balance"),
        cost_expected_usd=0.5,
        reason="buffer",
    )


def plan(*legs: Leg, time_ns: int = NOW_NS, expires_ns: int = NOW_NS + 30 * SECOND_NS) -> Plan:
    return Plan(
        plan_id="plan-1",
        time_ns=time_ns,
        expires_ns=expires_ns,
        legs=legs,
        cost_expected_usd=2.0,
        limits_before=(),
        limits_after=(),
        assumptions=(),
        unmet=(),
    )


def venue(delay_ns: int = 0) -> FakeExchange:
    return FakeExchange(
        prices_usd={PERP: Decimal(70_010), INVERSE: Decimal(70_010)},
        balances_coin={("treasury", "USDC"): Decimal(1_000_000)},
        delay_ns=delay_ns,
    )


class Failing:
    """A venue behind a bad line: every call fails before it arrives, or after."""

    def __init__(
        self,
        inner: Exchange,
        fails: Literal["before", "after", "never"],
        error: Callable[[], BaseException] = lambda: TimeoutError("signature=canary-secret"),
    ) -> None:
        self.inner = inner
        self.fails = fails
        self.error = error
        self.calls: list[str] = []

    def place(self, order: Order, time_ns: int) -> Receipt:
        receipt: Receipt = self._through(
            f"place {order.client_id}", lambda: self.inner.place(order, time_ns)
        )
        return receipt

    def move(self, transfer: Transfer, time_ns: int) -> Receipt:
        receipt: Receipt = self._through(
            f"move {transfer.client_id}", lambda: self.inner.move(transfer, time_ns)
        )
        return receipt

    def switch(self, switch: Switch, time_ns: int) -> Receipt:
        receipt: Receipt = self._through(
            f"switch {switch.client_id}", lambda: self.inner.switch(switch, time_ns)
        )
        return receipt

    def swap(self, swap: Swap, time_ns: int) -> Receipt:
        receipt: Receipt = self._through(
            f"swap {swap.client_id}", lambda: self.inner.swap(swap, time_ns)
        )
        return receipt

    def query(self, client_id: str, time_ns: int) -> Receipt | None:
        receipt: Receipt | None = self._through(
            f"query {client_id}", lambda: self.inner.query(client_id, time_ns)
        )
        return receipt

    def _through(self, call: str, act: Callable[[], Any]) -> Any:
        self.calls.append(call)
        if self.fails == "before":
            raise self.error()
        answer = act()
        if self.fails == "after":
            raise self.error()
        return answer


class FileVenue:
    """A venue in a file, which outlives the process that speaks to it: one line per order."""

    def __init__(self, path: Path, die: Callable[[str], None] = lambda point: None) -> None:
        self.path = path
        self.die = die

    def placed(self) -> list[str]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [json.loads(line)["client_id"] for line in lines]

    def place(self, order: Order, time_ns: int) -> Receipt:
        self.die("before place")
        receipt = Receipt(
            client_id=order.client_id,
            time_ns=time_ns,
            status="filled",
            filled_contracts=order.quantity_contracts,
            price_average_usd=Decimal(70_010),
        )
        # Not idempotent on purpose: a second call would be a second order, and be seen.
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(receipt) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.die("after place")
        return receipt

    def move(self, transfer: Transfer, time_ns: int) -> Receipt:
        raise NotImplementedError

    def switch(self, switch: Switch, time_ns: int) -> Receipt:
        raise NotImplementedError

    def swap(self, swap: Swap, time_ns: int) -> Receipt:
        raise NotImplementedError

    def query(self, client_id: str, time_ns: int) -> Receipt | None:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        receipts = [msgspec.json.decode(line, type=Receipt) for line in lines]
        return next((r for r in receipts if r.client_id == client_id), None)
