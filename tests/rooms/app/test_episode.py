"""What a run does with a decision: it asks what became of the last one before it sends another."""

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from hedgerow.app.desk import load_desk
from hedgerow.app.episode import _Scribe
from hedgerow.execution import Decision, Header, Journal, Receipt
from hedgerow.planning import Leg
from hedgerow.units import SECOND_NS
from tests.rooms.execution.desk import (
    GUARDS,
    INSTRUMENTS,
    NOW_NS,
    Failing,
    market,
    order,
    plan,
    venue,
)

HEADER = Header(
    desk_digest="1" * 64,
    rulebooks_digest="2" * 64,
    data_name="made",
    data_digest="3" * 64,
    seed=1,
    mode="auto",
)


def decided(scribe: _Scribe, leg: Leg, after_s: int) -> list[tuple[str, str]]:
    time_ns = NOW_NS + after_s * SECOND_NS
    wanted = plan(leg, time_ns=time_ns, expires_ns=time_ns + SECOND_NS)
    decision = Decision(time_ns=time_ns, limits=(), plan=wanted, reasons=())
    receipts: list[Receipt] = list(scribe.act(decision, market(time_ns), time_ns))
    return [(receipt.client_id, receipt.status) for receipt in receipts]


def test_an_order_of_unknown_outcome_is_asked_for_and_no_longer_holds_up_the_next(
    tmp_path: Path,
) -> None:
    """It arrived and its answer was lost. While the line is down the instrument stays frozen."""
    with as_file(files("hedgerow.app") / "desks" / "embedded.toml") as path:
        desk = replace(load_desk(path), instruments=INSTRUMENTS, mode="auto")
    exchange = Failing(venue(), "after")
    with Journal.create(tmp_path / "journal.db", HEADER, time_ns=NOW_NS) as journal:
        scribe = _Scribe(desk, exchange, journal, GUARDS)
        assert decided(scribe, order("a"), 0) == [("a", "unknown")]
        assert decided(scribe, order("b"), 1) == [("a", "unknown"), ("b", "rejected")]
        exchange.fails = "never"
        assert decided(scribe, order("c"), 2) == [("a", "filled"), ("c", "filled")]
        assert decided(scribe, order("d"), 3) == [("d", "filled")]
    # Nothing went out twice, and what is settled is not asked for again.
    assert exchange.calls == ["place a", "query a", "query a", "place c", "place d"]
