"""From a plan to receipts: each leg is guarded, written down, sent once, and its outcome written.

For one leg the journal reads ``intent, sent, outcome``; each row is on the disk before the next
step is taken. Whatever interrupts, the rows say how far it got: an intent alone never left this
process, `sent` without an outcome may have reached the venue. That is *unknown*, which is a state
and not an error: nothing is sent again, the venue is asked by our own client id (`resolve`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hedgerow.errors import ExecutionError, JournalRejected, OrderRefused, TransferRefused
from hedgerow.execution.canonical import canonical
from hedgerow.execution.chain import Row
from hedgerow.execution.guards import Guards, check, spent_on_day
from hedgerow.execution.journal import Journal
from hedgerow.execution.ports import Exchange, send
from hedgerow.execution.records import Mode, Receipt
from hedgerow.instruments import Instrument
from hedgerow.market import Snapshot
from hedgerow.planning import Leg, Order, Plan, Swap, Switch, Transfer
from hedgerow.units import SECOND_NS, format_ns

__all__ = ["ABSENCE_GAP_NS", "GRACE_NS", "outcome", "recover", "resolve", "submit"]

# A venue may not show a new order at once (fault matrix V03), so "not found" proves nothing before
# the grace is over, and then only when it is said twice (V02).
GRACE_NS = 5 * SECOND_NS
ABSENCE_GAP_NS = 2 * SECOND_NS

_FINAL = frozenset({"filled", "credited", "rejected"})
_UNANSWERED = frozenset({"intent", "sent", "unknown"})
# Two legs of one kind that agree in these would do the same thing twice.
_FROZEN_BY: Mapping[str, tuple[str, ...]] = {
    "order": ("account_id", "instrument_id"),
    "switch": ("account_id",),
    "swap": ("account_id", "asset"),
}


def submit(
    plan: Plan,
    *,
    mode: Mode,
    exchange: Exchange,
    journal: Journal,
    guards: Guards,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    time_ns: int,
) -> tuple[Receipt, ...]:
    """Journal a plan and, in mode ``auto``, send its legs in order.

    A leg that is refused is journalled as rejected with the reason, and the legs after it go on,
    but for those that wait for it: they are refused too. A leg that waits for one that is not done
    yet (filled in full, or arrived) is not sent and not journalled; its receipt says ``waiting``,
    and submitting the plan again sends it once that is done, while the plan is valid. A client id
    that the journal knows is not sent again: what is known of it is the receipt.

    Returns
    -------
    tuple of Receipt
        One for each leg, in order; none in the modes ``observe`` and ``propose``, which send
        nothing.

    Raises
    ------
    JournalRejected
        If a row cannot be written. A leg whose intent could not be written was not sent.
    """
    journal.append("decision", time_ns, {"mode": mode, "plan": plan})
    if mode != "auto":
        return ()
    receipts: list[Receipt] = []
    for leg in plan.legs:
        rows = journal.rows_of(leg.client_id)
        if rows:
            receipts.append(_repeated(leg, rows, journal, time_ns))
            continue
        try:
            _check_plan(plan, leg, time_ns)
            waits_for = _undone(leg, plan, receipts)
            if waits_for:
                receipts.append(_waiting(leg, waits_for, time_ns))
                continue
            _check_frozen(leg, journal)
            value_usd = check(
                leg,
                guards=guards,
                instruments=instruments,
                snapshot=snapshot,
                spent=spent_on_day(journal, time_ns),
                time_ns=time_ns,
            )
        except ExecutionError as refusal:
            receipts.append(_refused(plan, leg, refusal, journal, time_ns))
            continue
        journal.append(
            "intent",
            time_ns,
            {"plan_id": plan.plan_id, "leg": leg, "value_usd": value_usd},
            leg.client_id,
        )
        receipts.append(_send(leg, exchange, journal, time_ns))
    return tuple(receipts)


def resolve(
    client_ids: Iterable[str], exchange: Exchange, journal: Journal, time_ns: int
) -> tuple[Receipt, ...]:
    """Ask the venue what became of legs, and journal what is new. Sends nothing.

    A leg that the venue shows is adopted. One that it does not show is rejected only when its
    absence is proven: it was never sent, or the venue denied it twice, `ABSENCE_GAP_NS` apart, the
    second time `GRACE_NS` after it was sent. A venue that does not answer leaves things as they
    are.

    Raises
    ------
    JournalRejected
        If the journal has no such leg, or cannot be written.
    """
    return tuple(_resolve(client_id, exchange, journal, time_ns) for client_id in client_ids)


def recover(journal: Journal, exchange: Exchange, time_ns: int) -> tuple[Receipt, ...]:
    """Resolve every leg without a final outcome: on start, and before anything new is sent.

    Receipts that still say ``unknown`` or ``acknowledged`` want it again later.

    Raises
    ------
    JournalRejected
        If the journal cannot be written.
    """
    return resolve(journal.unsettled(), exchange, journal, time_ns)


def outcome(rows: tuple[Row, ...]) -> Receipt:
    """Give what the rows of one leg, oldest first, say became of it."""
    last = rows[-1]
    if "receipt" in last.payload:
        return msgspec.convert(last.payload["receipt"], Receipt)
    assert last.client_id is not None, "rows of a leg carry its client id"
    return _unknown(last.client_id, last.time_ns, f"{last.kind}; the venue has not answered yet")


def _undone(leg: Leg, plan: Plan, receipts: Sequence[Receipt]) -> list[str]:
    """List what a leg still waits for, or refuse it where that will never be done."""
    earlier = {
        each.client_id: (each, told) for each, told in zip(plan.legs, receipts, strict=False)
    }
    undone = []
    for client_id in leg.waits_for:
        first, told = earlier[client_id]
        if told.status == "rejected":
            raise _refusal(leg, f"{client_id}, which was rejected: {told.message}")
        if told.status not in ("filled", "credited"):
            undone.append(client_id)
        elif isinstance(first, Order) and abs(told.filled_contracts) < abs(
            first.quantity_contracts
        ):
            raise _refusal(
                leg,
                f"{client_id}, of which {told.filled_contracts:f} of "
                f"{first.quantity_contracts:f} contracts were filled",
            )
        elif isinstance(first, Swap) and told.filled_contracts < first.quantity_coin:
            raise _refusal(
                leg,
                f"{client_id}, of which {told.filled_contracts:f} of {first.quantity_coin:f} "
                f"{first.asset} were given",
            )
    return undone


def _refusal(leg: Leg, waits_for: str) -> ExecutionError:
    refusal = TransferRefused if isinstance(leg, Transfer) else OrderRefused
    kind = leg.__struct_config__.tag
    return refusal(f"{kind} {leg.client_id} was not sent: it waits for {waits_for}")


def _waiting(leg: Leg, waits_for: Sequence[str], time_ns: int) -> Receipt:
    return Receipt(
        client_id=leg.client_id,
        time_ns=time_ns,
        status="waiting",
        message=f"not sent yet: it waits for {', '.join(waits_for)}",
    )


def _check_plan(plan: Plan, leg: Leg, time_ns: int) -> None:
    refusal = TransferRefused if isinstance(leg, Transfer) else OrderRefused
    if time_ns > plan.expires_ns:
        raise refusal(
            f"plan {plan.plan_id} expired {format_ns(plan.expires_ns)}, now is "
            f"{format_ns(time_ns)}; make a new plan"
        )
    if time_ns < plan.time_ns:
        raise refusal(
            f"plan {plan.plan_id} is of {format_ns(plan.time_ns)}, later than now "
            f"({format_ns(time_ns)}); check the clock"
        )


def _check_frozen(leg: Leg, journal: Journal) -> None:
    """Refuse a second of a kind where the outcome of the first is unknown: both might be done.

    Transfers go on: margin that may not have been sent is sent again, inside the day's budget.
    """
    wanted = json.loads(canonical({"leg": leg}))["leg"]
    about = _FROZEN_BY.get(wanted["type"])
    if about is None:
        return
    for client_id in journal.unsettled():
        rows = journal.rows_of(client_id)
        earlier = rows[0].payload["leg"]
        if (
            rows[-1].kind in _UNANSWERED
            and earlier["type"] == wanted["type"]
            and all(earlier[field] == wanted[field] for field in about)
        ):
            raise OrderRefused(
                f"{wanted['type']} {leg.client_id}: {wanted[about[-1]]} is frozen until it is "
                f"known what became of {client_id}"
            )


def _repeated(leg: Leg, rows: tuple[Row, ...], journal: Journal, time_ns: int) -> Receipt:
    if rows[0].payload["leg"] == json.loads(canonical({"leg": leg}))["leg"]:
        return outcome(rows)
    message = f"client id {leg.client_id} names another leg already; this one was not sent"
    journal.append("alert", time_ns, {"message": message, "leg": leg})
    return _rejected(leg.client_id, time_ns, message)


def _refused(
    plan: Plan, leg: Leg, refusal: ExecutionError, journal: Journal, time_ns: int
) -> Receipt:
    receipt = _rejected(leg.client_id, time_ns, str(refusal))
    journal.append(
        "rejected",
        time_ns,
        {
            "plan_id": plan.plan_id,
            "leg": leg,
            "error": type(refusal).__name__,
            "receipt": receipt,
        },
        leg.client_id,
    )
    return receipt


def _send(leg: Leg, exchange: Exchange, journal: Journal, time_ns: int) -> Receipt:
    journal.append("sent", time_ns, {}, leg.client_id)
    try:
        receipt = send(exchange, leg, time_ns)
    except ExecutionError as refusal:
        receipt = _rejected(leg.client_id, time_ns, str(refusal))
    except Exception as trouble:
        # It may have arrived. The text of a foreign error may hold a signed address, so only its
        # type is kept (I10).
        receipt = _unknown(leg.client_id, time_ns, f"{type(trouble).__name__} while sending")
        journal.append("unknown", time_ns, {"receipt": receipt}, leg.client_id)
        if isinstance(trouble, AssertionError):
            raise  # our own bug: written down, then stop
        return receipt
    if receipt.client_id != leg.client_id:
        receipt = _unknown(
            leg.client_id, time_ns, f"the venue answered about {receipt.client_id} instead"
        )
    _journal_receipt(leg.client_id, receipt, journal, time_ns)
    _alert_overfill(leg, receipt, journal, time_ns)
    return receipt


def _resolve(client_id: str, exchange: Exchange, journal: Journal, time_ns: int) -> Receipt:
    rows = journal.rows_of(client_id)
    if not rows:
        raise JournalRejected(f"{journal.path} has no leg {client_id}")
    known = outcome(rows)
    if known.status in _FINAL:
        return known
    try:
        found = exchange.query(client_id, time_ns)
    except AssertionError:
        raise
    except Exception:
        return known  # the venue cannot be asked now; nothing new is known
    if found is None:
        return _absent(rows, known, journal, time_ns)
    if found.client_id != client_id:
        return known  # an answer about something else says nothing
    if found.status != rows[-1].kind:
        _journal_receipt(client_id, found, journal, time_ns)
        leg: Leg = msgspec.convert(rows[0].payload["leg"], Order | Transfer | Switch | Swap)
        _alert_overfill(leg, found, journal, time_ns)
    return found


def _absent(rows: tuple[Row, ...], known: Receipt, journal: Journal, time_ns: int) -> Receipt:
    client_id = known.client_id
    sent_ns = next((row.time_ns for row in rows if row.kind == "sent"), None)
    denied_ns = next((row.time_ns for row in rows if row.payload.get("is_absent")), None)
    if sent_ns is None:
        receipt = _rejected(client_id, time_ns, "intent never reached the venue: it was not sent")
    elif any(row.kind == "acknowledged" for row in rows):
        # Acknowledged once and denied now: one of the two is wrong, and only a person can tell.
        if rows[-1].kind == "unknown":
            return known
        receipt = _unknown(client_id, time_ns, "the venue acknowledged it and now denies it")
    elif denied_ns is None:
        receipt = _unknown(client_id, time_ns, "the venue has not seen it; asking once more")
    elif time_ns - denied_ns >= ABSENCE_GAP_NS and time_ns - sent_ns >= GRACE_NS:
        receipt = _rejected(client_id, time_ns, "intent never reached the venue: denied twice")
    else:
        return known
    is_absent = receipt.status == "unknown"
    assert receipt.status != "waiting", "what was journalled did not wait"
    journal.append(receipt.status, time_ns, {"receipt": receipt, "is_absent": is_absent}, client_id)
    return receipt


def _journal_receipt(client_id: str, receipt: Receipt, journal: Journal, time_ns: int) -> None:
    assert receipt.status != "waiting", "what is sent does not wait"
    journal.append(receipt.status, time_ns, {"receipt": receipt}, client_id)


def _alert_overfill(leg: Leg, receipt: Receipt, journal: Journal, time_ns: int) -> None:
    """V07: what the venue says it filled is what we hold, but a person must hear of it."""
    filled = receipt.filled_contracts
    if isinstance(leg, Swap) and filled > leg.quantity_coin:
        message = (
            f"swap {leg.client_id} on {leg.account_id}: asked to give {leg.quantity_coin:f} "
            f"{leg.asset}, gave {filled:f}"
        )
        journal.append("alert", time_ns, {"message": message})
    if not isinstance(leg, Order):
        return
    asked = leg.quantity_contracts
    if filled and (filled * asked < 0 or abs(filled) > abs(asked)):
        message = (
            f"order {leg.client_id} in {leg.instrument_id}: asked for {asked:f} contracts, "
            f"the venue filled {filled:f}"
        )
        journal.append("alert", time_ns, {"message": message})


def _rejected(client_id: str, time_ns: int, message: str) -> Receipt:
    return Receipt(client_id=client_id, time_ns=time_ns, status="rejected", message=message)


def _unknown(client_id: str, time_ns: int, message: str) -> Receipt:
    return Receipt(client_id=client_id, time_ns=time_ns, status="unknown", message=message)
