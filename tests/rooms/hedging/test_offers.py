"""What an offer says a contract costs beyond the mark, side by side and level by level."""

from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.hedging import (
    Ask,
    Depth,
    HedgeChoice,
    Offer,
    Rung,
    choose,
    crossing_and_fee_usd,
    offer,
)
from hedgerow.margin import Charges
from hedgerow.market import FundingSettlement, Ladder, Level
from tests.builders import (
    T0_NS,
    account,
    index,
    ladder,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
)

D = Decimal
Floats = NDArray[np.float64]
CHARGES = Charges(fee_taker_frac=D("0.0005"), fee_liquidation_frac=D("0.01"))
FREE = msgspec.structs.replace(CHARGES, fee_taker_frac=D(0))
CALL = option(1000, "call")
HOLDER = account("one")


def told(terms: Any, *events: Any, charges: Charges = CHARGES) -> Offer:
    found = offer(terms, HOLDER, snapshot(index("BTC", 1000), *events), charges, Depth())
    assert isinstance(found, Offer), found
    return found


def quoted(bid: str | None, ask: str | None, mark: str | None) -> Offer:
    row = msgspec.structs.replace(
        option_quote(CALL, 1000, 0.6),
        price_bid_ccy=None if bid is None else D(bid),
        price_ask_ccy=None if ask is None else D(ask),
        price_mark_ccy=None if mark is None else D(mark),
    )
    return told(CALL, row, charges=FREE)


def perp(rate: str | None = None, coin: str = "BTC") -> Offer:
    name = f"{coin}-PERP"
    paid = [FundingSettlement(time_ns=T0_NS, instrument_id=name, rate_frac=D(rate))] if rate else []
    return told(perpetual(coin), quote(name, 1000), ladder(name, 1000, half_spread=1), *paid)


def test_a_side_costs_what_lies_between_the_mark_and_its_own_price() -> None:
    """Bid 0.08, ask 0.12, mark 0.09: to buy costs three ticks of ten, to sell the half spread."""
    found = quoted("0.08", "0.12", "0.09")
    assert found.buys[0].cost_usd_per_contract == pytest.approx(0.03 * 1000)
    assert found.sells[0].cost_usd_per_contract == pytest.approx(0.02 * 1000)


def test_a_level_is_never_cheaper_than_the_one_before_it() -> None:
    """Two bids above a mark of 1,012 cost their fee of 2 %, 30 and 28; the third 12 and 20."""
    bids = [Level(price_usd=D(each), quantity_contracts=D(1)) for each in (1500, 1400, 1000)]
    asks = [Level(price_usd=D(1512), quantity_contracts=D(1))]
    book = Ladder(time_ns=T0_NS, instrument_id="BTC-PERP", bids=tuple(bids), asks=tuple(asks))
    dear = msgspec.structs.replace(CHARGES, fee_taker_frac=D("0.02"))
    found = told(perpetual("BTC"), quote("BTC-PERP", 1012), book, charges=dear)
    assert [each.cost_usd_per_contract for each in found.sells] == pytest.approx([30, 30, 32])
    assert [each.fee_usd_per_contract for each in found.sells] == pytest.approx([30, 28, 20])
    assert [each.cost_usd_per_contract for each in found.buys] == pytest.approx([500 + 30.24])


def test_a_side_without_a_price_cannot_be_traded() -> None:
    assert quoted(None, "0.12", None).sells == ()
    assert quoted("0.08", None, None).buys == ()


def test_nothing_is_sold_below_one_tick() -> None:
    """A mark of 0.107 and a half spread of 0.06: the second block would be below nothing."""
    found = quoted("0.05", "0.17", None)
    assert [len(found.buys), len(found.sells)] == [3, 1]
    worthless = option(5000, "call")
    assert told(worthless, option_quote(worthless, 1000, 0.3)).sells == ()


def test_who_is_long_pays_a_positive_rate_three_times_a_day() -> None:
    found = perp("0.001")
    assert found.carry_usd_per_day == pytest.approx(-3.0)
    assert perp().carry_usd_per_day is None


