"""Options named on a command line: what entering costs, side by side, and what is refused."""

from math import erf, log, sqrt

import numpy as np
import pytest

from hedgerow.app.option_picks import picks_of
from hedgerow.errors import Failure, RequestRejected
from hedgerow.market import ChainColumns
from hedgerow.units import DAY_NS, parse_ns

FORWARD, VOL, FEE = 80_000.0, 0.5, 0.0003
EXPIRY_NS = parse_ns("2026-02-27T08:00:00Z")
NEAR, FAR = "BTC-27FEB26-80000-C", "BTC-27FEB26-150000-C"
NAN = float("nan")


def cdf(x: float) -> float:
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))


def call_usd(strike: float, days: float = 30.0) -> float:
    root = VOL * sqrt(days / 365.0)
    d1 = log(FORWARD / strike) / root + 0.5 * root
    return FORWARD * cdf(d1) - strike * cdf(d1 - root)


def chain(
    bid: float, ask: float, strike: float = 80_000.0, *, days: float = 30.0,
    forward: float = FORWARD, vol: float = VOL,
) -> ChainColumns:  # fmt: skip
    return ChainColumns(
        underlying="BTC",
        time_ns=EXPIRY_NS - round(days * DAY_NS),
        expiry_ns=np.array([EXPIRY_NS]),
        strike_usd=np.array([strike]),
        is_call=np.array([True]),
        forward_usd=np.array([forward]),
        vol_mark_frac=np.array([vol]),
        price_bid_usd=np.array([bid]),
        price_ask_usd=np.array([ask]),
    )


def entry_usd(told: ChainColumns, text: str) -> float:
    (pick,) = picks_of([text], told, FEE)
    assert not isinstance(pick.entry_usd, Failure), pick.entry_usd
    return pick.entry_usd


def test_who_buys_pays_up_to_the_ask_and_who_sells_goes_down_to_the_bid() -> None:
    mark = call_usd(80_000.0)
    told = chain(mark - 30.0, mark + 50.0)
    assert entry_usd(told, f"{NEAR}=2") == pytest.approx(50.0 + FEE * FORWARD)
    assert entry_usd(told, f"{NEAR}=-2") == pytest.approx(30.0 + FEE * FORWARD)


def test_a_price_better_than_the_mark_is_no_gain() -> None:
    mark = call_usd(80_000.0)
    told = chain(mark + 10.0, mark - 10.0)
    for text in (f"{NEAR}=1", f"{NEAR}=-1"):
        assert entry_usd(told, text) == pytest.approx(FEE * FORWARD)


def test_the_fee_of_a_cheap_option_is_an_eighth_of_what_is_paid_for_it() -> None:
    mark = call_usd(150_000.0)
    assert mark < 8.0
    told = chain(4.0, 16.0, 150_000.0)
    assert entry_usd(told, f"{FAR}=1") == pytest.approx(16.0 - mark + 2.0)
    assert entry_usd(told, f"{FAR}=-1") == pytest.approx(max(mark - 4.0, 0.0) + 0.5)


def test_a_side_that_nobody_quotes_leaves_its_entry_unknown_and_the_other_known() -> None:
    told = chain(NAN, call_usd(80_000.0) + 50.0)
    (sold,) = picks_of([f"{NEAR}=-1"], told, FEE)
    assert isinstance(sold.entry_usd, Failure)
    assert "nobody bids for it" in sold.entry_usd.message
    assert entry_usd(told, f"{NEAR}=1") > 50.0


@pytest.mark.parametrize(
    "told",
    [
        chain(1.0, 2.0, forward=NAN), chain(1.0, 2.0, vol=NAN), chain(1.0, 2.0, vol=0.0),
        chain(1.0, 2.0, days=0.0), chain(1.0, 2.0, days=-1.0),
    ],
)  # fmt: skip
def test_without_a_forward_a_vol_or_a_day_to_live_there_are_no_greeks(told: ChainColumns) -> None:
    with pytest.raises(RequestRejected, match="its forward or vol is not known"):
        picks_of([f"{NEAR}=1"], told, FEE)


def test_of_a_chain_without_options_nothing_is_found() -> None:
    none, no = np.zeros(0, np.bool_), np.zeros(0)
    empty = ChainColumns("BTC", 0, np.zeros(0, np.int64), no, none, no, no, no, no)
    with pytest.raises(RequestRejected, match="not in the chain of BTC"):
        picks_of([f"{NEAR}=1"], empty, FEE)
