"""A leg is not sent before what it waits for is done, and never where that failed."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.errors import OrderRefused
from hedgerow.execution import (
    AllowedSwap,
    AllowedSwitch,
    Exchange,
    Journal,
    Receipt,
    Spent,
    check,
    resolve,
    submit,
)
from hedgerow.execution.chain import read
from hedgerow.planning import Leg, Order, Plan, Swap, Switch, Transfer
from hedgerow.units import SECOND_NS
from tests.rooms.execution.desk import (
    GUARDS,
    INSTRUMENTS,
    INVERSE,
    NOW_NS,
    Failing,
    market,
    order,
    plan,
    transfer,
    venue,
)


def after(leg: Order | Transfer, *client_ids: str) -> Leg:
    return msgspec.structs.replace(leg, waits_for=client_ids)


def send(
    journal: Journal, exchange: Exchange, what: Plan, time_ns: int = NOW_NS, **guards: Any
) -> list[tuple[str, str]]:
    receipts = submit(
        what,
        mode="auto",
        exchange=exchange,
        journal=journal,
        guards=msgspec.structs.replace(GUARDS, **guards),
        instruments=INSTRUMENTS,
        snapshot=market(),
        time_ns=time_ns,
    )
    return [(each.status, each.message) for each in receipts]


def statuses(told: list[tuple[str, str]]) -> list[str]:
    return [status for status, _ in told]


def test_what_waits_for_a_filled_order_goes_at_once(journal: Journal) -> None:
    exchange = Failing(venue(), "never")
    told = send(journal, exchange, plan(order("a"), after(order("b", "-50", "69990"), "a")))
    assert statuses(told) == ["filled", "filled"]
    assert exchange.calls == ["place a", "place b"]


def test_what_waits_for_a_refused_leg_is_refused_with_the_reason_and_others_go_on(
    journal: Journal,
) -> None:
    exchange = Failing(venue(), "never")
    legs = (
        order("a", "9000"),
        after(transfer("b"), "a"),
        after(order("c", instrument_id=INVERSE), "b"),
        order("d"),
    )
    told = send(journal, exchange, plan(*legs))
    assert statuses(told) == ["rejected", "rejected", "rejected", "filled"]
    assert exchange.calls == ["place d"]
    assert "above the 100000 USD" in told[0][1]
    assert told[1][1].startswith("transfer b was not sent: it waits for a, which was rejected: ")
    assert "above the 100000 USD" in told[2][1]
    assert [row.kind for row in journal.rows_of("c")] == ["rejected"]


def test_what_waits_for_a_transfer_goes_when_it_has_arrived(journal: Journal) -> None:
    exchange = Failing(venue(delay_ns=10 * SECOND_NS), "never")
    what = plan(transfer("a"), after(order("b"), "a"))
    told = send(journal, exchange, what)
    assert told[1] == ("waiting", "not sent yet: it waits for a")
    assert journal.rows_of("b") == ()
    assert statuses(send(journal, exchange, what, NOW_NS + SECOND_NS)) == [
        "acknowledged",
        "waiting",
    ]
    resolve(["a"], exchange, journal, NOW_NS + 10 * SECOND_NS)
    assert statuses(send(journal, exchange, what, NOW_NS + 3 * SECOND_NS)) == ["credited", "filled"]
    assert [call for call in exchange.calls if "query" not in call] == ["move a", "place b"]


def test_a_leg_that_waits_beyond_the_end_of_its_plan_is_refused(journal: Journal) -> None:
    exchange = Failing(venue(delay_ns=60 * SECOND_NS), "never")
    what = plan(transfer("a"), after(order("b"), "a"))
    send(journal, exchange, what)
    resolve(["a"], exchange, journal, NOW_NS + 60 * SECOND_NS)
    told = send(journal, exchange, what, NOW_NS + 61 * SECOND_NS)
    assert statuses(told) == ["credited", "rejected"]
    assert "expired" in told[1][1]


def test_what_still_waits_when_its_plan_ends_is_refused_and_not_left_waiting(
    journal: Journal,
) -> None:
    exchange = Failing(venue(delay_ns=600 * SECOND_NS), "never")
    what = plan(transfer("a"), after(order("b"), "a"))
    assert statuses(send(journal, exchange, what)) == ["acknowledged", "waiting"]
    told = send(journal, exchange, what, NOW_NS + 61 * SECOND_NS)
    assert statuses(told) == ["acknowledged", "rejected"]
    assert "expired" in told[1][1]


def test_an_outcome_that_nobody_knows_is_waited_for(journal: Journal) -> None:
    exchange = Failing(venue(), "after")
    told = send(journal, exchange, plan(order("a"), after(order("b", instrument_id=INVERSE), "a")))
    assert statuses(told) == ["unknown", "waiting"]
    assert exchange.calls == ["place a"]


@pytest.mark.parametrize("filled", ["0", "60"])
def test_an_order_that_filled_in_part_stops_what_waits_for_it(
    journal: Journal, filled: str
) -> None:
    class Thin(Failing):
        def place(self, order: Order, time_ns: int) -> Receipt:
            whole = super().place(order, time_ns)
            return msgspec.structs.replace(whole, filled_contracts=Decimal(filled))

    told = send(journal, Thin(venue(), "never"), plan(order("a"), after(transfer("b"), "a")))
    assert told[1] == (
        "rejected",
        f"transfer b was not sent: it waits for a, of which {filled} of 100 contracts were filled",
    )


SWITCH = Switch(
    client_id="s", account_id="loan", rulebook="aave/joined", cost_expected_usd=2.0, reason="use"
)
ALLOWED = (AllowedSwitch(account_id="loan", rulebook="aave/joined"),)


def test_a_switch_that_is_allowed_is_made_and_what_waits_for_it_goes(journal: Journal) -> None:
    exchange = Failing(venue(), "never")
    told = send(journal, exchange, plan(SWITCH, after(order("b"), "s")), switches=ALLOWED)
    assert statuses(told) == ["filled", "filled"]
    assert exchange.calls == ["switch s", "place b"]
    assert [row.kind for row in journal.rows_of("s")] == ["intent", "sent", "filled"]
    (known,) = resolve(["s"], exchange, journal, NOW_NS)
    assert known.status == "filled"


@pytest.mark.parametrize(
    ("guards", "said"),
    [
        ({}, "switch s of loan: aave/joined is not on the list of allowed switches"),
        ({"switches": ALLOWED, "is_stopped": True}, "the kill switch is on"),
        ({"switches": ALLOWED, "snapshot_ns_max": 0}, "the market is 1 s old"),
    ],
)
def test_a_switch_that_a_guard_stops_is_not_made(
    journal: Journal, guards: dict[str, Any], said: str
) -> None:
    exchange = Failing(venue(), "never")
    ((status, message),) = send(journal, exchange, plan(SWITCH), NOW_NS + SECOND_NS, **guards)
    assert status == "rejected"
    assert said in message
    assert exchange.calls == []


SWAP = Swap(
    client_id="w", account_id="loan", asset="BTC", asset_take="USDC", quantity_coin=Decimal("0.5"),
    quantity_take_coin_min=Decimal(34_500), cost_expected_usd=70.0, reason="distance",
)  # fmt: skip
SWAPS = (AllowedSwap(account_id="loan", asset="BTC", asset_take="USDC"),)


def test_a_swap_counts_as_a_transfer_of_what_is_given(journal: Journal) -> None:
    """Half a coin of 70,000; of the day's 50,000 nothing is left for another."""
    exchange = Failing(venue(), "never")
    again = msgspec.structs.replace(SWAP, client_id="w2")
    told = send(journal, exchange, plan(SWAP, after(order("b"), "w"), again), swaps=SWAPS)
    assert statuses(told) == ["filled", "filled", "rejected"]
    assert exchange.calls == ["swap w", "place b"]
    assert journal.rows_of("w")[0].payload["value_usd"] == "35000.00"
    assert "35000.00 of the 50000 USD for transfers" in told[2][1]


