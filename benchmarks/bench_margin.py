"""Measure requirements that people wait for: on Derive, a what-if, ten thousand accounts.

The scan is `portfolio_v2.margins_v2` on 80 options over 7 expiries, a perpetual and collateral, in
31 scenarios, from records to the two margins. Expected before measuring: 2,480 values of an option
at 0.1 µs, some 60 array operations over them at 5 µs, and 80 records gathered at 1 µs: 0.7 ms.

The what-if books two legs on an account of 200 positions in portfolio margin (199 options and a
perpetual) and asks for the requirement of what comes out; what the account must hold now is known.
Expected: 200 options in 35 cells are 7,000 values at 0.1 µs, 0.7 ms; their marks (5 µs each), their
exact figures in the one worst cell and their lines (10 µs each) come to 3 ms more.

`accounts_mixed_10000x33_s` asks for equity and requirements of 10,000 accounts after each of 33
shocks (eleven moves of the price by three of the vol), a third of them options, a third perpetuals,
a third loans (`mixed_accounts`). Expected: reading what is held costs 5 µs a position and 40 µs a
loan, 1.4 s in all; 1.2 million values of an option at 0.1 µs, 0.1 s; what is summed, some millions
of doubles, 0.3 s; and a few cells near a jump at 0.3 ms. The ratio says how much longer the engines
take, cell by cell, measured on some of the same accounts and scaled; that they agree within the
bound is checked on the same.

Run ``python benchmarks/bench_margin.py --json``. Needs no recording.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import islice, product
from pathlib import Path
from time import perf_counter

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.mixed_accounts import population
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, Option
from hedgerow.margin import Leg, require, require_across, what_if
from hedgerow.margin.rules.derive.portfolio_v2 import Portfolio2, margins_v2
from hedgerow.market import AgeLimits, IndexPrice, MarketState, OptionQuote, Quote, Shock, Snapshot
from hedgerow.portfolio import Account, Balance, Position
from hedgerow.units import parse_ns
from hedgerow.venues.recordings import option_from_name, perpetual_from_name
from tests.rooms.margin.rules.derive_accounts import DAY_S, V2, cells_second, expiry, leg, second

NOW_NS = parse_ns("2026-02-01T00:00:00Z")
RULEBOOK = "deribit/2026-02-15"
PERPETUAL = "BTC-PERPETUAL"
SPOT_USD = 80_000
EXPIRIES = ("6FEB26", "13FEB26", "27FEB26", "27MAR26", "26JUN26", "25SEP26", "25DEC26", "26MAR27")
STRIKES_USD = range(60_000, 100_000, 2_500)
POSITIONS_COUNT = 200

ACCOUNTS_COUNT, SAMPLE_COUNT = 10_000, 60
OPTIONS_COUNT, EXPIRIES_COUNT = 80, 7
# Of the protocol's deployment for ETH (onchain-margin.md, Derive, second generation).
CELLS = cells_second(1.2, 1.15, 1.1, 1.05, 1.0, 0.95, 0.9, 0.85, 0.8)  # 31
PARAMETERS = msgspec.structs.replace(V2, maintenance_factor_frac=1.0, initial_factor_frac=1.25)


def derive_portfolio() -> Portfolio2:
    """Make an account of 80 options over 7 expiries, calls and puts, long and short in turn."""
    each, more = divmod(OPTIONS_COUNT, EXPIRIES_COUNT)
    expiries = (
        expiry(
            *(
                leg(1_400.0 + 100.0 * at, 1.0 if at % 3 else -2.0, is_call=at % 2 == 0)
                for at in range(each + (n < more))
            ),
            seconds=(n + 1) * 20 * DAY_S,
            forward=2_000.0 + 10.0 * n,
        )
        for n in range(EXPIRIES_COUNT)
    )
    return second(*expiries, perp=3.0, coins=2.0, cash=1_000.0)


def large_account() -> tuple[Account, dict[str, Instrument], Snapshot]:
    """Make the account of 200 positions, the terms of all, and its market."""
    names = (f"BTC-{e}-{k}-{r}" for e, k, r in product(EXPIRIES, STRIKES_USD, "CP"))
    options = {name: option_from_name(name) for name in islice(names, POSITIONS_COUNT)}
    instruments: dict[str, Instrument] = {**options, PERPETUAL: perpetual_from_name(PERPETUAL)}
    held = list(options)[: POSITIONS_COUNT - 1]  # the last one is a leg, not yet held
    account = Account(
        account_id="large",
        venue="deribit",
        currency="BTC",
        rulebook=RULEBOOK,
        positions=(
            Position(
                instrument_id=PERPETUAL,
                quantity_contracts=Decimal(1_000),
                price_entry_ccy=Decimal(79_000),
            ),
            *(
                Position(instrument_id=name, quantity_contracts=Decimal(1 if n % 3 else -2))
                for n, name in enumerate(held)
            ),
        ),
        balances=(Balance(asset="BTC", quantity_coin=Decimal(500)),),
        time_observed_ns=NOW_NS,
    )
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={})
    state.apply(IndexPrice(time_ns=NOW_NS, underlying="BTC", price_usd=Decimal(SPOT_USD)))
    state.apply(Quote(time_ns=NOW_NS, instrument_id=PERPETUAL, price_mark_usd=Decimal(SPOT_USD)))
    for option in options.values():
        state.apply(quoted(option))
    return account, instruments, state.freeze(NOW_NS)


def quoted(option: Option) -> OptionQuote:
    """Quote an option at one vol."""
    return OptionQuote(
        time_ns=NOW_NS,
        instrument_id=option.instrument_id,
        underlying=option.underlying,
        price_underlying_usd=Decimal(SPOT_USD),
        vol_mark_frac=0.6,
    )


def best_ms(work: Callable[[], object], repeats: int) -> float:
    """Give the quickest of some repeats after two that warm up."""
    work(), work()
    best = float("inf")
    for _ in range(repeats):
        begun = perf_counter()
        work()
        best = min(best, perf_counter() - begun)
    return best * 1e3


def measure() -> list[dict[str, object]]:
    """Measure both."""
    portfolio = derive_portfolio()
    assert sum(len(each.legs) for each in portfolio.expiries) == OPTIONS_COUNT
    assert (len(portfolio.expiries), len(CELLS)) == (EXPIRIES_COUNT, 31)
    scan_ms = best_ms(partial(margins_v2, portfolio, CELLS, PARAMETERS), 100)

    account, instruments, snapshot = large_account()
    assert len(account.positions) == POSITIONS_COUNT
    rulebook = packaged_rulebooks()[RULEBOOK]
    new = next(name for name in reversed(instruments) if name != PERPETUAL)
    legs = [
        Leg(instrument_id=PERPETUAL, quantity_contracts=Decimal(-500), price_ccy=Decimal(80_000)),
        Leg(instrument_id=new, quantity_contracts=Decimal(-1), price_ccy=Decimal("0.05")),
    ]
    asked = partial(what_if, account, legs, instruments, snapshot, rulebook)
    assert not isinstance(asked(), Failure)
    what_if_ms = best_ms(asked, 50)
    now_ms = best_ms(partial(require, account, instruments, snapshot, rulebook), 50)
    return [
        *measure_many(),
        row("derive_pm_80x7x31_ms", scan_ms, 1.0, "Derive, 80 options, 7 expiries, 31 scenarios"),
        row(
            "what_if_200_positions_ms",
            what_if_ms,
            5.0,
            "portfolio margin, 199 options and a perpetual, two legs, without distance",
        ),
        row("require_200_positions_ms", now_ms, None, "the same account without the legs"),
    ]


def measure_many() -> list[dict[str, object]]:
    """Measure a mixed population after many shocks, by the model and by the engines."""
    many = population(ACCOUNTS_COUNT)
    shocks = [
        Shock(spot_factor_frac=dict.fromkeys(many.coins, factor), vol_factor_frac=vol)
        for factor, vol in product(np.linspace(0.8, 1.2, 11).tolist(), (0.75, 1.0, 1.5))
    ]
    took_s = float("inf")
    for _ in range(3):
        begun = perf_counter()
        found = require_across(
            many.accounts, many.instruments, many.snapshot, shocks, many.rulebooks
        )
        took_s = min(took_s, perf_counter() - begun)

    sample = range(0, ACCOUNTS_COUNT, ACCOUNTS_COUNT // SAMPLE_COUNT)
    reports = {}
    begun = perf_counter()
    for s, shock in enumerate(shocks):
        shocked = many.snapshot.shocked(shock)
        for a in sample:
            held = many.accounts[a]
            rulebook = many.rulebooks[held.rulebook or ""]
            reports[a, s] = require(held, many.instruments, shocked, rulebook)
    engines_s = (perf_counter() - begun) * ACCOUNTS_COUNT / len(sample)
    for (a, s), report in reports.items():
        if isinstance(report, Failure):
            raise SystemExit(f"no answer for the sample: {report}")
        needed = float(report.requirement_maintenance_ccy)
        off = abs(found.requirement_maintenance_ccy[a, s] - needed)
        if not off <= found.bound_ccy[a, s] + 1e-15 * needed:
            raise SystemExit(f"model and engine differ by {off} in account {a}, shock {s}")
    told = (
        f"{ACCOUNTS_COUNT:,} accounts x {len(shocks)} shocks: options, perpetuals, loans; "
        f"{found.is_exact.mean():.2%} of cells by the engines, {len(found.unanswered)} unanswered"
    )
    ratio = f"than the engines cell by cell, taken from {len(sample)} of the accounts"
    return [
        result("accounts_mixed_10000x33_s", took_s, "s", 5.0, f"{told}; best of 3, one thread"),
        result("accounts_mixed_ratio", engines_s / took_s, "times", None, f"faster {ratio}"),
    ]


def row(name: str, took_ms: float, bar: float | None, note: str) -> dict[str, object]:
    """Give one result in milliseconds."""
    return result(name, took_ms, "ms", bar, f"{note}; warm, best of many")


def result(name: str, value: float, unit: str, bar: float | None, note: str) -> dict[str, object]:
    """Give one result in the shape of all benchmarks."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "better": "higher" if unit == "times" else "lower",
        "bar": bar,
        "note": note,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    results = measure()
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(f"{result['name']:<32} {result['value']:>9} {result['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