@pytest.mark.parametrize(("rate", "held_usd"), [("0.001", 3.0), ("-0.001", -3.0)])
def test_funding_is_paid_by_a_hedge_that_is_long_and_received_by_one_that_is_short(
    rate: str, held_usd: float
) -> None:
    """Two coins a day: 1 and a fee of 0.5 each to cross, and 3 of funding either way."""
    for now, sign in ((-2.0, 1), (2.0, -1)):
        ask = Ask(name="delta", now_figure=now, low_figure=0.0, high_figure=0.0)
        found = choose([ask], [perp(rate)], [[1.0]], horizon_days=1.0)  # type: ignore[arg-type]
        assert not isinstance(found, Failure)
        (trade,) = found.trades
        assert trade.quantity_contracts == pytest.approx(2.0 * sign)
        assert trade.carry_usd == pytest.approx(2.0 * sign * held_usd)
        fee = 0.0005 * (1001 if sign > 0 else 999)
        priced = max(0.01 * (1 + fee), 1 + fee + sign * held_usd)
        assert found.objective_usd == pytest.approx(2.0 * priced)
        # No other trade meets the range: what is paid, funding counted, is the bound of itself.
        assert found.cost_usd == pytest.approx(2.0 * (1 + fee + sign * held_usd))
        assert found.bound_usd == pytest.approx(found.cost_usd)


def test_a_funding_that_nobody_knows_is_not_a_cost_of_nothing() -> None:
    """Two coins of each: 1 and a fee of 0.0005 of 1,001 to cross; the first pays 6 beside that."""
    unknown = msgspec.structs.replace(perp(), instrument_id="OTHER-PERP")
    asks = [
        Ask(name=name, now_figure=-2.0, low_figure=0.0, high_figure=0.0) for name in ("one", "two")
    ]
    found = choose(asks, [perp("0.001"), unknown], np.eye(2), horizon_days=1.0)
    assert isinstance(found, HedgeChoice)
    crossed = 2.0 * (1.0 + 0.0005 * 1001)
    known, lacking = found.trades
    assert known.carry_usd == pytest.approx(6.0)
    assert lacking.carry_usd is None
    assert known.cost_usd == pytest.approx(crossed + 6.0)
    assert lacking.cost_usd is None
    assert lacking.known_usd == pytest.approx(crossed)
    assert found.cost_usd is None
    assert found.known_usd == pytest.approx(2.0 * crossed + 6.0)
    # Of no trades the cost is nothing, and known.
    none = choose([msgspec.structs.replace(each, low_figure=-2.0) for each in asks],
                  [perp("0.001"), unknown], np.eye(2))  # fmt: skip
    assert isinstance(none, HedgeChoice)
    assert (none.trades, none.cost_usd) == ((), 0.0)


def test_funding_received_is_no_reason_for_a_trade_that_mends_nothing() -> None:
    """The other perpetual pays whoever is long more than a trade costs; nothing is asked of it."""
    other = msgspec.structs.replace(perp("-0.01"), instrument_id="OTHER-PERP")
    ask = Ask(name="delta", now_figure=-2.0, low_figure=0.0, high_figure=0.0)
    found = choose([ask], [perp(), other], [[1.0, 0.0]], horizon_days=1.0)  # type: ignore[arg-type]
    assert not isinstance(found, Failure)
    assert [each.instrument_id for each in found.trades] == [perp().instrument_id]


@pytest.mark.parametrize("seed", range(5))
def test_no_trades_drawn_cost_less_than_the_bound_with_funding_received(seed: int) -> None:
    """Perpetuals whose longs are paid, some more than they cost; every level as it is walked."""
    rng = np.random.default_rng(seed)
    offers = [
        msgspec.structs.replace(
            perp(None),
            instrument_id=f"perp {at // 2}",
            account_id=f"account {at % 2}",
            carry_usd_per_day=float(rng.normal(scale=2.0)),
            buys=_rungs(rng),
            sells=_rungs(rng),
        )
        for at in range(4)
    ]
    ask = Ask(name="delta", now_figure=7.0, low_figure=-3.0, high_figure=3.0)
    found = choose([ask], offers, np.ones((1, 4)), horizon_days=1.0)
    assert not isinstance(found, Failure)
    assert found.cost_usd is not None
    assert found.bound_usd <= found.cost_usd + 1e-9
    plans = rng.integers(-15, 16, size=(20_000, 4)).astype(float)
    plans = plans[np.abs(7.0 + plans.sum(axis=1)) <= 3.0]
    assert len(plans) > 1_000
    assert min(_paid_usd(offers, plan) for plan in plans[:3_000]) >= found.bound_usd - 1e-9