@pytest.mark.parametrize(
    ("changes", "guards", "said"),
    [
        ({}, {}, "it is not on the list of allowed swaps of loan"),
        ({}, {"swaps": SWAPS, "is_stopped": True}, "the kill switch is on"),
        ({}, {"swaps": SWAPS, "snapshot_ns_max": 0}, "the market is 1 s old"),
        ({"quantity_coin": Decimal(0)}, {"swaps": SWAPS}, "quantity_coin must be positive"),
        ({"quantity_take_coin_min": Decimal(34_299)}, {"swaps": SWAPS}, "outside the collar"),
    ],
)
def test_a_swap_that_a_guard_stops_is_not_made(
    journal: Journal, changes: dict[str, Any], guards: dict[str, Any], said: str
) -> None:
    exchange = Failing(venue(), "never")
    what = plan(msgspec.structs.replace(SWAP, **changes))
    ((status, message),) = send(journal, exchange, what, NOW_NS + SECOND_NS, **guards)
    assert status == "rejected"
    assert said in message
    assert exchange.calls == []


@pytest.mark.parametrize(
    ("first", "same", "free"),
    [
        (SWAP, {"quantity_coin": Decimal("0.1")}, {"asset": "ETH"}),
        (SWITCH, {"rulebook": "aave/other"}, {"account_id": "another"}),
    ],
)
def test_no_second_goes_while_nobody_knows_what_became_of_the_first(
    journal: Journal, first: Swap | Switch, same: dict[str, Any], free: dict[str, Any]
) -> None:
    """Both might be done: the collateral would be given twice."""
    lost, good = Failing(venue(), "after"), Failing(venue(), "never")
    allowed: dict[str, Any] = {"swaps": SWAPS, "switches": ALLOWED}
    assert statuses(send(journal, lost, plan(first), **allowed)) == ["unknown"]
    again = msgspec.structs.replace(first, client_id="x", **same)
    other = msgspec.structs.replace(first, client_id="y", **free)
    told = send(journal, good, plan(again, other), **allowed)
    assert statuses(told) == ["rejected", "rejected"]
    assert f"until it is known what became of {first.client_id}" in told[0][1]
    # Of another asset or account it goes as far as its own guards.
    assert "is not on the list of allowed" in told[1][1]
    lost.fails = "never"
    resolve([first.client_id], lost, journal, NOW_NS + SECOND_NS)
    third = msgspec.structs.replace(first, client_id="z")
    if isinstance(third, Swap):
        third = msgspec.structs.replace(
            third, quantity_coin=Decimal("0.1"), quantity_take_coin_min=Decimal(6_900)
        )
    assert statuses(send(journal, good, plan(third), **allowed)) == ["filled"]


