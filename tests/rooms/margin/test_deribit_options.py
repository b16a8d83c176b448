"""Options of a scan are columns of one account: each is what it is alone, no cell is overlooked."""

from decimal import Decimal
from itertools import product
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, InverseFuture, InversePerpetual
from hedgerow.margin import MarginReport, require
from hedgerow.margin.venues import deribit
from hedgerow.margin.venues.deribit_futures import HeldFutures, held_future
from hedgerow.market import MarketEvent
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    Positions,
    account,
    by_id,
    index,
    inverse,
    inverse_future,
    option,
    option_quote,
    quote,
    scan_rulebook,
    snapshot,
)
from tests.draws import draws

D = Decimal
# Below and above thirty days, and a vol so low that its shock upwards is the least.
DAYS, STRIKES, RIGHTS = (3, 29, 200), (52_000, 60_000, 71_000), ("call", "put")
OPTIONS = [
    option(strike, "call" if right == "call" else "put", expiry_ns=T0_NS + days * DAY_NS)
    for days, (strike, right) in zip(
        DAYS * 2, sorted(product(STRIKES, RIGHTS), key=lambda each: each[1]), strict=True
    )
]
FUTURES: list[InversePerpetual | InverseFuture] = [
    inverse(),
    inverse_future("F", T0_NS + 77 * DAY_NS),
]
TERMS: list[Instrument] = [*FUTURES, *OPTIONS]
EVENTS: list[MarketEvent] = [
    index("BTC", 60_000),
    quote("BTC-PERPETUAL", 60_100),
    quote("F", 61_000),
    *(
        option_quote(terms, 60_000 + 100 * at, vol)
        for at, (terms, vol) in enumerate(
            zip(OPTIONS, (0.9, 0.15, 0.5, 0.8, 0.6, 0.2), strict=True)
        )
    ),
]


def report_on(positions: Positions, **changes: Any) -> MarginReport:
    held = account(currency="BTC", positions=positions, balances={"BTC": 5})
    report = require(held, by_id(*TERMS), snapshot(*EVENTS), scan_rulebook(**changes))
    assert isinstance(report, MarginReport), report
    return report


@pytest.mark.parametrize("right", RIGHTS)
def test_each_of_many_is_what_it_is_alone(right: str) -> None:
    """All short and of one right, so that each loses most where all do, with vol up."""
    sizes = {
        terms.instrument_id: D(at) / -4
        for at, terms in enumerate(OPTIONS, 1)
        if right == terms.right
    }
    together = report_on(sizes)
    assert together.worst_scenario is not None
    assert together.worst_scenario.vol_shock == "up"
    for name, size in sizes.items():
        alone = report_on({name: size})
        assert alone.worst_scenario is not None
        assert alone.worst_scenario.scenario_index == together.worst_scenario.scenario_index
        for lines, others in (
            (alone.lines, together.lines),
            (alone.equity_lines, together.equity_lines),
        ):
            mine = [line for line in lines if line.subject == name]
            assert mine == [line for line in others if line.subject == name]
            assert len(mine) == 1


SIZES = st.integers(-40, 40)


@draws(80)
@given(
    options=st.tuples(*[SIZES] * len(OPTIONS)),
    futures=st.tuples(*[st.integers(-900_000, 900_000)] * len(FUTURES)),
    tail=st.sampled_from(["1", "6"]),
    moves=st.sampled_from([["-0.66", "0.50", "5.00"], ["-0.10", "0.10"], []]),
    dampener_usd=st.sampled_from([0, 400_000]),
)
def test_no_cell_is_worse_than_the_one_the_model_points_at(
    options: tuple[int, ...],
    futures: tuple[int, ...],
    tail: str,
    moves: list[str],
    dampener_usd: int,
) -> None:
    """The model says which cells to look at exactly; looking at all of them finds no other."""
    positions: Positions = {
        **{t.instrument_id: D(q) / 4 for t, q in zip(OPTIONS, options, strict=True) if q},
        **{t.instrument_id: (q, 60_000) for t, q in zip(FUTURES, futures, strict=True) if q},
    }
    changes = {
        "extended_moves_frac": [D(move) for move in moves],
        "extended_table_factor_frac": D(tail),
        "extended_dampener_usd": {"BTC": D(dampener_usd), "ETH": D(0)},
        "delta_shock_threshold_usd": D(10**9),
    }
    found = report_on(positions, **changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deribit, "_NEAR_CCY", float("inf"))
        assert report_on(positions, **changes) == found


def test_a_tail_that_is_half_a_per_cent_worse_is_the_worst() -> None:
    """A future is moved by the range there: its loss times 4.145625 x 0.16 / 0.66 = 1.005."""
    report = report_on(
        {"BTC-PERPETUAL": (60_100, 60_100)},  # one coin at its mark
        extended_moves_frac=[D("-0.66")],
        extended_table_factor_frac=D("4.145625"),
        extended_dampener_usd={"BTC": D(0), "ETH": D(0)},
    )
    assert report.worst_scenario is not None
    assert report.worst_scenario.price_move_frac == D("-0.66")
    assert float(report.worst_scenario.profit_ccy) == pytest.approx(-1.005 * 0.16 / 0.84, rel=1e-11)


def test_the_model_is_close_to_the_exact_in_every_cell() -> None:
    """Of futures, whose profits are exact: twelve decimals, down."""
    book, terms = scan_rulebook(extended_moves_frac=[D("-0.66"), D("0.10"), D(5)]), FUTURES[0]
    (position,) = account(positions={terms.instrument_id: (-123_450, 60_000)}).positions
    future = held_future(position, terms, snapshot(*EVENTS), book)
    assert not isinstance(future, Failure)
    grid = deribit.cells(book, "BTC")
    moves = np.array([float(cell.price_move_frac) for cell in grid])
    held = HeldFutures([future], grid, moves, book.price_range_frac["BTC"])
    exact = [float(held.profits_ccy(at)[0]) for at in range(len(grid))]
    assert held.profits_model_ccy() == pytest.approx(exact, abs=2e-12)


def test_ten_contracts_of_a_tenth_of_a_coin_are_one_of_a_coin() -> None:
    tenth = msgspec.structs.replace(OPTIONS[0], multiplier_coin_per_contract=D("0.1"))
    held = account(currency="BTC", positions={tenth.instrument_id: -10}, balances={"BTC": 5})
    report = require(held, by_id(tenth), snapshot(*EVENTS), scan_rulebook())
    assert isinstance(report, MarginReport), report
    whole = report_on({tenth.instrument_id: -1})
    assert report.equity_ccy == whole.equity_ccy
    assert report.requirement_initial_ccy == whole.requirement_initial_ccy


def test_what_no_formula_takes_is_refused_by_name_and_in_words() -> None:
    far = option(D(10) ** 31, "call")
    held = account(currency="BTC", positions={OPTIONS[0].instrument_id: 1, far.instrument_id: 1})
    now = snapshot(*EVENTS, option_quote(far, 60_000, 0.6))
    outcome = require(held, by_id(*TERMS, far), now, scan_rulebook())
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason) == (far.instrument_id, "unsupported")
    assert "strike_usd must be finite and from 0 to 1e+30" in outcome.message