def _rungs(rng: np.random.Generator) -> tuple[Rung, ...]:
    costs = np.cumsum(rng.uniform(0.2, 1.0, 3))
    return tuple(
        Rung(width_contracts=10.0, cost_usd_per_contract=float(cost), fee_usd_per_contract=0.1)
        for cost in costs
    )


def _paid_usd(offers: list[Offer], plan: Floats) -> float:
    """What trades cost one after the other, each beyond what those before it took."""
    paid, taken = 0.0, dict[tuple[str, bool], float]()
    for each, amount in zip(offers, plan.tolist(), strict=True):
        gone = taken.get((each.instrument_id, amount > 0), 0.0)
        taken[each.instrument_id, amount > 0] = gone + abs(amount)
        paid += sum(crossing_and_fee_usd(each, amount, gone)) - amount * (
            each.carry_usd_per_day or 0.0
        )
    return paid


@pytest.mark.parametrize("seed", range(10))
def test_one_more_offer_never_raises_the_relaxed_cost(seed: int) -> None:
    """Three accounts with fees and funding of their own, on the books of two instruments."""
    rng = np.random.default_rng(seed)
    books = [[_rungs(rng) for _ in range(2)] for _ in range(2)]
    offers = []
    for at in rng.permutation(6):
        fee, (buys, sells) = float(rng.uniform(0.0, 0.5)), books[at % 2]
        # A fee is of the price: by level it rises when buying and falls when selling.
        slope = np.array([1.0, 1.01, 1.02])
        offers.append(
            msgspec.structs.replace(
                perp(None),
                instrument_id=f"perp {at % 2}",
                account_id=f"account {at // 2}",
                carry_usd_per_day=float(rng.normal(scale=0.5)),
                buys=_charged(buys, fee * slope),
                sells=_charged(sells, fee / slope),
            )
        )
    effect = rng.normal(size=(2, 6))
    asks = [
        Ask(name=name, now_figure=float(rng.normal(scale=8.0)), low_figure=-1.0, high_figure=1.0)
        for name in ("delta", "vega")
    ]
    found = [choose(asks, offers[:n], effect[:, :n], is_whole=False) for n in range(2, 7)]
    usd = [each.objective_usd for each in found if isinstance(each, HedgeChoice)]
    assert len(usd) == len(found)
    kept = [not each.conflicts for each in found if isinstance(each, HedgeChoice)]
    held = [each for each, is_kept in zip(usd, kept, strict=True) if is_kept]
    assert kept == sorted(kept)
    assert held
    assert all(after <= before + 1e-7 for before, after in pairwise(held))


def _charged(rungs: tuple[Rung, ...], fees_usd: Floats) -> tuple[Rung, ...]:
    return tuple(
        Rung(
            width_contracts=each.width_contracts,
            cost_usd_per_contract=each.cost_usd_per_contract - each.fee_usd_per_contract + fee,
            fee_usd_per_contract=fee,
        )
        for each, fee in zip(rungs, fees_usd.tolist(), strict=True)
    )


def test_what_nobody_offers_in_a_chain_that_is_quoted_cannot_be_traded() -> None:
    """A deep put has a mark and hardly a vega: a point of vol beside it is next to nothing."""
    deep = option(5000, "put")
    bare = option_quote(deep, 1000, 0.6)
    others = msgspec.structs.replace(
        option_quote(CALL, 1000, 0.6), price_bid_ccy=D("0.08"), price_ask_ccy=D("0.12")
    )
    here = snapshot(index("BTC", 1000), bare, others)
    found = offer(deep, HOLDER, here, CHARGES, Depth())
    assert isinstance(found, Failure)
    assert found.message == "quoted neither to buy nor to sell"
    # Where the whole chain has marks alone, a point of vol beside them is assumed.
    assert told(deep, bare).buys


