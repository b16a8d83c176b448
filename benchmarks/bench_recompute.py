"""Measure what one look at a desk costs: values, exposures, requirements and limits, anew.

The desk holds distinct options (half on BTC, half on ETH, in two accounts in portfolio margin) and
one hedge per coin. Nothing is remembered between two looks; the market is frozen before. Without
distance means that the distance to liquidation, which asks for some 20 to 45 requirements more, is
taken from an earlier look.

Expected cost for 1,000 options, before measuring: values and Greeks are columns, about 1 µs each,
so 1 ms, but 1,000 records must be gathered (5 µs each) and summed by node (10 µs each): 15 ms. The
requirement revalues each option in about 70 cells of price and vol, 70,000 values at 0.1 µs, and
works exactly (in decimals) only in the cells that could be the worst: 20 ms. In all some 40 ms, and
with distance 30 times the requirement: 0.6 s.

Run ``python benchmarks/bench_recompute.py --json``. Needs no recording.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import count, islice, product
from time import perf_counter

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Outcome
from hedgerow.exposure import aggregate
from hedgerow.instruments import Instrument, Option
from hedgerow.limits import Limit, Seen, account_node, judge, survey
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import AgeLimits, IndexPrice, MarketEvent, MarketState, OptionQuote, Snapshot
from hedgerow.portfolio import Account, Balance, Book, Position, book
from hedgerow.pricing import value
from hedgerow.solvency import Distance
from hedgerow.units import DAY_NS, parse_ns
from hedgerow.venues.recordings import option_from_name

NOW_NS = parse_ns("2026-02-01T00:00:00Z")
SPOTS_USD = {"BTC": 80_000, "ETH": 2_500}
EXPIRIES = ("6FEB26", "13FEB26", "27FEB26", "27MAR26", "26JUN26", "25SEP26", "25DEC26", "26MAR27")
RULEBOOK = "deribit/2026-02-15"
REPEATS_COUNT = 5


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Everything a look needs."""

    book: Book
    snapshot: Snapshot
    rulebooks: Mapping[str, Rulebook]
    limits: tuple[Limit, ...]


def names(coin: str) -> Iterator[str]:
    """Give option names: near strikes of every expiry first, further ones after."""
    step = {"BTC": 500, "ETH": 25}[coin]
    for far in count():
        strike = SPOTS_USD[coin] + step * ((far + 1) // 2 if far % 2 else -far // 2)
        if strike > 0:
            for expiry, right in product(EXPIRIES, "CP"):
                yield f"{coin}-{expiry}-{strike}-{right}"


def desk(options_count: int) -> Desk:
    """Make a desk of so many distinct options, long and short in turn, well collateralised."""
    terms: dict[str, Option] = {}
    accounts = []
    for coin in ("BTC", "ETH"):
        share = options_count // 2 if coin == "BTC" else options_count - options_count // 2
        chosen = {name: option_from_name(name) for name in islice(names(coin), share)}
        terms |= chosen
        accounts.append(
            Account(
                account_id=f"deribit-{coin.lower()}",
                venue="deribit",
                currency=coin,
                rulebook=RULEBOOK,
                positions=tuple(
                    Position(instrument_id=name, quantity_contracts=Decimal(1 if n % 3 else -2))
                    for n, name in enumerate(chosen)
                ),
                balances=(Balance(asset=coin, quantity_coin=Decimal(100 + 2 * options_count)),),
                time_observed_ns=NOW_NS,
            )
        )
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={})
    for event in events(terms):
        state.apply(event)
    instruments: dict[str, Instrument] = dict(terms)
    return Desk(
        book=book(tuple(accounts), instruments),
        snapshot=state.freeze(NOW_NS),
        rulebooks=packaged_rulebooks(),
        limits=(
            *(limit(f"coin/{coin}", "delta_spot_usd", 1e6, 4e6) for coin in SPOTS_USD),
            limit("desk", "vega_usd_per_volpt", 1e5, 2e5),
            limit("desk/*/*", "margin_use_frac", 0.7, 0.9),
            limit("desk/*/*", "distance_spot_frac", 0.15, 0.07),
        ),
    )


def limit(scope: str, metric: str, soft: float, hard: float) -> Limit:
    """Make a limit."""
    return Limit(scope=scope, metric=metric, soft_frac_usd_or_coin=soft, hard_frac_usd_or_coin=hard)


def events(terms: Mapping[str, Option]) -> Iterator[MarketEvent]:
    """Quote every option at one vol; the mark is not used by any model and may be anything."""
    for coin, spot in SPOTS_USD.items():
        yield IndexPrice(time_ns=NOW_NS, underlying=coin, price_usd=Decimal(spot))
    for option in terms.values():
        years = (option.expiry_ns - NOW_NS) / (365 * DAY_NS)
        yield OptionQuote(
            time_ns=NOW_NS,
            instrument_id=option.instrument_id,
            underlying=option.underlying,
            price_underlying_usd=Decimal(SPOTS_USD[option.underlying]),
            vol_mark_frac=0.5 + 0.1 * years,
            price_mark_ccy=Decimal("0.05"),
            price_bid_ccy=None,
            price_ask_ccy=None,
            delta_forward_frac=None,
            vega_usd_per_volpt=None,
        )


def look(on: Desk, distances: Mapping[str, Outcome[Distance]]) -> None:
    """Do what a survey does, with the distances known."""
    instruments = {terms.instrument_id: terms for terms in on.book.instruments}
    reports: dict[str, Outcome[MarginReport]] = {
        account_node(account): require(account, instruments, on.snapshot, on.rulebooks[RULEBOOK])
        for account in on.book.accounts
    }
    exposures = aggregate(on.book, value(on.book, on.snapshot), on.snapshot)
    judge(on.limits, Seen(on.book, on.snapshot, exposures, reports, distances))


def best_ms(work: Callable[[], object], repeats: int) -> float:
    """Give the quickest of some repeats: what the machine can do when nothing disturbs it."""
    best = float("inf")
    for _ in range(repeats):
        begun = perf_counter()
        work()
        best = min(best, perf_counter() - begun)
    return best * 1e3


def measure(
    options_counts: Sequence[int], distance_counts: Sequence[int]
) -> list[dict[str, object]]:
    """Measure every size."""
    results: list[dict[str, object]] = []
    for size in options_counts:
        on = desk(size)
        seen = survey(on.book, on.snapshot, on.rulebooks, on.limits)
        assert all(state.rung != "unknown" for state in seen.limits), seen.limits
        took_ms = best_ms(partial(look, on, seen.distances), REPEATS_COUNT)
        results.append(row(f"recompute_{size}_positions_ms", took_ms, "without distance"))
        if size in distance_counts:
            whole = partial(survey, on.book, on.snapshot, on.rulebooks, on.limits)
            took_ms = best_ms(whole, 2)
            name = f"recompute_{size}_positions_with_distance_ms"
            results.append(row(name, took_ms, "a whole survey"))
    return results


def row(name: str, took_ms: float, note: str) -> dict[str, object]:
    """Give one result in the shape of all benchmarks."""
    return {
        "name": name,
        "value": round(took_ms, 3),
        "unit": "ms",
        "better": "lower",
        "bar": None,
        "note": f"distinct options in two accounts in portfolio margin, {note}; best of a few",
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    results = measure((1, 100, 1_000, 10_000), (100, 1_000))
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(f"{result['name']:<44} {result['value']:>12,} {result['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
