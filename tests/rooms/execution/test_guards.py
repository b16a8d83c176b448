"""What the guards let pass: tables that a trader can read. Every bound itself still passes."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.errors import BudgetExceeded, ExecutionError, OrderRefused, TransferRefused
from hedgerow.execution import Guards, Journal, Spent, check, spent_on_day
from hedgerow.market import AgeLimits, Shock
from hedgerow.planning import Leg
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from tests.rooms.execution.desk import (
    GUARDS,
    INSTRUMENTS,
    INVERSE,
    NOW_NS,
    OPTION,
    PERP,
    SPOT,
    market,
    order,
    transfer,
)

ERRORS = {
    "refused": OrderRefused,
    "budget": BudgetExceeded,
    "transfer": TransferRefused,
}


def judge(leg: Leg, spent: Spent | None = None, **more: Any) -> Decimal:
    return check(
        leg,
        guards=more.get("guards", GUARDS),
        instruments=more.get("instruments", INSTRUMENTS),
        snapshot=more.get("snapshot") or market(),
        spent=spent or Spent(),
        time_ns=more.get("time_ns", NOW_NS),
    )


# The mark is 70,000 USD, the collar 2 %, a contract 0.001 BTC, an order at most 100,000 USD and a
# day at most 150,000 USD. `value` is at the limit or the mark, whichever is more.
ORDERS = """
    quantity   limit_usd   spent_usd   answer    value_or_words
    100        70100       0           passes    7010.0
    -100       69900       0           passes    7000.000
    -100       70100       0           passes    7010.0
    100        71400       0           passes    7140.0
    100        71400.01    0           refused   outside.the.collar
    100        68600       0           passes    7000.000
    100        68599.99    0           refused   outside.the.collar
    100        700         0           refused   outside.the.collar
    1428       70000       0           passes    99960.000
    1428.5714  70000       0           passes    99999.998
    1428.5715  70000       0           refused   above.the.100000.USD
    -1428.5715 70000       0           refused   above.the.100000.USD
    1428.5714  68700       0           passes    99999.998
    1428.5715  68700       0           refused   above.the.100000.USD
    1000       70000       80000       passes    70000
    1000       70000       80000.01    budget    of.the.150000.USD.for.orders
    0          70000       0           refused   not.0
    NaN        70000       0           refused   finite
    Infinity   70000       0           refused   finite
    100        0           0           refused   positive
    100        -70000      0           refused   positive
    100        NaN         0           refused   positive
"""


@pytest.mark.parametrize("line", ORDERS.strip().splitlines()[1:])
def test_a03_orders(line: str) -> None:
    quantity, limit_usd, spent_usd, answer, words = line.split()
    leg, spent = order("o1", quantity, limit_usd), Spent(orders_usd=Decimal(spent_usd))
    if answer == "passes":
        assert judge(leg, spent) == Decimal(words)
    else:
        with pytest.raises(ERRORS[answer], match=words):
            judge(leg, spent)


# 50,000 USD a day.
TRANSFERS = """
    quantity  source    target  asset  use      spent_usd  answer    value_or_words
    10000     treasury  perp    USDC   balance  0          passes    10000
    50000     treasury  perp    USDC   balance  0          passes    50000
    50000.01  treasury  perp    USDC   balance  0          budget    of.the.50000.USD.for.transfers
    10000     treasury  perp    USDC   balance  40000      passes    10000
    10000     treasury  perp    USDC   balance  40000.01   budget    on.2026-02-05.are.spent
    1         perp      treasury USDC  balance  0          transfer  allowed.routes
    1         treasury  other   USDC   balance  0          transfer  allowed.routes
    1         treasury  perp    USDT   balance  0          transfer  allowed.routes
    1         treasury  perp    USDC   repay    0          transfer  allowed.routes
    1         treasury  perp    ETH    supply   0          transfer  no.price
    0         treasury  perp    USDC   balance  0          transfer  positive
    -1        treasury  perp    USDC   balance  0          transfer  positive
    NaN       treasury  perp    USDC   balance  0          transfer  positive
    Infinity  treasury  perp    USDC   balance  0          transfer  positive