@pytest.mark.parametrize(
    ("strike", "right", "mark"), [(9000, "call", 0.0), (5000, "put", 4.0), (1000, "call", None)]
)
def test_where_nothing_is_quoted_options_trade_at_whole_ticks_and_a_tick_apart(
    strike: int, right: Literal["call", "put"], mark: float | None
) -> None:
    """A ninefold strike is worth nothing and still costs a tick; a deep put moves with no vol."""
    terms = option(strike, right)
    found = told(terms, option_quote(terms, 1000, 0.6), charges=FREE)
    here = found.price_mark_ccy
    if mark is not None:
        assert here == pytest.approx(mark, abs=1e-9)
    bought = [here + rung.cost_usd_per_contract / 1000 for rung in found.buys]
    sold = [here - rung.cost_usd_per_contract / 1000 for rung in found.sells]
    tick = float(terms.tick_ccy)
    for price in (*bought, *sold):
        assert price / tick == pytest.approx(round(price / tick), abs=1e-6)
    assert min(bought) >= tick
    assert min(bought) - here >= tick / 2 - 1e-12
    assert bought == sorted(bought)
    assert not sold or (min(sold) >= tick and here - max(sold) >= tick / 2 - 1e-12)
    assert bool(sold) == (here > 2 * tick)


@pytest.mark.parametrize(
    ("strike", "buys_ticks", "sells_ticks"),
    [
        # Worth 40,000.6 ticks: half of one further are 40,001.1, 40,001.6 and 40,002.1, put up.
        ("5000.06", [1.4, 1.4, 2.4], [0.6, 1.6, 1.6]),
        # Worth 40,000.4 ticks: half of one below are 39,999.9, 39,999.4 and 39,998.9, put down.
        ("5000.04", [0.6, 1.6, 1.6], [1.4, 1.4, 2.4]),
    ],
)
def test_what_is_assumed_of_a_spread_is_half_a_tick_to_each_side_at_the_least(
    strike: str, buys_ticks: list[float], sells_ticks: list[float]
) -> None:
    """A deep put moves with no vol, at a forward of 1,000: a tick of 0.0001 coins is 0.1 USD."""
    terms = option(strike, "put")
    found = told(terms, option_quote(terms, 1000, 0.6), charges=FREE)
    for rungs, ticks in ((found.buys, buys_ticks), (found.sells, sells_ticks)):
        costs = [rung.cost_usd_per_contract / 0.1 for rung in rungs]
        assert costs == pytest.approx(ticks, abs=1e-3)


def test_an_option_worth_less_than_a_tick_is_bought_for_a_tick() -> None:
    """Nothing is asked for it and its mark is nought: a tick of 0.0001 coins at 1,000 is 0.1."""
    terms = option(9000, "call")
    found = told(terms, option_quote(terms, 1000, 0.6), charges=FREE)
    assert found.buys[0].cost_usd_per_contract == pytest.approx(0.1, rel=1e-6)
    # By a bid and ask of its own below its tick, as a shock leaves them, no less.
    thin = msgspec.structs.replace(
        option_quote(terms, 1000, 0.6), price_bid_ccy=D("0.00001"), price_ask_ccy=D("0.00003")
    )
    least = told(terms, thin, charges=FREE)
    assert least.buys[0].cost_usd_per_contract == pytest.approx(0.1, rel=1e-6)
    assert least.sells == ()


def test_a_contract_of_a_tenth_of_a_coin_costs_a_tenth() -> None:
    """A fee of 5 bp of the coin, or an eighth of the price that is paid where that is less."""
    capped = msgspec.structs.replace(CHARGES, fee_cap_of_price_frac=D("0.125"))
    for strike, fee in ((1000, 0.5), (9000, 0.125 * 0.1)):
        whole = option(strike, "call")
        tenth = msgspec.structs.replace(whole, multiplier_coin_per_contract=D("0.1"))
        large, small = (
            told(terms, option_quote(terms, 1000, 0.6), charges=capped) for terms in (whole, tenth)
        )
        assert large.buys[0].fee_usd_per_contract == pytest.approx(fee)
        for one, part in zip(large.buys + large.sells, small.buys + small.sells, strict=True):
            assert part.cost_usd_per_contract == pytest.approx(one.cost_usd_per_contract / 10)
            assert part.fee_usd_per_contract == pytest.approx(one.fee_usd_per_contract / 10)
