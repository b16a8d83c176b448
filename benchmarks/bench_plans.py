"""Measure how long it takes to choose hedges, and to plan hedges and collateral together.

`qp_50_instruments_ms` chooses among 50 instruments of six venues so that four Greeks are inside
their ranges, at the cost of trading and half the variance of what is left, with the margin that
legs may take at each venue: `hedging.choose`, books of two levels, amounts of any size. Expected:
some 400 columns and 170 rows, 15 to 20 steps of an interior point of 0.2 ms each, and as much again
to put the matrix together: 6 ms. The limit is the solver alone, `qp_solver_ms`.

`joint_plan_ms` plans a desk of six accounts and 200 positions (one of options under a portfolio
margin scan, three of perpetuals, a loan, a treasury) with 50 offers, three routes and 60 shocks, in
whole lots, until the plan done exactly keeps every limit: `planning.joint`. Expected: 60 shocks by
220 instruments to value at 2 µs, 30 ms; 106 accounts with a move each, by eight shocks, 30 ms; two
programmes of 1,000 columns, 60 ms; two surveys of the desk, 40 ms each: 200 ms. `plan_ordered_ms`
puts it into legs and looks at the desk between them: a survey a leg and a pair of legs at most, of
which half need only the accounts that the leg touches.

`backtest_all_snapshots_s` follows one hedge policy through every option chain to 2026-04-30, each
step explained by Greeks and by revaluation: 478 steps. Expected: 2,900 hours of candles and ladders
at 2 ms, four revaluations of a chain's steps at 5 ms each: 15 s. Left out, and said so on stderr,
where the recordings are not there.

Run ``python benchmarks/bench_plans.py --json``; recordings lie in ``../shared/data``, or where
``--data`` says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Literal, NamedTuple

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench_margin import NOW_NS, PERPETUAL, RULEBOOK, best_ms, large_account
from hedgerow.app.feed import open_market
from hedgerow.app.hedge_backtest import HedgeTerms, backtest
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.hedging import (
    Ask,
    Depth,
    HedgeChoice,
    Offer,
    Rung,
    asks_band,
    choose,
    decisions_on,
    offer,
    trade_costs,
)
from hedgerow.instruments import (
    Instrument,
    InversePerpetual,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    Option,
)
from hedgerow.limits import Limit, Stress, Survey, survey
from hedgerow.limits.seen import Given
from hedgerow.margin import Rulebook, terms_of
from hedgerow.market import (
    IndexPrice,
    Ladder,
    LendingIndex,
    Level,
    MarketState,
    OracleAnswer,
    Quote,
    Shock,
    StakingRate,
)
from hedgerow.planning import Joint, Plan, joint, made
from hedgerow.portfolio import Account, Balance, Position, book
from hedgerow.solving import Programme, Residual, Uses
from hedgerow.solving.relaxed import relaxed
from hedgerow.units import MINUTE_NS

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
HEDGED = ROOT / "examples" / "hedged_strangle_2026.toml"
OFFERS_COUNT, VENUES_COUNT, GREEKS = 50, 6, ("delta", "gamma", "vega", "theta")
SHOCKS_COUNT = 60
ROUTES: tuple[tuple[str, str, Literal["balance", "repay"]], ...] = (
    ("large", "BTC", "balance"),
    ("perp 0", "USDC", "balance"),
    ("loan", "USDC", "repay"),
)
D = Decimal


class _Large(NamedTuple):
    now: Survey
    limits: tuple[Limit, ...]
    offers: tuple[Offer, ...]
    routes: tuple[Route, ...]
    instruments: dict[str, Instrument]
    rulebooks: dict[str, Rulebook]


def drawn_hedge() -> tuple[list[Ask], list[Offer], np.ndarray, list[Residual | Uses]]:
    """Draw four Greeks and fifty instruments, each with a book of two levels a side."""
    rng = np.random.default_rng(7)
    terms = LinearPerpetual(
        instrument_id="any",
        underlying="BTC",
        settlement="USDC",
        multiplier_coin_per_contract=D(1),
        tick_usd=D("0.1"),
        lot_contracts=D("0.1"),
        funding_interval_ns=8 * 3600 * 10**9,
    )
    offers = []
    for at in range(OFFERS_COUNT):
        best = float(rng.uniform(0.15, 1.0))
        rungs = tuple(
            Rung(width_contracts=20.0, cost_usd_per_contract=cost, fee_usd_per_contract=0.1)
            for cost in (best, 1.5 * best)
        )
        offers.append(
            Offer(
                instrument_id=f"i{at}",
                account_id=f"venue {at % VENUES_COUNT}",
                venue=f"venue {at % VENUES_COUNT}",
                terms=terms,
                lot_contracts=0.1,
                price_mark_ccy=100.0,
                buys=rungs,
                sells=rungs,
                carry_usd_per_day=0.0,
            )
        )
    figures = rng.normal(size=(len(GREEKS), OFFERS_COUNT))
    now = 12.0 * rng.normal(size=len(GREEKS))
    asks = [
        Ask(name=name, now_figure=float(each), low_figure=-1.0, high_figure=1.0)
        for name, each in zip(GREEKS, now, strict=True)
    ]
    own = np.arange(OFFERS_COUNT) % VENUES_COUNT
    taken = (own[None, :] == np.arange(VENUES_COUNT)[:, None]) * rng.uniform(0.5, 2.0, OFFERS_COUNT)
    venues = tuple(f"margin at venue {at}" for at in range(VENUES_COUNT))
    parts: list[Residual | Uses] = [
        Residual(now, figures, np.array([2.0, 1.0, 0.5, 0.1])),
        Uses(venues, taken, taken, np.full(VENUES_COUNT, 20.0), np.ones(VENUES_COUNT)),
    ]
    return asks, offers, figures, parts


def large_desk() -> _Large:
    """Make the desk of 200 positions and what it may do."""
    account, options, snapshot = large_account()
    rules = packaged_rulebooks()
    rulebooks = {name: rules[name] for name in (RULEBOOK, "binance/2021-11-01", "aave/2023-06-20")}
    linear = {
        f"BTCUSDT-{n}": LinearPerpetual(
            instrument_id=f"BTCUSDT-{n}",
            underlying="BTC",
            settlement="USDC",
            multiplier_coin_per_contract=D(1),
            tick_usd=D("0.1"),
            lot_contracts=D("0.001"),
            funding_interval_ns=8 * 3600 * 10**9,
        )
        for n in range(3)
    }
    loans: dict[str, Instrument] = {
        "supply": LoanSupply(
            instrument_id="supply", market="aave", asset="wstETH", asset_decimals=18
        ),
        "debt": LoanDebt(instrument_id="debt", market="aave", asset="USDC", asset_decimals=6),
    }
    spot = D(79_000)
    state = MarketState(ages=snapshot.ages, movers={}, dollars_usd={"USDC": D(1)})
    for index in snapshot.indices.values():
        state.apply(index)
    for quoted in snapshot.options.values():
        state.apply(quoted)
    for name in (PERPETUAL, *linear):
        state.apply(Quote(time_ns=NOW_NS, instrument_id=name, price_mark_usd=spot))
        state.apply(_ladder(name, spot, 100_000 if name == PERPETUAL else 50))
    for asset in ("wstETH", "USDC"):
        state.apply(
            LendingIndex(
                time_ns=NOW_NS,
                market="aave",
                asset=asset,
                liquidity_index_ray=10**27,
                borrow_index_ray=10**27,
            )
        )
    state.apply(IndexPrice(time_ns=NOW_NS, underlying="ETH", price_usd=D(2_500)))
    state.apply(
        StakingRate(
            time_ns=NOW_NS,
            asset="wstETH",
            base="ETH",
            rate_coin_per_coin=D("1.2"),
            discount_frac=D(0),
        )
    )
    state.apply(
        OracleAnswer(time_ns=NOW_NS, asset="wstETH", price_usd=D(3_000), heartbeat_ns=10**15)
    )
    state.apply(OracleAnswer(time_ns=NOW_NS, asset="USDC", price_usd=D(1), heartbeat_ns=10**15))
    now = state.freeze(NOW_NS)
    accounts = [
        msgspec.structs.replace(
            account,
            positions=account.positions[:194],
            balances=(Balance(asset="BTC", quantity_coin=D(260)),),
        ),
        *(
            Account(
                account_id=f"perp {n}",
                venue="binance",
                currency="USDC",
                rulebook="binance/2021-11-01",
                positions=(
                    Position(
                        instrument_id=f"BTCUSDT-{n}",
                        quantity_contracts=D(20 - 10 * n),
                        price_entry_ccy=spot,
                    ),
                )
                if n < 2
                else (),
                balances=(Balance(asset="USDC", quantity_coin=D(200_000)),),
                time_observed_ns=NOW_NS,
            )
            for n in range(3)
        ),
        Account(
            account_id="loan",
            venue="aave",
            currency="USD",
            rulebook="aave/2023-06-20",
            positions=(
                Position(instrument_id="supply", quantity_contracts=D(1_000)),
                Position(instrument_id="debt", quantity_contracts=D(-2_000_000)),
            ),
            balances=(),
            time_observed_ns=NOW_NS,
        ),
        Account(
            account_id="treasury",
            venue="wallet",
            currency="USDC",
            rulebook=None,
            positions=(),
            balances=(
                Balance(asset="USDC", quantity_coin=D(3_000_000)),
                Balance(asset="BTC", quantity_coin=D(200)),
            ),
            time_observed_ns=NOW_NS,
        ),
    ]
    instruments: dict[str, Instrument] = {**options, **linear, **loans}
    stresses = tuple(
        Stress(
            name=f"{move:+.0%}, {points:+.0f} points",
            spot_factor_frac=1.0 + move,
            shock=Shock(vol_shift_frac=points / 100.0),
        )
        for points in (-10.0, 0.0, 15.0, 30.0)
        for move in np.linspace(-0.28, 0.28, SHOCKS_COUNT // 4).tolist()
    )
    limits = (
        # Beyond a delta of 20m the venue of the options has no verified rule: more is not planned.
        _limit("coin/BTC", "delta_spot_usd", 2.4e7, 3e7),
        _limit("coin/BTC", "vega_usd_per_volpt", 5e4, 9e4),
        _limit("desk/*/*", "margin_use_frac", 0.6, 0.8),
        _limit("desk/*/*", "distance_spot_frac", 0.15, 0.08),
        Limit(
            scope="desk",
            metric="scenario_loss_usd",
            soft_frac_usd_or_coin=9e6,
            hard_frac_usd_or_coin=2e7,
            given=Given(said="grid", stresses=stresses),
        ),
    )
    state_now = survey(book(accounts, instruments), now, rulebooks, limits)
    offers: list[Offer] = []
    wanted: list[tuple[Instrument, str]] = [
        *((linear[f"BTCUSDT-{n}"], f"perp {n}") for n in range(3)),
        (options[PERPETUAL], "large"),
        *((each, "large") for each in list(options.values())[:46] if isinstance(each, Option)),
    ]
    for terms, account_id in wanted:
        holder = state_now.book.account(account_id)
        charges = terms_of(rulebooks[holder.rulebook or ""]).charges
        assert charges is not None
        assert isinstance(terms, LinearPerpetual | InversePerpetual | Option)
        priced = offer(terms, holder, now, charges, Depth())
        assert not isinstance(priced, Failure), priced
        offers.append(priced)
    assert len(offers) == OFFERS_COUNT
    routes = tuple(
        Route(
            source_account_id="treasury",
            target_account_id=target,
            asset=asset,
            use=use,
            latency_ns=20 * 60 * 10**9,
            fee_coin=D(0),
            step_coin=D("0.01") if asset == "BTC" else D(1),
        )
        for target, asset, use in ROUTES
    )
    return _Large(state_now, limits, tuple(offers), routes, instruments, rulebooks)


def _limit(scope: str, metric: str, soft: float, hard: float) -> Limit:
    return Limit(scope=scope, metric=metric, soft_frac_usd_or_coin=soft, hard_frac_usd_or_coin=hard)


def _ladder(name: str, mid: Decimal, size: int) -> Ladder:
    def side(sign: int) -> tuple[Level, ...]:
        return tuple(
            Level(price_usd=mid + sign * 8 * (n + 1), quantity_contracts=D(size)) for n in range(5)
        )

    return Ladder(time_ns=NOW_NS, instrument_id=name, bids=side(-1), asks=side(1))


def measure() -> Iterator[dict[str, object]]:
    """Measure both."""
    asks, offers, figures, parts = drawn_hedge()

    def chosen() -> HedgeChoice:
        found = choose(asks, offers, figures, parts=parts, is_whole=False)
        assert isinstance(found, HedgeChoice)
        return found

    first = chosen()
    gap = abs(first.objective_usd - first.bound_usd) / max(1.0, abs(first.objective_usd))
    assert gap <= 1e-6, gap
    told = f"{OFFERS_COUNT} instruments, {len(GREEKS)} Greeks, {VENUES_COUNT} venues"
    yield result("qp_50_instruments_ms", best_ms(chosen, 30), "ms", 15.0, f"{told}; gap {gap:.0e}")
    matrix = Programme(
        decisions_on(offers, is_whole=False),
        [trade_costs(offers, 1.0), asks_band(asks, figures), *parts],
    ).matrix()
    yield result("qp_solver_ms", best_ms(lambda: relaxed(matrix), 30), "ms", None, "its limit")

    now, limits, candidates, routes, instruments, rulebooks = large_desk()
    broken = [each for each in now.limits if each.rung in ("soft", "hard")]

    def planned() -> Joint:
        found = joint(now, limits, candidates, routes, instruments, rulebooks)
        assert isinstance(found, Joint), found
        return found

    made_of = planned()
    legs = len(made_of.trades) + len(made_of.moves)
    positions = sum(len(each.positions) for each in now.book.accounts)
    note = (
        f"{positions} positions, {len(now.book.accounts)} accounts, {OFFERS_COUNT} offers, "
        f"{SHOCKS_COUNT} shocks; {len(broken)} limits broken, {len(made_of.broken)} after {legs} "
        "legs"
    )
    yield result("joint_plan_ms", best_ms(planned, 5), "ms", 300.0, note)

    def ordered() -> Plan:
        return made(made_of, limits, instruments, rulebooks, assumptions=(), valid_ns=MINUTE_NS)

    told = f"the same plan as {legs} legs in an order that breaks no hard limit on the way"
    yield result("plan_ordered_ms", best_ms(ordered, 3), "ms", None, told)
    survey_ms = best_ms(lambda: survey(now.book, now.snapshot, rulebooks, limits), 5)
    yield result("survey_ms", survey_ms, "ms", None, "one look at that desk, of which it needs two")


def measure_backtest(data: Path) -> Iterator[dict[str, object]]:
    """Follow one policy through all chains."""
    if not data.is_dir():
        print(f"backtest_all_snapshots_s left out: no folder {data}", file=sys.stderr)
        return
    desk, market = open_market(HEDGED, data, None, only_held=True)
    begun = perf_counter()
    run = backtest(
        desk,
        market,
        "whalley-wilmott",
        HedgeTerms(looks_at_chains=True),
        start_ns=desk.start_ns,
        end_ns=desk.end_ns,
        every_ns=None,
    )
    took_s = perf_counter() - begun
    note = f"{len(run.steps)} steps from chain to chain, one policy, explained twice; once"
    yield result("backtest_all_snapshots_s", took_s, "s", 30.0, note)


def result(name: str, value: float, unit: str, bar: float | None, note: str) -> dict[str, object]:
    """Give one result in the shape of all benchmarks."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "better": "lower",
        "bar": bar,
        "note": note,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    asked = parser.parse_args()
    results = [*measure(), *measure_backtest(asked.data)]
    if asked.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']:<32} {each['value']:>14} {each['unit']:<10} {each['note']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