"""


@pytest.mark.parametrize("line", TRANSFERS.strip().splitlines()[1:])
def test_i9_transfers(line: str) -> None:
    quantity, source, target, asset, use, spent_usd, answer, words = line.split()
    leg = transfer("t1", quantity, source=source, target=target, asset=asset, use=use)
    spent = Spent(transfers_usd=Decimal(spent_usd))
    if answer == "passes":
        assert judge(leg, spent) == Decimal(words)
    else:
        with pytest.raises(ERRORS[answer], match=words):
            judge(leg, spent)


def test_the_two_budgets_are_apart() -> None:
    judge(order(), Spent(transfers_usd=Decimal(10**9)))
    judge(transfer(), Spent(orders_usd=Decimal(10**9)))


def test_a_transfer_of_a_coin_is_counted_at_its_price_rounded_against_us() -> None:
    route = msgspec.structs.replace(GUARDS.routes[0], asset="BTC")
    guards = msgspec.structs.replace(GUARDS, routes=(route,))
    snapshot = market(mark_usd="70000.001")
    assert judge(
        transfer(quantity="0.5", asset="BTC"), guards=guards, snapshot=snapshot
    ) == Decimal("35000.005")


def test_i8_the_kill_switch_stops_orders_and_leaves_transfers_of_margin() -> None:
    guards = msgspec.structs.replace(GUARDS, is_stopped=True)
    for quantity in ("100", "-100"):
        with pytest.raises(OrderRefused, match="kill switch"):
            judge(order(quantity=quantity), guards=guards)
    assert judge(transfer(), guards=guards) == 10_000


@pytest.mark.parametrize("leg", [order(), transfer()], ids=["order", "transfer"])
def test_d01_a_market_that_is_too_old_or_from_the_future_moves_nothing(leg: Leg) -> None:
    last_ns = NOW_NS + GUARDS.snapshot_ns_max
    assert judge(leg, time_ns=last_ns)
    with pytest.raises(ExecutionError, match="5 s old, the limit is 5 s"):
        judge(leg, time_ns=last_ns + 1)
    with pytest.raises(ExecutionError, match="check the clock"):
        judge(leg, time_ns=NOW_NS - 1)


def test_i6_a_stale_mark_places_no_order() -> None:
    late_ns = NOW_NS + MINUTE_NS
    assert judge(
        order(), snapshot=market(late_ns, ages=AgeLimits(quote_ns_max=MINUTE_NS)), time_ns=late_ns
    )
    with pytest.raises(OrderRefused, match="quote for BTC-PERP is 60 s old"):
        judge(order(), snapshot=market(late_ns), time_ns=late_ns)


def test_an_unknown_instrument_is_refused() -> None:
    with pytest.raises(OrderRefused, match="list its terms"):
        judge(order(instrument_id="DOGE-PERP"))


# A contract is 0.001 BTC at 70,000 of the coin that it is paid in.
PAID = """
    coin   quantity   usd_per_coin   answer    value_or_words
    USDC   100        1.02           passes    7140
    USDC   100        0.98           passes    6860
    USDC   1400       1.02           passes    99960
    USDC   1401       1.02           refused   worth.100031.40*.USD
    USDC   1457       0.98           passes    99950.2
    USDC   1458       0.98           refused   worth.100018.80*.USD
    EURC   100        unknown        refused   no.price.to.count.it.by:.*EURC
    BTC    0.02       by.its.index   passes    98000
    BTC    0.03       by.its.index   refused   above.the.100000.USD
"""


@pytest.mark.parametrize("line", PAID.strip().splitlines()[1:])
def test_a_price_in_a_coin_is_counted_in_dollars(line: str) -> None:
    """In a dollar that lost its peg, in a coin that nobody quotes, in the coin itself."""
    coin, quantity, usd, answer, words = line.split()
    own = {coin: Decimal(usd)} if coin == "USDC" else {}
    snapshot = replace(market(), dollars_usd=own)
    terms = msgspec.structs.replace(INSTRUMENTS[PERP], settlement=coin)
    leg = order("o1", quantity, "70000")
    if answer == "passes":
        assert judge(leg, snapshot=snapshot, instruments={PERP: terms}) == Decimal(words)
    else:
        with pytest.raises(ERRORS[answer], match=words):
            judge(leg, snapshot=snapshot, instruments={PERP: terms})


def test_an_inverse_contract_is_worth_its_dollars() -> None:
    assert judge(order(quantity="-500", limit_usd="69900", instrument_id=INVERSE)) == 5_000


def test_a_spot_order_is_worth_its_price() -> None:
    assert judge(order(quantity="0.5", limit_usd="70100", instrument_id=SPOT)) == Decimal("35050.0")


def option_order(quantity: str = "1", limit: str | None = "0.02") -> Leg:
    return msgspec.structs.replace(
        order(instrument_id=OPTION, quantity=quantity),
        price_limit_ccy=None if limit is None else Decimal(limit),
    )


# At the money and a day to run at 50 %: worth erf(0.5 sqrt(1/365) / sqrt 8) = 0.010440 of a coin.
# The collar of 2 % is of the forward, and one option is written on 70,000 USD.
OPTION_ORDERS = """
    quantity   limit    spent_usd   answer    value_or_words
    1          0.0104   0           passes    70000
    -1         0.0001   0           passes    70000
    1          0.0304   0           passes    70000
    1          0.0305   0           refused   outside.the.collar
    1.4        0.01     0           passes    98000
    1.5        0.01     0           refused   above.the.100000.USD
    1          0.01     80000       passes    70000
    1          0.01     80001       budget    of.the.150000.USD.for.orders
    1          0        0           refused   price_limit_ccy
    1          NaN      0           refused   price_limit_ccy
