"""Whatever is traded, paid and moved: lines add up, and revaluation leaves nothing."""

from decimal import Decimal
from math import fsum
from typing import NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import InversePerpetual, LinearPerpetual
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.risk import CashFlow, Fill, Method, explain
from hedgerow.simulation.futures import filled
from hedgerow.simulation.ledger import received, with_flows, with_position
from tests.builders import (
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
)
from tests.draws import draws
from tests.rooms.risk.steps import T1_NS, held, later

CALL, PUT = option(66_000, "call"), option(55_000, "put")
TERMS = by_id(perpetual(), inverse(), CALL, PUT)
OPENING = account(
    positions={"BTC-PERP": (2, 58_000), "BTC-PERPETUAL": (-40_000, 61_000), "BTC-66000-call": -5},
    balances={"BTC": 3, "USDC": 20_000},
)


class Trade(NamedTuple):
    name: str
    contracts: int
    move_frac: float
    fee: int


trades = st.lists(
    st.builds(
        Trade,
        st.sampled_from(["BTC-PERP", "BTC-PERPETUAL", "BTC-66000-call", "BTC-55000-put"]),
        st.integers(-4, 4).filter(bool),
        st.floats(-0.05, 0.05),
        st.integers(0, 20),
    ),
    max_size=6,
)
shifts = st.floats(-0.08, 0.08)


def traded(opening: Account, some: list[Trade]) -> tuple[Account, list[Fill], list[CashFlow]]:
    """Book trades as a venue does."""
    now, fills, flows = opening, [], []
    for each in some:
        terms = TERMS[each.name]
        if isinstance(terms, LinearPerpetual | InversePerpetual):
            much = Decimal(each.contracts * (1 if isinstance(terms, LinearPerpetual) else 10_000))
            price = Decimal(round(60_000 * (1 + each.move_frac)))
            change = filled(now, terms, much, price)
            now, paid = change.account, list(change.flows)
            asset = "USDC" if isinstance(terms, LinearPerpetual) else "BTC"
        else:
            much, asset = Decimal(each.contracts), "BTC"
            price = Decimal(repr(round(0.05 * (1 + each.move_frac), 4)))
            paid = list(received("BTC", -much * price, "trade"))
            now = with_flows(
                with_position(now, each.name, now.quantity_contracts(each.name) + much), paid
            )
        fee = received(asset, -Decimal(each.fee) / (1 if asset == "USDC" else 100_000), "fee")
        now = with_flows(now, fee)
        fills.append(
            Fill(
                account_id="main",
                instrument_id=each.name,
                quantity_contracts=much,
                price_ccy=price,
            )
        )
        flows += [
            msgspec.convert(
                {
                    "account_id": "main",
                    "asset": flow.asset,
                    "quantity_coin": flow.quantity_coin,
                    "kind": flow.reason,
                    "instrument_id": each.name,
                },
                CashFlow,
            )
            for flow in (*paid, *fee)
        ]
    return now, fills, flows


def market(spot_frac: float, basis_frac: float, vol_frac: float) -> Snapshot:
    spot = Decimal(repr(round(60_000 * (1 + spot_frac), 2)))
    mark = Decimal(repr(round(float(spot) * (1 + basis_frac / 10), 2)))
    return later(
        index("BTC", spot),
        quote("BTC-PERP", mark),
        quote("BTC-PERPETUAL", mark),
        option_quote(CALL, mark, 0.6 + vol_frac),
        option_quote(PUT, mark, 0.7 + vol_frac),
    )


START = snapshot(
    index("BTC", 60_000),
    quote("BTC-PERP", 60_010),
    quote("BTC-PERPETUAL", 59_990),
    option_quote(CALL, 60_500, 0.6),
    option_quote(PUT, 60_500, 0.7),
)


@draws(60)
@given(trades, shifts, shifts, shifts)
def test_nothing_that_was_told_stays_unexplained(
    some: list[Trade], spot_frac: float, basis_frac: float, vol_frac: float
) -> None:
    now, fills, flows = traded(OPENING, some)
    end = market(spot_frac, basis_frac, vol_frac)
    found = explain(
        held(OPENING, terms=TERMS),
        held(now, terms=TERMS, time_ns=T1_NS),
        START,
        end,
        fills=fills,
        flows=flows,
        instruments=TERMS,
        method="full",
    )
    whole = found.row("desk")
    assert not isinstance(whole, Failure)
    assert not whole.missing
    for row in found.rows:
        assert row.unexplained_usd is not None
        assert row.actual_usd is not None
        # Cash is rounded down to 1e-8 of a coin for every fill.
        assert abs(row.unexplained_usd) < 0.001 * (1 + len(some)), row.node
        assert abs(fsum(row.lines_usd.values()) + row.unexplained_usd - row.actual_usd) < 1e-6


@draws(60)
@given(trades, shifts, shifts, shifts)
def test_both_versions_agree_on_what_they_share(
    some: list[Trade], spot_frac: float, basis_frac: float, vol_frac: float
) -> None:
    now, fills, flows = traded(OPENING, some)
    books = held(OPENING, terms=TERMS), held(now, terms=TERMS, time_ns=T1_NS)
    end = market(spot_frac, basis_frac, vol_frac)
    rows = []
    methods: tuple[Method, ...] = ("taylor", "full")
    for method in methods:
        found = explain(
            *books, START, end, fills=fills, flows=flows, instruments=TERMS, method=method
        )
        row = found.row("desk")
        assert not isinstance(row, Failure)
        rows.append(row)
    taylor, full = rows
    assert taylor.actual_usd == full.actual_usd
    for name in ("carry", "numeraire", "trades", "fees", "transfers", "expiries"):
        assert taylor.lines_usd[name] == full.lines_usd[name]
