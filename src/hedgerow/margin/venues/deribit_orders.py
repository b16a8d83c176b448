"""What orders that rest add to Deribit's initial requirement in portfolio margin.

The venue's initial margin holds a part for open orders and its maintenance does not ([V]
deribit-pme-btc-2024-06-17); how it computes that part is not published. Here it is what the worst
fills would add, and what they would lose at once at the mark ([U]; reconcile with
`private/pme/simulate`).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, InverseFuture, InversePerpetual, Option
from hedgerow.margin.fills import COMBINATIONS_COUNT_MAX, search
from hedgerow.margin.records import MarginLine, MarginReport, unsupported
from hedgerow.margin.venues.deribit_rulebook import ScanRulebook
from hedgerow.portfolio import Account

__all__ = ["with_orders"]


def with_orders(
    account: Account,
    instruments: Mapping[str, Instrument],
    rulebook: ScanRulebook,
    judge: Callable[[Account], Outcome[MarginReport]],
) -> Outcome[MarginReport]:
    """Give the report of an account without its orders, and a line for what they add.

    Parameters
    ----------
    judge
        Gives the report of an account without orders.
    """
    for order in account.orders:
        if not isinstance(
            instruments[order.instrument_id], Option | InversePerpetual | InverseFuture
        ):
            return unsupported(account, f"{order.instrument_id} is neither option nor inverse")
    now = judge(msgspec.structs.replace(account, orders=()))
    if isinstance(now, Failure):
        return now
    worst = search(
        account,
        instruments,
        judge,
        lambda report: (report.requirement_initial_ccy - report.equity_ccy,),
        combinations_count_max=COMBINATIONS_COUNT_MAX,
    )
    if isinstance(worst, Failure):
        return worst
    then = worst.report
    then_ccy = then.requirement_initial_ccy - then.equity_ccy
    added_ccy = then_ccy - (now.requirement_initial_ccy - now.equity_ccy)
    filled = ", ".join(f"{each.quantity_contracts} {each.instrument_id}" for each in worst.filled)
    line = MarginLine(
        rule="open orders",
        subject=account.currency,
        amount_ccy=Decimal(0),
        amount_initial_ccy=added_ccy,
        detail=f"initial ({then.requirement_initial_ccy:f} - {then.equity_ccy:f}) - "
        f"({now.requirement_initial_ccy:f} - {now.equity_ccy:f}); with filled: {filled or 'none'}"
        + ("" if worst.is_exhaustive else " (instruments asked in turn)"),
        evidence=rulebook.known("open_orders"),
    )
    return msgspec.structs.replace(
        now,
        lines=(*now.lines, line),
        requirement_initial_ccy=now.requirement_initial_ccy + added_ccy,
        confidence=now.confidence if line.evidence == "V" else "estimate",
    )