"""


@pytest.mark.parametrize("line", OPTION_ORDERS.strip().splitlines()[1:])
def test_orders_for_options(line: str) -> None:
    quantity, limit, spent_usd, answer, words = line.split()
    leg, spent = option_order(quantity, limit), Spent(orders_usd=Decimal(spent_usd))
    if answer == "passes":
        assert judge(leg, spent) == Decimal(words)
    else:
        with pytest.raises(ERRORS[answer], match=words):
            judge(leg, spent)


def test_what_cannot_be_valued_cannot_be_ordered() -> None:
    with pytest.raises(OrderRefused, match="price_limit_ccy must be positive, was None"):
        judge(option_order(limit=None))
    late_ns = NOW_NS + DAY_NS
    with pytest.raises(OrderRefused, match="no price to judge it by: expired"):
        judge(option_order(), snapshot=market(late_ns), time_ns=late_ns)


def test_a_scenario_is_no_market() -> None:
    with pytest.raises(AssertionError):
        judge(order(), snapshot=market().shocked(Shock(vol_factor_frac=1.1)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_usd_max", Decimal(-1)),
        ("orders_usd_per_day", Decimal("NaN")),
        ("transfers_usd_per_day", Decimal("Infinity")),
        ("price_collar_frac", Decimal(0)),
        ("price_collar_frac", Decimal(1)),
        ("price_collar_frac", Decimal(2)),
        ("price_collar_frac", Decimal("NaN")),
        ("snapshot_ns_max", -1),
    ],
)
def test_guards_that_guard_nothing_cannot_be_made(field: str, value: Decimal | int) -> None:
    with pytest.raises(ValueError, match=field):
        msgspec.structs.replace(GUARDS, **{field: value})


def test_a_desk_that_may_do_nothing_can_be_made() -> None:
    nothing = Guards(
        order_usd_max=Decimal(0),
        orders_usd_per_day=Decimal(0),
        transfers_usd_per_day=Decimal(0),
        price_collar_frac=Decimal("0.01"),
        routes=(),
        snapshot_ns_max=SECOND_NS,
    )
    for leg in (order(), transfer()):
        with pytest.raises(ExecutionError):
            judge(leg, guards=nothing)


def test_the_day_is_counted_from_the_journal(journal: Journal) -> None:
    midnight_ns = NOW_NS - NOW_NS % DAY_NS

    def intend(client_id: str, time_ns: int, leg: Leg, value_usd: str) -> None:
        payload = {"plan_id": "p", "leg": leg, "value_usd": Decimal(value_usd)}
        journal.append("intent", time_ns, payload, client_id)

    intend("yesterday", midnight_ns - 1, order("yesterday"), "1000")
    intend("first", midnight_ns, order("first"), "20.005")
    intend("second", NOW_NS, order("second"), "300")
    intend("third", NOW_NS, transfer("third"), "4000")
    intend("refused", NOW_NS, order("refused"), "50000")
    journal.append("rejected", NOW_NS, {"reason": "venue"}, "refused")
    intend("last", midnight_ns + DAY_NS - 1, transfer("last"), "600000")
    intend("tomorrow", midnight_ns + DAY_NS, order("tomorrow"), "7000000")
    for time_ns in (midnight_ns, NOW_NS, midnight_ns + DAY_NS - 1):
        assert spent_on_day(journal, time_ns) == Spent(
            orders_usd=Decimal("320.005"), transfers_usd=Decimal(604_000)
        )
    assert spent_on_day(journal, midnight_ns - HOUR_NS).orders_usd == 1_000
    assert spent_on_day(journal, NOW_NS + 5 * DAY_NS) == Spent()
