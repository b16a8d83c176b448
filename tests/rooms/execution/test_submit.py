"""From a plan to receipts: written before it is sent, sent once, and never guessed."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hedgerow.errors import JournalRejected, OrderRefused
from hedgerow.execution import (
    Exchange,
    Journal,
    Mode,
    Receipt,
    Row,
    read,
    recover,
    resolve,
    submit,
    verify,
)
from hedgerow.execution.submit import ABSENCE_GAP_NS, GRACE_NS
from hedgerow.planning import Order, Plan, Transfer
from hedgerow.units import SECOND_NS
from tests.rooms.execution.desk import (
    GUARDS,
    INSTRUMENTS,
    INVERSE,
    NOW_NS,
    PERP,
    Failing,
    market,
    order,
    plan,
    transfer,
    venue,
)


def send(
    journal: Journal,
    exchange: Exchange,
    what: Plan,
    *,
    mode: Mode = "auto",
    time_ns: int = NOW_NS,
    **guards: Any,
) -> tuple[Receipt, ...]:
    return submit(
        what,
        mode=mode,
        exchange=exchange,
        journal=journal,
        guards=msgspec.structs.replace(GUARDS, **guards),
        instruments=INSTRUMENTS,
        snapshot=market(),
        time_ns=time_ns,
    )


def kinds(journal: Journal, client_id: str) -> list[str]:
    return [row.kind for row in journal.rows_of(client_id)]


def rows(path: Path, *wanted: Any) -> list[Row]:
    return list(read(path, wanted))


def statuses(receipts: Sequence[Receipt]) -> list[str]:
    return [receipt.status for receipt in receipts]


def test_the_legs_of_a_plan_go_out_in_order(journal: Journal, path: Path) -> None:
    exchange = Failing(venue(), "never")
    receipts = send(journal, exchange, plan(order("a"), transfer("b"), order("c", "-50", "69990")))
    assert [(r.client_id, r.status) for r in receipts] == [
        ("a", "filled"),
        ("b", "credited"),
        ("c", "filled"),
    ]
    assert exchange.calls == ["place a", "move b", "place c"]
    assert [(row.kind, row.client_id) for row in rows(path, *LIFE)] == [
        ("decision", None),
        ("intent", "a"),
        ("sent", "a"),
        ("filled", "a"),
        ("intent", "b"),
        ("sent", "b"),
        ("credited", "b"),
        ("intent", "c"),
        ("sent", "c"),
        ("filled", "c"),
    ]


LIFE = (
    "decision",
    "intent",
    "sent",
    "acknowledged",
    "filled",
    "credited",
    "rejected",
    "unknown",
    "alert",
)


def test_the_rows_say_what_was_wanted_why_and_what_became_of_it(journal: Journal) -> None:
    (receipt,) = send(journal, venue(), plan(order("a")))
    intent, _, filled = journal.rows_of("a")
    assert intent.payload["plan_id"] == "plan-1"
    assert intent.payload["value_usd"] == "7010.000"
    assert msgspec.convert(intent.payload["leg"], Order) == order("a")
    assert msgspec.convert(filled.payload["receipt"], Receipt) == receipt


def test_i1_the_intent_is_on_the_disk_before_the_venue_hears_of_it(
    journal: Journal, path: Path
) -> None:
    seen: list[list[str]] = []

    class Watching(Failing):
        def place(self, order: Order, time_ns: int) -> Receipt:
            seen.append([row.kind for row in read(path) if row.client_id == order.client_id])
            return super().place(order, time_ns)

    send(journal, Watching(venue(), "never"), plan(order("a")))
    assert seen == [["intent", "sent"]]


def test_i1_nothing_is_sent_when_the_journal_cannot_be_written(journal: Journal) -> None:
    exchange = Failing(venue(), "never")
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count={pages + 5}")  # room for some legs
    with pytest.raises(JournalRejected, match="full"):
        send(journal, exchange, plan(*(order(f"o{n}", "1") for n in range(60))))
    sent = [call.split()[1] for call in exchange.calls]
    assert 0 < len(sent) < 60
    assert all("intent" in kinds(journal, client_id) for client_id in sent)


@pytest.mark.parametrize("mode", ["observe", "propose"])
def test_only_auto_sends(journal: Journal, path: Path, mode: Mode) -> None:
    exchange = Failing(venue(), "never")
    assert send(journal, exchange, plan(order("a"), transfer("b")), mode=mode) == ()
    assert exchange.calls == []
    (decision,) = rows(path, *LIFE)
    assert decision.kind == "decision"
    assert decision.payload["mode"] == mode
    assert msgspec.convert(decision.payload["plan"], Plan).legs == (order("a"), transfer("b"))


def test_a_refused_leg_says_why_and_the_rest_goes_on(journal: Journal) -> None:
    exchange = Failing(venue(), "never")
    what = plan(
        order("far", limit_usd="90000"), transfer("lost", target="elsewhere"), order("fine")
    )
    receipts = send(journal, exchange, what)
    assert statuses(receipts) == ["rejected", "rejected", "filled"]
    assert exchange.calls == ["place fine"]
    (row,) = journal.rows_of("far")
    assert (row.kind, row.payload["error"]) == ("rejected", "OrderRefused")
    assert "outside the collar" in row.payload["receipt"]["message"]
    assert msgspec.convert(row.payload["leg"], Order) == what.legs[0]
    assert kinds(journal, "lost") == ["rejected"]


def test_the_budget_of_a_day_runs_out_within_a_plan(journal: Journal) -> None:
    legs = (transfer("a", "30000"), transfer("b", "30000"), transfer("c", "20000"))
    receipts = send(journal, venue(), plan(*legs))
    assert statuses(receipts) == ["credited", "rejected", "credited"]
    assert journal.rows_of("b")[0].payload["error"] == "BudgetExceeded"


def test_a_restart_does_not_give_the_budget_back(path: Path, journal: Journal) -> None:
    send(journal, venue(), plan(transfer("a", "30000")))
    journal.close()
    with Journal.open(path) as again:
        receipts = send(again, venue(), plan(transfer("b", "30000")))
        assert statuses(receipts) == ["rejected"]


def test_what_the_venue_rejected_is_not_spent(journal: Journal) -> None:
    poor = venue()
    poor.balances_coin["treasury", "USDC"] = Decimal(0)
    for step in range(3):
        receipts = send(journal, poor, plan(transfer(f"t{step}", "30000")))
        assert "holds 0 USDC" in receipts[0].message


@pytest.mark.parametrize(
    ("made_ns", "expires_ns", "words"),
    [
        (NOW_NS - SECOND_NS, NOW_NS - 1, "plan plan-1 expired"),
        (NOW_NS + 1, NOW_NS + SECOND_NS, "plan plan-1 is of .* later than now"),
    ],
)
def test_a06_a_plan_that_is_past_or_to_come_is_refused_whole(
    journal: Journal, made_ns: int, expires_ns: int, words: str
) -> None:
    exchange = Failing(venue(), "never")
    what = plan(order("a"), transfer("b"), time_ns=made_ns, expires_ns=expires_ns)
    receipts = send(journal, exchange, what)
    assert statuses(receipts) == ["rejected", "rejected"]
    assert all(re.search(words, receipt.message) for receipt in receipts)
    assert exchange.calls == []
    assert kinds(journal, "b") == ["rejected"]


def test_a_plan_holds_until_the_moment_it_expires(journal: Journal) -> None:
    what = plan(order("a"), expires_ns=NOW_NS)
    assert statuses(send(journal, venue(), what)) == ["filled"]


def test_i8_the_kill_switch_leaves_transfers_of_margin(journal: Journal) -> None:
    receipts = send(journal, venue(), plan(order("a"), transfer("b")), is_stopped=True)
    assert statuses(receipts) == ["rejected", "credited"]


def test_i2_a_repeated_client_id_gives_what_is_known_and_sends_nothing(journal: Journal) -> None:
    exchange = Failing(venue(), "never")
    what = plan(order("a"), transfer("b"), order("far", limit_usd="90000"))
    first = send(journal, exchange, what)
    before = len(exchange.calls)
    again = send(journal, exchange, what, time_ns=NOW_NS + 3600 * SECOND_NS)
    assert again == first
    assert len(exchange.calls) == before


def test_i2_a_client_id_that_names_two_legs_sends_the_first(journal: Journal, path: Path) -> None:
    exchange = Failing(venue(), "never")
    receipts = [
        receipt
        for quantity in ("100", "200")  # one plan cannot hold both
        for receipt in send(journal, exchange, plan(order("a", quantity)))
    ]
    assert statuses(receipts) == ["filled", "rejected"]
    assert exchange.calls == ["place a"]
    assert "names another leg" in rows(path, "alert")[0].payload["message"]
    assert kinds(journal, "a") == ["intent", "sent", "filled"]


@pytest.mark.parametrize("leg", [order("a"), transfer("a")], ids=["order", "transfer"])
def test_v01_a_reply_that_is_lost_is_unknown_and_then_adopted(
    journal: Journal, leg: Order | Transfer
) -> None:
    inner = venue()
    exchange = Failing(inner, "after")
    assert statuses(send(journal, exchange, plan(leg))) == ["unknown"]
    assert journal.unsettled() == ("a",)
    exchange.fails = "never"
    (found,) = resolve(journal.unsettled(), exchange, journal, NOW_NS + SECOND_NS)
    assert found.status == ("filled" if isinstance(leg, Order) else "credited")
    assert journal.unsettled() == ()
    assert kinds(journal, "a") == ["intent", "sent", "unknown", found.status]
    if isinstance(leg, Order):
        assert inner.positions_contracts["perp", PERP] == leg.quantity_contracts
    else:
        assert inner.balances_coin["perp", "USDC"] == leg.quantity_coin
    assert exchange.calls[1:] == ["query a"]


def test_v02_v03_absence_is_proven_before_it_is_believed(journal: Journal) -> None:
    exchange = Failing(venue(), "before")
    send(journal, exchange, plan(order("a")))
    exchange.fails = "never"

    def ask(after_ns: int) -> str:
        (found,) = resolve(journal.unsettled(), exchange, journal, NOW_NS + after_ns)
        return found.status

    assert ask(GRACE_NS - ABSENCE_GAP_NS - 1) == "unknown"  # denied once
    assert ask(GRACE_NS - 1) == "unknown"  # twice, but within the grace
    assert kinds(journal, "a") == ["intent", "sent", "unknown", "unknown"]
    assert ask(GRACE_NS) == "rejected"
    assert exchange.calls == ["place a", "query a", "query a", "query a"]
    assert journal.unsettled() == ()
    assert "denied twice" in journal.rows_of("a")[-1].payload["receipt"]["message"]


def test_v02_two_denials_in_one_breath_are_one(journal: Journal) -> None:
    exchange = Failing(venue(), "before")
    send(journal, exchange, plan(order("a")))
    exchange.fails = "never"
    late_ns = NOW_NS + 60 * SECOND_NS
    for after_ns in (0, ABSENCE_GAP_NS - 1):
        resolve(["a"], exchange, journal, late_ns + after_ns)
        assert journal.unsettled() == ("a",)
    resolve(["a"], exchange, journal, late_ns + ABSENCE_GAP_NS)
    assert journal.unsettled() == ()


def test_v03_an_order_that_shows_late_is_adopted(journal: Journal) -> None:
    inner = venue()
    exchange = Failing(inner, "before")
    send(journal, exchange, plan(order("a")))
    exchange.fails = "never"
    resolve(["a"], exchange, journal, NOW_NS + SECOND_NS)
    inner.place(order("a"), NOW_NS)  # it was under way all the time
    (found,) = resolve(["a"], exchange, journal, NOW_NS + 10 * SECOND_NS)
    assert found.status == "filled"


def test_what_is_acknowledged_is_followed_until_it_is_final(journal: Journal) -> None:
    exchange = venue(delay_ns=60 * SECOND_NS)
    assert statuses(send(journal, exchange, plan(transfer("a")))) == ["acknowledged"]
    for after_s, status in ((1, "acknowledged"), (2, "acknowledged"), (60, "credited")):
        (found,) = resolve(["a"], exchange, journal, NOW_NS + after_s * SECOND_NS)
        assert found.status == status
    assert kinds(journal, "a") == ["intent", "sent", "acknowledged", "credited"]


def test_what_was_acknowledged_is_never_believed_absent(journal: Journal) -> None:
    send(journal, venue(delay_ns=SECOND_NS), plan(transfer("a")))
    forgetful = venue()
    for after_s in (10, 20, 30):
        resolve(["a"], forgetful, journal, NOW_NS + after_s * SECOND_NS)
    assert kinds(journal, "a") == ["intent", "sent", "acknowledged", "unknown"]
    assert journal.unsettled() == ("a",)


def test_a_final_outcome_is_not_asked_for_again(journal: Journal) -> None:
    exchange = Failing(venue(), "never")
    first = send(journal, exchange, plan(order("a")))
    assert resolve(["a"], exchange, journal, NOW_NS + SECOND_NS) == first
    assert exchange.calls == ["place a"]


def test_a_venue_that_cannot_be_asked_changes_nothing(journal: Journal) -> None:
    exchange = Failing(venue(), "after")
    send(journal, exchange, plan(order("a")))
    count = journal.rows_count
    for after_s in (1, 10, 100):
        (known,) = resolve(["a"], exchange, journal, NOW_NS + after_s * SECOND_NS)
        assert known.status == "unknown"
    assert journal.rows_count == count


def test_a_leg_the_journal_never_saw_cannot_be_resolved(journal: Journal) -> None:
    with pytest.raises(JournalRejected, match="has no leg z"):
        resolve(["z"], venue(), journal, NOW_NS)


def test_an_instrument_is_frozen_while_an_order_in_it_is_unknown(journal: Journal) -> None:
    exchange = Failing(venue(), "after")
    send(journal, exchange, plan(order("a")))
    exchange.fails = "never"
    other = order("b", "-10", "69990", account_id="other")
    inverse = order("c", "-10", "69990", instrument_id=INVERSE)
    receipts = send(journal, exchange, plan(order("d", "10"), other, inverse, transfer("e")))
    assert statuses(receipts) == ["rejected", "filled", "filled", "credited"]
    assert "frozen until it is known what became of a" in receipts[0].message
    resolve(["a"], exchange, journal, NOW_NS + SECOND_NS)
    assert statuses(send(journal, exchange, plan(order("f", "10")))) == ["filled"]


def test_a_venue_that_refuses_is_no_mystery(journal: Journal) -> None:
    exchange = Failing(venue(), "before", lambda: OrderRefused("tick size"))
    assert statuses(send(journal, exchange, plan(order("a")))) == ["rejected"]
    assert kinds(journal, "a") == ["intent", "sent", "rejected"]
    assert journal.rows_of("a")[-1].payload["receipt"]["message"] == "tick size"


def test_s07_the_text_of_a_foreign_error_stays_out_of_the_journal(
    journal: Journal, path: Path
) -> None:
    send(journal, Failing(venue(), "after"), plan(order("a")))
    assert "TimeoutError" in journal.rows_of("a")[-1].payload["receipt"]["message"]
    journal.close()
    assert b"canary-secret" not in path.read_bytes()


def test_our_own_bug_is_written_down_and_stops(journal: Journal) -> None:
    exchange = Failing(venue(), "after", lambda: AssertionError("cannot be"))
    with pytest.raises(AssertionError, match="cannot be"):
        send(journal, exchange, plan(order("a"), order("b")))
    assert kinds(journal, "a") == ["intent", "sent", "unknown"]
    assert exchange.calls == ["place a"]
    with pytest.raises(AssertionError, match="cannot be"):
        resolve(["a"], exchange, journal, NOW_NS)


class Answering(Failing):
    """A venue whose every answer is edited on the way."""

    def __init__(self, edit: Callable[[Receipt], Receipt]) -> None:
        super().__init__(venue(), "never")
        self.edit = edit

    def _through(self, call: str, act: Callable[[], Any]) -> Any:
        answer = super()._through(call, act)
        return None if answer is None else self.edit(answer)


def test_an_answer_about_another_leg_answers_nothing(journal: Journal) -> None:
    exchange = Answering(lambda r: msgspec.structs.replace(r, client_id="z"))
    assert statuses(send(journal, exchange, plan(order("a")))) == ["unknown"]
    (known,) = resolve(["a"], exchange, journal, NOW_NS + SECOND_NS)
    assert (known.client_id, known.status) == ("a", "unknown")
    assert kinds(journal, "a") == ["intent", "sent", "unknown"]


def test_an_order_the_venue_acknowledged_freezes_nothing(journal: Journal) -> None:
    exchange = Answering(lambda r: msgspec.structs.replace(r, status="acknowledged"))
    assert statuses(send(journal, exchange, plan(order("a"), order("b")))) == ["acknowledged"] * 2


@pytest.mark.parametrize(("filled", "alerts_count"), [("101", 1), ("-1", 1), ("100", 0), ("0", 0)])
def test_v07_an_overfill_is_believed_and_told(
    journal: Journal, path: Path, filled: str, alerts_count: int
) -> None:
    exchange = Answering(
        lambda r: msgspec.structs.replace(r, filled_contracts=Decimal(filled), status="filled")
    )
    (receipt,) = send(journal, exchange, plan(order("a")))
    assert receipt.filled_contracts == Decimal(filled)
    assert len(rows(path, "alert")) == alerts_count


def test_v07_an_overfill_found_later_is_told_too(journal: Journal, path: Path) -> None:
    exchange = Answering(lambda r: msgspec.structs.replace(r, filled_contracts=Decimal(101)))
    exchange.fails = "after"
    send(journal, exchange, plan(order("a")))
    exchange.fails = "never"
    resolve(["a"], exchange, journal, NOW_NS + SECOND_NS)
    assert "the venue filled 101" in rows(path, "alert")[0].payload["message"]


def test_p02_an_intent_that_was_never_sent_expires_on_start(journal: Journal, path: Path) -> None:
    payload = {"plan_id": "p", "leg": order("a"), "value_usd": Decimal(7010)}
    journal.append("intent", NOW_NS, payload, "a")
    journal.close()
    exchange = Failing(venue(), "never")
    with Journal.open(path) as again:
        (receipt,) = recover(again, exchange, NOW_NS + SECOND_NS)
        assert receipt.status == "rejected"
        assert "never reached the venue" in receipt.message
        assert recover(again, exchange, NOW_NS + SECOND_NS) == ()
    assert exchange.calls == ["query a"]


def test_p03_what_was_sent_before_the_end_is_adopted_on_start(path: Path, journal: Journal) -> None:
    class Dies(BaseException):
        pass

    exchange = Failing(venue(), "after", Dies)
    with pytest.raises(Dies):
        send(journal, exchange, plan(order("a"), order("b")))
    journal.close()
    exchange.fails = "never"
    with Journal.open(path) as again:
        (receipt,) = recover(again, exchange, NOW_NS + SECOND_NS)
    assert (receipt.client_id, receipt.status) == ("a", "filled")
    assert exchange.calls == ["place a", "query a"]
    assert verify(path).kinds_count["filled"] == 1
