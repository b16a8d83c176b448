"""The bars of issue 6 on the real week: a short strangle, held and hedged, chain by chain."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path

import msgspec
import pytest

from hedgerow.exposure import aggregate
from hedgerow.instruments import InversePerpetual
from hedgerow.market import AgeLimits, MarketState, Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import value
from hedgerow.risk import CashFlow, ExplainRow, Fill, Method, explain, pooled
from hedgerow.simulation.futures import filled
from hedgerow.units import HOUR_NS, parse_ns
from hedgerow.venues.recordings import merge, read_chains, read_perpetual_quotes
from hedgerow.venues.recordings.names import option_from_name, perpetual_from_name
from tests.builders import account, by_id
from tests.rooms.risk.steps import held, row

START_NS, END_NS = parse_ns("2026-01-29T00:00:00Z"), parse_ns("2026-02-07T00:00:00Z")
NAMES = ("BTC-27FEB26-80000-P", "BTC-27FEB26-100000-C")
PERP = perpetual_from_name("BTC-PERPETUAL")
TERMS = by_id(PERP, *map(option_from_name, NAMES))
SHORT = account(
    "btc", venue="deribit", currency="BTC",
    positions=dict.fromkeys(NAMES, -20), balances={"BTC": 12},
)  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chains(shared_data: Path) -> tuple[Snapshot, ...]:
    """The market at every chain of the week."""
    folder = shared_data / "deribit_options_2026"
    state = MarketState(
        ages=AgeLimits(option_ns_max=HOUR_NS, index_ns_max=HOUR_NS, quote_ns_max=HOUR_NS),
        movers={},
        dollars_usd={"USDC": Decimal(1)},
    )

    def frozen() -> Iterator[Snapshot]:
        events = merge(
            read_perpetual_quotes(folder, underlyings=["BTC"], start_ns=START_NS, end_ns=END_NS),
            read_chains(folder, underlyings=["BTC"], start_ns=START_NS, end_ns=END_NS),
        )
        for time_ns, group in groupby(events, key=attrgetter("time_ns")):
            for event in group:
                state.apply(event)
            yield state.freeze(time_ns)

    found = tuple(frozen())
    assert len(found) == 35
    return found


def hedged(now: Account, at: Snapshot) -> tuple[Account, Fill, list[CashFlow]]:
    """Bring the delta to nothing with the perpetual at its mark, and pay five basis points."""
    assert isinstance(PERP, InversePerpetual)
    book = held(now, terms=TERMS, time_ns=at.time_ns)
    node = aggregate(book, value(book, at), at).row("desk")
    assert isinstance(node.delta_spot_coin, float)  # type: ignore[union-attr]
    mark = at.mark_usd("BTC-PERPETUAL", "BTC")
    assert isinstance(mark, Decimal)
    coins = Decimal(repr(-node.delta_spot_coin))  # type: ignore[union-attr]
    contracts = round(coins * mark / PERP.multiplier_usd_per_contract)
    change = filled(now, PERP, Decimal(contracts), mark)
    fee = -abs(contracts * PERP.multiplier_usd_per_contract / mark) * Decimal("0.0005")
    paid = [("fee", fee), *((flow.reason, flow.quantity_coin) for flow in change.flows)]
    flows = [
        msgspec.convert(
            {
                "account_id": "btc",
                "asset": "BTC",
                "quantity_coin": much,
                "kind": kind,
                "instrument_id": "BTC-PERPETUAL",
            },
            CashFlow,
        )
        for kind, much in paid
    ]
    fill = Fill(
        account_id="btc", instrument_id="BTC-PERPETUAL",
        quantity_contracts=Decimal(contracts), price_ccy=mark,
    )  # fmt: skip
    balance = change.account.balance_coin("BTC") + fee
    after = msgspec.structs.replace(
        change.account,
        balances=(msgspec.structs.replace(change.account.balances[0], quantity_coin=balance),),
    )
    return after, fill, flows


def steps(
    chains: tuple[Snapshot, ...], method: Method, *, is_hedged: bool, marks: str = "model"
) -> list[ExplainRow]:
    now, found = SHORT, []
    for start, end in pairwise(chains):
        before = now
        fills: list[Fill] = []
        flows: list[CashFlow] = []
        if is_hedged:
            now, fill, flows = hedged(now, start)
            fills = [fill]
        explained = explain(
            held(before, terms=TERMS, time_ns=start.time_ns),
            held(now, terms=TERMS, time_ns=end.time_ns),
            start, end, fills=fills, flows=flows, method=method,
            marks=marks,  # type: ignore[arg-type]
        )  # fmt: skip
        found.append(row(explained))
    return found


@pytest.mark.parametrize("is_hedged", [False, True], ids=["held", "hedged"])
@pytest.mark.parametrize(("method", "bar_frac"), [("taylor", 0.02), ("full", 0.01)])
def test_little_of_the_week_stays_unexplained(
    chains: tuple[Snapshot, ...], method: Method, bar_frac: float, *, is_hedged: bool
) -> None:
    rows = steps(chains, method, is_hedged=is_hedged)
    large = [each for each in rows if each.verdict == "large_move"]
    small = [each for each in rows if each.verdict != "large_move"]
    assert (len(small), len(large)) == (33, 1)
    for some in (rows, small):
        whole = pooled(some)
        assert whole.unknown_count == 0
        assert whole.alerts_count == 0
        assert whole.unexplained_frac is not None
        assert whole.unexplained_frac <= bar_frac
    if is_hedged:
        assert any(each.lines_usd["trades"] for each in rows)
        assert all(each.lines_usd["fees"] <= 0 for each in rows)


def test_the_marks_as_recorded_agree_with_their_own_vols_to_a_hundredth(
    chains: tuple[Snapshot, ...],
) -> None:
    """Marks and vols of a chain were read up to minutes apart: that much stays unexplained."""
    methods: tuple[Method, ...] = ("taylor", "full")
    for method in methods:
        whole = pooled(steps(chains, method, is_hedged=False, marks="venue"))
        assert whole.unexplained_frac is not None
        assert 0.002 < whole.unexplained_frac <= 0.011