@pytest.mark.parametrize("least", ["NaN", "Infinity", "0"])
def test_a_swap_without_a_least_that_it_must_bring_is_refused(least: str) -> None:
    with pytest.raises(OrderRefused, match="quantity_take_coin_min must be positive"):
        check(
            msgspec.structs.replace(SWAP, quantity_take_coin_min=Decimal(least)),
            guards=msgspec.structs.replace(GUARDS, swaps=SWAPS),
            instruments=INSTRUMENTS,
            snapshot=market(),
            spent=Spent(),
            time_ns=NOW_NS,
        )


class Odd(Failing):
    """A venue that swaps another amount than it was asked to."""

    given_coin = Decimal(0)

    def swap(self, swap: Swap, time_ns: int) -> Receipt:
        told = super().swap(swap, time_ns)
        return msgspec.structs.replace(told, filled_contracts=self.given_coin)


def test_a_swap_of_less_than_was_asked_stops_what_waits_for_it(journal: Journal) -> None:
    exchange = Odd(venue(), "never")
    exchange.given_coin = Decimal("0.2")
    told = send(journal, exchange, plan(SWAP, after(order("b"), "w")), swaps=SWAPS)
    assert statuses(told) == ["filled", "rejected"]
    assert "w, of which 0.2 of 0.5 BTC were given" in told[1][1]


def test_a_swap_of_more_than_was_asked_is_heard_of(journal: Journal) -> None:
    exchange = Odd(venue(), "never")
    exchange.given_coin = Decimal("0.6")
    send(journal, exchange, plan(SWAP), swaps=SWAPS)
    (alert,) = read(journal.path, {"alert"})
    assert "asked to give 0.5 BTC, gave 0.6" in alert.payload["message"]
